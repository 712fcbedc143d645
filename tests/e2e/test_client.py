#!/usr/bin/python3
"""CLIENT spans and http_client_* metrics: Python, Go, curl and Node as the observed process, selected by --exe."""
import subprocess
import sys

import harness
import services
from harness import check, check_between, check_equal

COUNT = 5
BODY = "abcdefghij" * 30
CALL_PY = services.PEERS / "http-python/call.py"
CALL_JS = services.PEERS / "http-node/call.js"


def curl(url, count, method, *body):
    data = ["--data-binary", body[0]] if body else []
    return ["curl", "-s", "-w", "%{http_code} %{size_download}\\n", "-X", method, *data,
            *(["-o", "/dev/null", url] * count)]


# Name, glob for --exe, command, service.name.
CLIENTS = [
    ("python urllib", "python3*", lambda *call: [services.PYTHON, CALL_PY, "urllib", *call], "call"),
    ("python http.client", "python3*", lambda *call: [services.PYTHON, CALL_PY, "client", *call], "call"),
    ("go", "http-go", lambda *call: [services.peer_build("http-go") / "http-go", "call", *call], "http-go"),
    ("curl", "curl", curl, "curl"),
    ("node fetch", "node*", lambda *call: [services.NODE, CALL_JS, *call], "call"),
]
# Method, path, query, body, status, size of the answer's body on the wire.
CALLS = [
    ("GET", "/hello", "kind=get", None, 200, 6),
    ("GET", "/status/404", "kind=missing", None, 404, 4),
    ("GET", "/status/500", "kind=error", None, 500, 4),
    ("POST", "/echo", "kind=post", BODY, 200, len(BODY)),
    ("GET", "/delay/100ms", "kind=slow", None, 200, 6),
    ("GET", "/chunked", "kind=chunked", None, 200, 44),
    ("GET", "/large", "kind=large", None, 200, 1 << 20),
]


def run_calls(command, port):
    for method, path, query, body, status, size in CALLS:
        url = f"http://localhost:{port}{path}?{query}"
        call = command(url, COUNT, method, *([body] if body else []))
        run = subprocess.run([str(part) for part in call], capture_output=True, text=True, timeout=30)
        check_equal(run.returncode, 0, f"exit code of {call} ({run.stderr})")
        answers = {int(line.split()[0]) for line in run.stdout.splitlines()}
        check_equal((answers, len(run.stdout.splitlines())), ({status}, COUNT), f"answers to {url}")


def check_calls(redstart, port, service_name):
    def ours(span):  # a glob for Python or curl matches others on this machine too
        return span["attributes"].get("server.port") == port

    for method, path, query, body, status, size in CALLS:
        where = harness.query_is(query, "client")
        for span in redstart.wait_spans(COUNT, lambda span: ours(span) and where(span), settle=0):
            a = span["attributes"]
            what = f"{method} {path}"
            expected = {"http.request.method": method, "url.path": path, "url.query": query, "url.scheme": "http",
                        "url.full": f"http://localhost:{port}{path}?{query}", "http.response.status_code": status,
                        "http.request.body.size": len(body or ""), "http.response.body.size": size,
                        "server.address": "localhost", "server.port": port, "network.peer.address": "127.0.0.1",
                        "network.protocol.version": "1.1", "error.type": str(status) if status >= 400 else None}
            check_equal({name: a.get(name) for name in expected}, expected, f"{what}: attributes")
            check_equal((span["service.name"], span["name"]), (service_name, method), f"{what}: service.name and name")
            check("queue_ns" not in span, f"{what}: a client span with queue_ns")
            check_between(span["duration_ns"] / 1e9, 0.1 if query == "kind=slow" else 0, 0.4, f"{what}: duration in s")
    redstart.wait_spans(COUNT * len(CALLS), ours)
    metrics = redstart.metrics()
    for method, status, calls in (("GET", 200, 4), ("POST", 200, 1), ("GET", 404, 1), ("GET", 500, 1)):
        harness.check_histogram(metrics, "http_client_request_duration_seconds", calls * COUNT, server_port=port,
                                server_address="localhost", http_request_method=method,
                                http_response_status_code=status, service_name=service_name)
    check_equal(metrics.sum("http_client_response_body_size_bytes_sum", server_port=port),
                COUNT * sum(call[5] for call in CALLS), "bytes read")
    check_equal(metrics.sum("http_client_request_body_size_bytes_sum", server_port=port), COUNT * len(BODY),
                "bytes sent")
    check_equal(metrics.sum("http_server_request_duration_seconds_count", server_port=port), 0,
                "server requests of a client")


def main():
    harness.require_privilege()
    cases = harness.Cases()
    # The server is of a language that no client here has, so that --exe selects the client alone.
    for name, glob, command, service_name in CLIENTS:
        with cases.case(name):
            with (services.rust() as service, harness.Redstart("--exe", glob) as redstart):
                run_calls(command, service.port)
                check_calls(redstart, service.port, service_name)
                redstart.check_nothing_lost()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
