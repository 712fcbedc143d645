#!/usr/bin/python3
"""A fixed list of requests to a server of every language: spans and metrics equal what the client did, by value."""
import collections
import re
import sys

import harness
import services
import wire
from harness import check, check_between, check_equal

SERIES = 20
DELAY_S = 0.2
BODY = b"a=1&b=2;" * 125

# Name, how to start it, service.name, telemetry.sdk.language, pattern of process.runtime.version ("": there is none).
PEERS = [
    ("go net/http", services.go, "http-go", "go", r"go1\.\d+(\.\d+)?"),
    ("go gin", lambda: services.go("gin"), "http-go", "go", r"go1\.\d+(\.\d+)?"),
    ("go gorilla/mux", lambda: services.go("mux"), "http-go", "go", r"go1\.\d+(\.\d+)?"),
    ("node", services.node, "server", "nodejs", ""),
    ("python threaded", services.python_threaded, "threaded", "python", ""),
    ("python asyncio", services.python_asyncio, "streams", "python", ""),
    ("ruby", services.ruby, "server", "ruby", r"\d+\.\d+"),
    ("java", services.java, "Server", "java", ""),
    ("rust", services.rust, "http-rust", "rust", r"1\.\d+\.\d+"),
    ("nginx", services.nginx, "nginx", "c", ""),
]

# Method, target, request body, status, response body (None: not compared).
REQUESTS = [
    ("GET", "/hello", None, 200, b"hello\n"),
    ("GET", "/status/404", None, 404, b"404\n"),
    ("GET", "/status/500", None, 500, b"500\n"),
    ("POST", "/echo", BODY, 200, BODY),
    ("POST", "/post", b"abcdef", 200, b""),
    ("HEAD", "/hello", None, 200, b""),
    ("GET", "/hello?a=b&c=d%20e", None, 200, b"hello\n"),
    ("GET", "/delay/200ms", None, 200, b"hello\n"),
    ("GET", "/chunked", None, 200, b"chunk-0\nchunk-1\nchunk-2\n"),
    ("GET", "/large", None, 200, b"x" * (1 << 20)),
]
PROXIED = ("/echo", "/delay/200ms", "/chunked")  # by nginx, to a Python peer


def drive(port):
    """The list, each on a connection of its own; then the series. Compares what the server answered, too."""
    done = []
    for method, target, body, status, answer in REQUESTS:
        exchange = wire.request(port, method, target, body)
        check_equal((exchange.status, exchange.body), (status, answer), f"the peer's own answer to {method} {target}")
        done.append(exchange)
    with wire.Connection(port) as connection:
        done += [connection.exchange("GET", "/hello") for _ in range(SERIES)]
    done += [wire.request(port, "GET", "/hello") for _ in range(SERIES)]
    return done


def check_metrics(redstart, service, exchanges, service_name):
    metrics = redstart.metrics()
    counts = collections.Counter((e.method, e.status) for e in exchanges)
    for (method, status), count in counts.items():
        labels = {"http_request_method": method, "http_response_status_code": status, "server_port": service.port,
                  "service_name": service_name, "url_scheme": "http", "network_protocol_version": "1.1"}
        if status >= 500:
            labels["error_type"] = status
        for name in ("http_server_request_duration_seconds", "redstart_http_server_queue_duration_seconds",
                     "http_server_request_body_size_bytes", "http_server_response_body_size_bytes"):
            harness.check_histogram(metrics, name, count, **labels)
    for name, attribute in (("http_server_request_body_size_bytes", "request_size"),
                            ("http_server_response_body_size_bytes", "response_size")):
        check_equal(metrics.sum(name + "_sum"), sum(getattr(e, attribute) for e in exchanges), name + "_sum")
    check_equal(metrics.sum("http_server_request_duration_seconds_count"), len(exchanges), "requests in all series")
    felt = sum(e.elapsed for e in exchanges)
    check_between(metrics.sum("http_server_request_duration_seconds_sum"), DELAY_S, felt, "duration_sum in s")


def check_upstream(redstart, service):
    """nginx calls out: its CLIENT spans."""
    spans = redstart.wait_spans(len(PROXIED), lambda span: span["kind"] == "client")
    for span, path in zip(spans, PROXIED):
        attributes = span["attributes"]
        check_equal((attributes["url.path"], attributes["http.response.status_code"], attributes["server.port"],
                     attributes["network.peer.address"], span["service.name"]),
                    (path, 200, service.upstream.port, "127.0.0.1", "nginx"), "client span")
    harness.check_histogram(redstart.metrics(), "http_client_request_duration_seconds", len(PROXIED),
                            server_port=service.upstream.port)


def check_target(redstart, service_name, language, version):
    """What the executable is, as the resolver found it out of the file."""
    targets = redstart.metrics().select("target_info", service_name=service_name)
    check(targets, f"no target_info of {service_name}")
    for labels, _ in targets:
        check_equal(labels.get("telemetry_sdk_language"), language, "telemetry_sdk_language")
        seen = labels.get("process_runtime_version", "")
        check(re.fullmatch(version, seen), f"process_runtime_version: expected {version!r}, saw {seen!r}")


def check_peer(start, service_name, language, version):
    with start() as service, harness.Redstart("--port", service.port) as redstart:
        exchanges = drive(service.port)
        spans = redstart.wait_spans(len(exchanges), harness.server_port_is(service.port))
        by_query = {span["attributes"].get("url.query"): span for span in spans}
        for exchange in exchanges:
            check(exchange.query in by_query, f"no span of {exchange.method} {exchange.path}?{exchange.query}")
            harness.check_span(by_query[exchange.query], exchange, service.port, service=service_name,
                               pids=service.pids())
        slow = next(e for e in exchanges if e.path == "/delay/200ms")
        check_between(by_query[slow.query]["processing_ns"] / 1e9, DELAY_S - 0.002, DELAY_S + 0.05, "processing in s")
        check_metrics(redstart, service, exchanges, service_name)
        check_target(redstart, service_name, language, version)
        if service_name == "nginx":
            check_upstream(redstart, service)
        redstart.check_nothing_lost()


def main():
    harness.require_privilege()
    cases = harness.Cases()
    wanted = sys.argv[1:]
    for name, *peer in PEERS:
        if not wanted or name in wanted:
            with cases.case(name):
                check_peer(*peer)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
