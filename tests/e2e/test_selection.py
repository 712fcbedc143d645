#!/usr/bin/python3
"""What is observed and what is not: ports, executables, processes and their children, excludes, everything; and
connections that are older than redstart."""
import contextlib
import os
import signal
import subprocess
import sys
import time

import harness
import services
import wire
from harness import check
from wire_peer import WirePeer


def ask(port, times=1, target="/hello"):
    return [wire.request(port, "GET", target) for _ in range(times)]


def check_seen(redstart, exchanges):
    for exchange in exchanges:
        redstart.wait_spans(1, harness.query_is(exchange.query), settle=0)


def check_unseen(redstart, exchanges):
    time.sleep(1)
    queries = {exchange.query for exchange in exchanges}
    seen = [span for span in redstart.spans if span["attributes"].get("url.query") in queries]
    check(not seen, f"{len(seen)} of {len(exchanges)} requests were wrongly shown{harness.brief(seen, seen)}")


def case_port():
    """Other ports of the same process stay unseen."""
    with WirePeer() as peer, harness.Redstart("--port", peer.ports["plain"]) as redstart:
        other = ask(peer.ports["read recv"], 3)
        check_seen(redstart, ask(peer.ports["plain"], 3))
        check_unseen(redstart, other)
        redstart.wait_spans(3)


def case_older_listener():
    """Who listened before redstart started is known at once, also on the MPTCP listener that Go makes."""
    for start in (services.go, services.nginx):
        with start() as service, harness.Redstart("--port", service.port) as redstart:
            check(any(f"observing port={service.port} pid=" in line for line in redstart.log), redstart.log)
            check(not any("waiting for one that does" in line for line in redstart.log), redstart.log)
            check_seen(redstart, ask(service.port, 3))
            check(redstart.metrics().sum("redstart_observed_processes") >= 1, "no process is observed")


def case_port_range():
    with services.go() as one, services.node() as two, services.rust() as three:
        low, high = sorted((one.port, two.port))
        if low <= three.port <= high:
            low, high, three = three.port, high, one if one.port == low else two
        with harness.Redstart("--port", f"{low}-{high},1") as redstart:
            check_seen(redstart, ask(low) + ask(high))
            check_unseen(redstart, ask(three.port))


def case_port_later():
    """The port is selected before anyone listens on it; its first request is seen."""
    port = services.free_port()
    with harness.Redstart("--port", port) as redstart, services.go(port=port):
        check_seen(redstart, ask(port, 5))
        redstart.wait_spans(5)


def case_exe_later():
    """A process that starts later is seen from its first request."""
    for glob in ("http-rust", "http-r*", str(services.peer_build("http-rust") / "http-rust")):
        with harness.Redstart("--exe", glob) as redstart, services.rust() as service, services.go() as other:
            exchanges = ask(service.port, 3)
            ask(other.port)
            check_seen(redstart, exchanges)
            redstart.wait_spans(3)


def case_pid_and_children():
    """Workers that exist, and a child that is started later and executes something else."""
    with WirePeer() as peer, services.go() as other, harness.Redstart("--pid", peer.pid) as redstart:
        unseen = ask(other.port)
        check_seen(redstart, ask(peer.ports["plain"], 2) + ask(peer.ports["forked"], 6))
        check_unseen(redstart, unseen)
    port = services.free_port()
    parent = subprocess.Popen([services.PYTHON, services.PEERS / "http-python/child.py",
                               services.peer_build("http-go") / "http-go", "serve", "gin", f"127.0.0.1:{port}"],
                              stdin=subprocess.PIPE, start_new_session=True)
    try:
        with harness.Redstart("--pid", parent.pid) as redstart:
            parent.stdin.write(b"go\n")
            parent.stdin.close()
            end = time.monotonic() + services.START_TIMEOUT_S
            while not services.is_listening(port):
                check(time.monotonic() < end, f"the child does not listen on port {port}")
                time.sleep(0.02)
            check_seen(redstart, ask(port, 3))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGTERM)
        parent.wait()


def case_excludes():
    with services.go() as one, services.node() as two, services.rust() as three:
        for arguments, unseen in ((["--exclude-port", two.port], two), (["--exclude-exe", "http-rust"], three),
                                  (["--exclude-pid", one.pid], one),
                                  (["--port", f"{one.port},{two.port},{three.port}", "--exclude-exe", "http-go"], one)):
            with harness.Redstart(*arguments) as redstart:
                not_shown = ask(unseen.port, 2)
                check_seen(redstart, [e for s in (one, two, three) if s is not unseen for e in ask(s.port)])
                check_unseen_servers(redstart, not_shown)


def check_unseen_servers(redstart, exchanges):
    """With everything observed this test's own requests are shown, as CLIENT spans; no server may be."""
    time.sleep(1)
    queries = {exchange.query for exchange in exchanges}
    seen = [s for s in redstart.spans if s["kind"] == "server" and s["attributes"].get("url.query") in queries]
    check(not seen, f"an excluded server was shown{harness.brief(seen, seen)}")


def case_everything():
    """No selector: every process but redstart's own."""
    with services.go() as one, services.python_asyncio() as two, harness.Redstart() as redstart:
        exchanges = ask(one.port, 2) + ask(two.port, 2)
        check_seen(redstart, exchanges)
        for exchange in exchanges:  # this test is a process, too: its side of the same exchange
            redstart.wait_spans(1, harness.query_is(exchange.query, "client"), settle=0)
        for _ in range(3):
            redstart.metrics()
        time.sleep(1)
        own = set(redstart.pids())
        seen = [span for span in redstart.spans if span["attributes"].get("process.pid") in own]
        check(not seen, f"redstart observes itself{harness.brief(seen, seen)}")


def case_older_connections():
    """Opened before redstart: seen from the next request on, whether or not there were requests before."""
    for arguments in (lambda service: ["--port", service.port], lambda service: [],
                      lambda service: ["--pid", service.pid]):
        with services.go() as service, wire.Connection(service.port) as used, wire.Connection(service.port) as fresh:
            before = [used.exchange("GET", "/hello") for _ in range(3)]
            with harness.Redstart(*arguments(service)) as redstart:
                exchanges = [c.exchange("GET", "/hello") for c in (used, fresh, used, fresh)]
                for exchange in exchanges:
                    [span] = redstart.wait_spans(1, harness.query_is(exchange.query), settle=0)
                    harness.check_span(span, exchange, service.port, service="http-go", pids=service.pids())
                check_unseen(redstart, before)


def case_two_pairs():
    """A second `run` works beside the first, and does not end with it."""
    with services.go() as one, services.rust() as two, harness.Redstart("--port", two.port) as second:
        with harness.Redstart("--port", one.port) as first:
            seen_by_first, seen_by_second = ask(one.port, 3), ask(two.port, 3)
            check_seen(first, seen_by_first)
            check_seen(second, seen_by_second)
            first.wait_spans(3)
        check_seen(second, ask(two.port, 3))
        second.wait_spans(6)


CASES = [case_port, case_older_listener, case_port_range, case_port_later, case_exe_later, case_pid_and_children,
         case_excludes,
         case_everything, case_older_connections, case_two_pairs]


if __name__ == "__main__":
    sys.exit(harness.run_named(CASES, sys.argv[1:]))
