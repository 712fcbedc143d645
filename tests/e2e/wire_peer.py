"""The wire peer and redstart together: what test_http1_transfer.py and test_http1_answers.py share.

The peer (tests/peers/wire) has a port for every way to read or write; its answers go by the path.
"""
import json
import os
import signal
import subprocess
import tempfile

import harness
import services

BODY = b"0123456789abcdef" * 40


class WirePeer:
    """The wire server; ports[mode]."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="redstart-wire-")
        command = [*services.DIE_WITH_TEST, services.PYTHON, services.PEERS / "wire/server.py", self.folder.name]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
        self.pid = self.process.pid
        self.ports = json.loads(self.process.stdout.readline())
        self.tcp_ports = [port for port in self.ports.values() if isinstance(port, int)]

    def pids(self):
        return services.Service.pids(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.pid, signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()


class Bench:
    """The peer and redstart together, and how to compare what one exchange, or several, should have shown."""

    def __init__(self, peer, redstart):
        self.peer, self.redstart = peer, redstart

    def port(self, mode):
        return self.peer.ports[mode]

    def compare(self, mode, *exchanges, address="127.0.0.1", without=(), timeout=harness.SPAN_TIMEOUT_S):
        """One span for each exchange, none besides with the same query. Returns the spans."""
        spans = []
        for exchange in exchanges:
            [span] = self.redstart.wait_spans(1, harness.query_is(exchange.query), timeout,
                                              settle=harness.SETTLE_S if exchange is exchanges[-1] else 0)
            harness.check_span(span, exchange, self.port(mode), address, service="server", without=without)
            spans.append(span)
        return spans

    def count(self, mode, number):
        """All spans so far of the mode's port."""
        return self.redstart.wait_spans(number, harness.server_port_is(self.port(mode)))

    def spans_of(self, mode):
        return sum(map(harness.server_port_is(self.port(mode)), self.redstart.spans))


def run(table, wanted):
    """The cases of a table of (name, function, more arguments), with one redstart on all TCP ports of the peer."""
    harness.require_privilege()
    cases = harness.Cases()
    with WirePeer() as peer, harness.Redstart("--port", ",".join(map(str, peer.tcp_ports))) as redstart:
        bench = Bench(peer, redstart)
        for name, function, *arguments in table:
            if not wanted or name in wanted:
                with cases.case(name):
                    function(bench, *arguments)
        with cases.case("nothing lost"):
            redstart.check_nothing_lost()
    return cases.finish()


def case_table(functions):
    return [(function.__name__[5:].replace("_", " "), function) for function in functions]
