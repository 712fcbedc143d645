#!/usr/bin/python3
"""Nothing feeds itself: no span or series of what redstart pushes or of who reads its metrics, at either end; and
services that send telemetry of their own, reported and muted by signal, counted exactly."""
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import harness
import prometheus_server
import services
import wire
from harness import check, check_equal
from pair import wait_for

PERIODS = {"OTEL_METRIC_EXPORT_INTERVAL": "500", "OTEL_BSP_SCHEDULE_DELAY": "200"}
DURATION = "http_server_request_duration_seconds_count"
WATCHED_S = 6
OWN_PATHS = re.compile(r"/metrics|/healthz|/readyz|/v1/(traces|metrics|logs)")
UNIX_RECEIVER = """
import os, socketserver, sys
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            length, line = 0, self.rfile.readline()
            while line.strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
                line = self.rfile.readline()
            if not line:
                return
            self.rfile.read(length)
            self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
            print("taken", flush=True)
server = socketserver.ThreadingUnixStreamServer(sys.argv[1], Handler)
os.chmod(sys.argv[1], 0o666)
print("ready", flush=True)
server.serve_forever()
"""


def own_spans(redstart, ports):
    """At either end of what goes to these ports (None: a Unix socket); others' tests may push elsewhere on this
    host."""
    return [span for span in redstart.spans if OWN_PATHS.fullmatch(span["attributes"].get("url.path", ""))
            and span["attributes"].get("network.local.port" if span["kind"] == "server" else "network.peer.port",
                                       span["attributes"].get("server.port")) in ports]


def case_real_peers():
    """Everything is observed, a real Prometheus scrapes each second, a real Collector is pushed to; both are observed,
    too."""
    with services.otelcol() as collector, services.go() as service, \
            harness.Redstart("--otlp", f"http://127.0.0.1:{collector.port}", env=PERIODS) as redstart, \
            prometheus_server.start(redstart.port) as prometheus:
        for _ in range(3):
            wire.request(service.port, "GET", "/hello")
        end = time.monotonic() + WATCHED_S
        while time.monotonic() < end:
            redstart.metrics()  # this test reads them as well: another connection each time
            time.sleep(0.2)
        push = wire.request(collector.port, "POST", "/v1/traces", b"", ["Content-Type: application/x-protobuf"])
        redstart.wait_spans(2, lambda span: span["attributes"].get("url.query") == push.query)
        metrics = redstart.metrics()
        dropped = metrics.sum("redstart_spans_dropped_total", cause="own_traffic")
        sent = metrics.sum("redstart_export_sent_total")
        strangers = [span for span in own_spans(redstart, (redstart.port, collector.port))
                     if "id=" not in span["attributes"].get("url.query", "")]
        check(not strangers,
              f"{len(strangers)} spans of redstart's own traffic{harness.brief(strangers, redstart.spans)}")
        check(dropped > 2 * WATCHED_S and sent > 0, f"{dropped} spans were recognized, {sent} items pushed")
        print(f"       {dropped:.0f} spans of redstart's own traffic left out", flush=True)
        # Another's push to the same Collector, and another's read of the service, are shown, at both ends.
        pushed = own_spans(redstart, (collector.port,))
        check_equal(sorted(span["kind"] for span in pushed), ["client", "server"], "spans of this test's own push")
        check_equal(metrics.sum(DURATION, server_port=collector.port), 1, "requests of the Collector's series")
        check_equal(metrics.sum(DURATION, server_port=redstart.port), 0, "requests of our own port's series")
        calls = metrics.sum("http_client_request_duration_seconds_count", server_port=redstart.port)
        check_equal(calls, 0, "calls to our own port in a series")
        wait_for(lambda: b"redstart_spans_total" in ask_prometheus(prometheus.port), "Prometheus to have scraped")


def ask_prometheus(port):
    import urllib.request
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query=redstart_spans_total",
                                timeout=5) as answer:
        return answer.read()


def case_unix_socket():
    """Pushed over a Unix socket: the receiver's side of it is not shown."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = pathlib.Path(folder, "otlp.sock")
        receiver = subprocess.Popen([*services.DIE_WITH_TEST, services.PYTHON, "-c", UNIX_RECEIVER, path],
                                    stdout=subprocess.PIPE)
        try:
            check_equal(receiver.stdout.readline(), b"ready\n", "the receiver")
            with services.go() as service, harness.Redstart("--otlp", f"unix://{path}", env=PERIODS) as redstart:
                wire.request(service.port, "GET", "/hello")
                for _ in range(6):
                    check_equal(receiver.stdout.readline(), b"taken\n", "what the receiver took")
                with contextlib.closing(wire.Connection(None, str(path))) as other:  # another's is shown
                    other.exchange("POST", "/v1/logs", b"x")
                redstart.wait_spans(1,
                                    lambda s: s["kind"] == "server" and s["attributes"].get("url.path") == "/v1/logs")
                seen = [s for s in redstart.spans if s["attributes"].get("network.local.address") == str(path)
                        and s["attributes"]["url.path"] != "/v1/logs"]
                check(not seen, f"spans of our own push{harness.brief(seen, seen)}")
        finally:
            receiver.terminate()
            receiver.wait()
            receiver.stdout.close()


def instrumented(collector):
    port = services.free_port()
    return services.Service([services.PYTHON, services.PEERS / "http-python/instrumented.py", port,
                             f"http://127.0.0.1:{collector.port}"], port)


def served(redstart, service):
    return [span for span in redstart.spans if harness.server_port_is(service.port)(span)]


def case_self_instrumented():
    """Reported once. By default everything stays; muted, each signal goes with the service's own, and is counted."""
    cases = (([], 13, 13, 0, 0), (["--self-instrumented-traces", "mute"], 5, 13, 10, 0),
             (["--self-instrumented-traces=mute", "--self-instrumented-metrics=mute"], 5, 6, 10, 8))
    with services.otelcol() as collector:
        for arguments, spans, counted, muted_traces, muted_metrics in cases:
            with instrumented(collector) as service, \
                    harness.Redstart("--port", service.port, *arguments) as redstart:
                for path in ("/hello",) * 5 + ("/push/traces", "/push/metrics") + ("/hello",) * 6:
                    wire.request(service.port, "GET", path)
                wait_for(lambda: redstart.metrics().sum("redstart_self_instrumented_services") == 1,
                         "the service to be known as one that sends its own")
                redstart.wait_spans(spans, harness.server_port_is(service.port))
                metrics = redstart.metrics()
                check_equal([metrics.sum(DURATION, server_port=service.port),
                             metrics.sum("redstart_muted_total", signal="traces"),
                             metrics.sum("redstart_muted_total", signal="metrics")],
                            [counted, muted_traces, muted_metrics],
                            f"{arguments}: counted, muted traces, muted metrics")
                said = [line for line in redstart.log if "sends telemetry of its own" in line]
                check(len(said) == 1 and "service=instrumented" in said[0], f"log lines: {said}")


CASES = [case_real_peers, case_unix_socket, case_self_instrumented]


if __name__ == "__main__":
    sys.exit(harness.run_named(CASES, sys.argv[1:]))
