#!/usr/bin/python3
"""Metrics and spans pushed to a real OpenTelemetry Collector, read back from its file, by value."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

import harness
import services
import wire
from harness import check, check_between, check_equal

SERVER, CLIENT, INTERNAL = 2, 3, 1
PUSH_TIMEOUT_S = 10
TRACES_CALL = "opentelemetry.proto.collector.trace.v1.TraceService/Export"
ENVIRONMENT = {"OTEL_METRIC_EXPORT_INTERVAL": "1000", "OTEL_BSP_SCHEDULE_DELAY": "200",
               "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=e2e,team=birds%20%26%20bees"}


def value(any_value):
    """Of an OTLP AnyValue in JSON; integers are text there."""
    [(kind, content)] = any_value.items()
    return int(content) if kind == "intValue" else content


def attributes(item):
    pairs = [(pair["key"], value(pair["value"])) for pair in item.get("attributes", [])]
    check_equal(len(dict(pairs)), len(pairs), "attributes, each once")
    return dict(pairs)


def accepted(collector):
    """(resource attributes, span) and (resource attributes, metric name, point) of all that arrived."""
    spans, points = [], []
    lines = collector.file.read_text().splitlines() if collector.file.exists() else []
    for request in map(json.loads, lines):
        for resource in request.get("resourceSpans", []):
            for scope in resource["scopeSpans"]:
                spans += [(attributes(resource["resource"]), span) for span in scope["spans"]]
        for resource in request.get("resourceMetrics", []):
            for scope in resource["scopeMetrics"]:
                for metric in scope["metrics"]:
                    data = metric.get("histogram") or metric.get("sum") or metric.get("gauge")
                    points += [(attributes(resource["resource"]), metric["name"], point)
                               for point in data.get("dataPoints", [])]
    return spans, points


def wait_accepted(collector, enough):
    end = time.monotonic() + PUSH_TIMEOUT_S
    while True:
        spans, points = accepted(collector)
        if enough(spans, points) or time.monotonic() > end:
            return spans, points
        time.sleep(0.2)


def drive(port):
    calls = [("GET", "/hello", None), ("POST", "/echo", b"abcdef"), ("GET", "/status/404", None),
             ("GET", "/status/500", None), ("GET", "/delay/200ms", None)]
    return [wire.request(port, *call) for call in calls]


def check_resource(resource):
    expected = {"service.name": "http-go", "process.executable.name": "http-go", "telemetry.sdk.name": "redstart",
                "deployment.environment.name": "e2e", "team": "birds & bees"}
    check_equal({name: resource.get(name) for name in expected}, expected, "resource")
    check(re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
                       resource["service.instance.id"]), f"service.instance.id {resource['service.instance.id']!r}")
    check(resource.get("host.name"), "no host.name")
    check("process.pid" not in resource, "process.pid is an attribute of the resource")


def check_spans(spans, exchanges, port):
    check_equal(len(spans), 3 * len(exchanges), "spans: one SERVER and two INTERNAL for each request")
    children = {}
    for resource, span in spans:
        check_resource(resource)
        if span["kind"] == INTERNAL:
            children.setdefault((span["traceId"], span["parentSpanId"]), {})[span["name"]] = span
    servers = {attributes(span)["url.query"]: span for _, span in spans if span["kind"] == SERVER}
    for exchange in exchanges:
        check(exchange.query in servers, f"no span of {exchange.path}?{exchange.query}")
        span = servers[exchange.query]
        seen = attributes(span)
        check(isinstance(seen.pop("process.pid", None), int), "process.pid is not a number")
        check_equal(seen, harness.expected_attributes(exchange, port, "127.0.0.1"), f"{exchange.path}: attributes")
        check_equal(span["name"], exchange.method, f"{exchange.path}: name")
        check_equal(span.get("parentSpanId", ""), "", f"{exchange.path}: parent")
        code = span.get("status", {}).get("code", 0)
        check_equal(code, 2 if exchange.status >= 500 else 0, f"{exchange.path}: status code of the span")
        check_children(span, children.get((span["traceId"], span["spanId"]), {}), exchange)


def check_children(span, children, exchange):
    check_equal(sorted(children), ["in queue", "processing"], f"{exchange.path}: children")
    queue, processing = children["in queue"], children["processing"]
    check_equal((queue["startTimeUnixNano"], queue["endTimeUnixNano"], processing["endTimeUnixNano"]),
                (span["startTimeUnixNano"], processing["startTimeUnixNano"], span["endTimeUnixNano"]),
                f"{exchange.path}: the children's times join and fill the span")
    length = int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])
    check_between(length / 1e9, 0.2 if exchange.path.startswith("/delay") else 0, exchange.elapsed + 0.002,
                  f"{exchange.path}: duration in s")


def check_points(points, exchanges, port):
    latest = {}  # cumulative: the last point of a series holds all
    for resource, name, point in points:
        if attributes(point).get("server.port") == port:
            check_resource(resource)
            latest[name, json.dumps(attributes(point), sort_keys=True)] = point
    for name in ("http.server.request.duration", "redstart.http.server.queue.duration",
                 "http.server.request.body.size", "http.server.response.body.size"):
        series = [point for (metric, _), point in latest.items() if metric == name]
        check_equal(sum(int(point["count"]) for point in series), len(exchanges), f"{name}: count")
        for point in series:
            check_equal(sum(map(int, point["bucketCounts"])), int(point["count"]), f"{name}: sum of the buckets")
            check_equal(len(point["bucketCounts"]), len(point["explicitBounds"]) + 1, f"{name}: number of buckets")
    for exchange in exchanges:
        expected = {"http.request.method": exchange.method, "http.response.status_code": exchange.status,
                    "url.scheme": "http", "server.port": port, "network.protocol.version": "1.1"}
        if exchange.status >= 500:
            expected["error.type"] = str(exchange.status)
        key = ("http.server.request.duration", json.dumps(expected, sort_keys=True))
        check(key in latest, f"no series {expected} in {[k for k in latest if k[0] == key[0]]}")
    sizes = [point.get("sum", 0) for (name, _), point in latest.items() if name == "http.server.request.body.size"]
    check_equal(sum(sizes), sum(exchange.request_size for exchange in exchanges), "http.server.request.body.size: sum")


def push(configure):
    """configure: from the collector, the arguments and the variables that make redstart push to it."""
    with services.otelcol() as collector, services.go() as service:
        arguments, environment = configure(collector)
        with harness.Redstart("--port", service.port, *arguments, env={**ENVIRONMENT, **environment}) as redstart:
            exchanges = drive(service.port)
            redstart.wait_spans(len(exchanges))
            wait_accepted(collector, lambda spans, points: len(spans) >= 3 * len(exchanges) and points)
            metrics = redstart.metrics()
            check(metrics.sum("redstart_export_sent_total", signal="traces") >= 1, "redstart_export_sent_total is 0")
            check_equal(metrics.sum("redstart_export_failed_total"), 0, "redstart_export_failed_total")
        spans, points = accepted(collector)  # with what the stop flushed
        check_spans(spans, exchanges, service.port)
        check_points(points, exchanges, service.port)


def late_collector():
    """The collector starts when the requests are over: nothing is lost, the retries are counted."""
    with services.go() as service:
        port = services.free_port()
        url = f"http://127.0.0.1:{port}"
        with harness.Redstart("--port", service.port, "--otlp", url, env=ENVIRONMENT) as redstart:
            exchanges = drive(service.port)
            redstart.wait_spans(len(exchanges))
            time.sleep(1)
            with services.otelcol(port) as collector:
                spans, _ = wait_accepted(collector, lambda spans, _: len(spans) >= 3 * len(exchanges))
                check_spans(spans, exchanges, service.port)
                retries = redstart.metrics().sum("redstart_export_retries_total")
                check(retries >= 1, "redstart_export_retries_total is 0")


def two_collectors():
    """One by HTTP, one by gRPC; the second is gone for a while. The first gets all at once, the second what was
    kept."""
    with contextlib.ExitStack() as stack:
        first, service = stack.enter_context(services.otelcol()), stack.enter_context(services.go())
        second = services.otelcol()
        stack.callback(lambda: second.stop())
        arguments = ["--otlp", http(first), "--otlp", grpc(second), "--otlp-protocol", "grpc"]
        redstart = stack.enter_context(harness.Redstart("--port", service.port, *arguments, env=ENVIRONMENT))
        exchanges = drive(service.port)
        for collector in (first, second):
            spans, _ = wait_accepted(collector, lambda spans, points: len(spans) >= 15 and points)
            check_spans(spans, exchanges, service.port)
        ports = second.port, second.grpc_port
        second.stop()
        begin = time.monotonic()
        exchanges += drive(service.port)
        spans, _ = wait_accepted(first, lambda spans, _: len(spans) >= 30)
        delay = time.monotonic() - begin
        check_spans(spans, exchanges, service.port)
        check_between(delay, 0, 3, "seconds until the first has all")
        time.sleep(2)  # rounds of metrics go on
        second = services.otelcol(*ports)
        spans, points = wait_accepted(second, lambda spans, points: len(spans) >= 15 and points)
        check_spans(spans, exchanges[5:], service.port)
        metrics = redstart.metrics()
        check_equal(metrics.sum("redstart_export_failed_total"), 0, "redstart_export_failed_total")
        check_equal(metrics.sum("redstart_spans_dropped_total"), 0, "redstart_spans_dropped_total")
        check_between(metrics.sum("redstart_export_retries_total", destination=f"{grpc(second)}/{TRACES_CALL}"), 1, 20,
                      "retries to the second")
        check_equal(metrics.sum("redstart_export_retries_total", destination=f"{http(first)}/v1/traces"), 0,
                    "retries to the first")
        wait_accepted(second, lambda _, points: counted(points, service.port) == len(exchanges))
        check_equal(counted(accepted(second)[1], service.port), len(exchanges), "requests that the second counts")
        check_equal(counted(accepted(first)[1], service.port), len(exchanges), "requests that the first counts")


def counted(points, port):
    """Requests in the last point of each series."""
    latest = {}
    for _, name, point in points:
        if name == "http.server.request.duration" and attributes(point).get("server.port") == port:
            latest[json.dumps(attributes(point), sort_keys=True)] = int(point["count"])
    return sum(latest.values())


def delta():
    """Points of each round add up to what was driven; our own counters as well."""
    variable = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"}
    with services.otelcol() as collector, services.go() as service:
        with harness.Redstart("--port", service.port, "--otlp", http(collector),
                              env={**ENVIRONMENT, **variable}) as redstart:
            for _ in range(3):
                drive(service.port)
                time.sleep(1.2)
            redstart.wait_spans(15)
        _, points = accepted(collector)
        requests = [int(point["count"]) for _, name, point in points if name == "http.server.request.duration"]
        check_equal(sum(requests), 15, "requests, over all deltas")
        check(len(requests) > 5, "all came in one round")
        own = {}
        for _, name, point in points:
            if name == "redstart.spans":
                own.setdefault(attributes(point)["kind"], []).append(point)
        check_equal(sum(int(point["asInt"]) for point in own["server"]), 15, "redstart.spans, over all deltas")
        ends = [(int(point["startTimeUnixNano"]), int(point["timeUnixNano"])) for point in own["server"]]
        check(all(now[0] == last[1] for last, now in zip(ends, ends[1:])), f"deltas that do not join: {ends}")
        shown = {name for resource, name, _ in points if resource["service.name"] == "redstart"}
        for name in ("redstart.ring.high_water", "redstart.drain.delay", "redstart.export.queue.length",
                     "redstart.export.last_success.timestamp", "redstart.process.cpu",
                     "redstart.process.resident_memory"):
            check(name in shown, f"{name} is not pushed, but {sorted(shown)}")


def silent_end():
    """An endpoint that takes everything and says nothing: the end waits for it, 5 s and no longer."""
    with socket.create_server(("127.0.0.1", 0)) as endpoint, services.go() as service:
        url = f"http://127.0.0.1:{endpoint.getsockname()[1]}"
        redstart = harness.Redstart("--port", service.port, "--otlp", url, env=ENVIRONMENT)
        try:
            exchanges = drive(service.port)
            redstart.wait_spans(len(exchanges))
        finally:
            code = redstart.stop(signal.SIGTERM)
        check_equal(code, 0, f"exit code ({redstart.log_text()})")
        check_between(redstart.stop_s, 3, 6.5, "seconds from SIGTERM to the end")


def bad_certificates():
    """A file that cannot be used ends the start if the configuration names it; a variable's is warned about."""
    with tempfile.TemporaryDirectory(prefix="redstart-tls-") as folder:
        os.chmod(folder, 0o755)
        config, junk = pathlib.Path(folder, "redstart.yaml"), pathlib.Path(folder, "junk.pem")
        junk.write_text("no PEM\n")
        for file, said in ((f"{folder}/none.pem", "No such file"), (junk, "expected a PEM file with certificates")):
            config.write_text(f"otlp:\n  - {{endpoint: 'https://127.0.0.1:1', certificate: {file}}}\n")
            done = subprocess.run([harness.BIN / "redstart", "run", "--config", config], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=20)
            check_equal(done.returncode, 2, f"exit code ({done.stderr})")
            check(f"redstart.yaml:2:5: certificate {file}: {said}" in done.stderr, f"no word of {file}: {done.stderr}")
            environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://127.0.0.1:1",
                           "OTEL_EXPORTER_OTLP_CERTIFICATE": str(file)}
            with harness.Redstart(env=environment) as redstart:
                check(any(f"OTEL_EXPORTER_OTLP_CERTIFICATE={file}: {said}" in line for line in redstart.log),
                      f"no warning: {redstart.log_text()}")


def http(collector):
    return f"http://127.0.0.1:{collector.port}"


def grpc(collector):
    return f"http://127.0.0.1:{collector.grpc_port}"


def by_grpc(collector):
    """Everything of it by variables: the target as gRPC writes it, compressed."""
    return [], {"OTEL_EXPORTER_OTLP_ENDPOINT": f"127.0.0.1:{collector.grpc_port}",
                "OTEL_EXPORTER_OTLP_INSECURE": "true", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}


def over_tls(protocol):
    """With our own authority and certificate, all of it read by the collector inside its sandbox."""
    with tempfile.TemporaryDirectory(prefix="redstart-tls-") as folder, services.go() as service:
        os.chmod(folder, 0o755)
        server = harness.ROOT / "tests/peers/otlp-faulty/server.py"
        command = ["/usr/bin/python3", server, folder, f"{protocol}+mutual ok"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as endpoint:
            port = int(endpoint.stdout.readline())
            for file in pathlib.Path(folder).iterdir():
                file.chmod(0o644)
            environment = {**ENVIRONMENT, "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://127.0.0.1:{port}",
                           "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc" if protocol == "grpc" else "http/protobuf",
                           "OTEL_EXPORTER_OTLP_CERTIFICATE": f"{folder}/ca.pem",
                           "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": f"{folder}/client.pem",
                           "OTEL_EXPORTER_OTLP_CLIENT_KEY": f"{folder}/client.key"}
            with harness.Redstart("--port", service.port, env=environment) as redstart:
                exchanges = drive(service.port)
                redstart.wait_spans(len(exchanges))
                end = time.monotonic() + PUSH_TIMEOUT_S
                sent = 0
                while sent < 3 * len(exchanges) and time.monotonic() < end:
                    time.sleep(0.2)
                    sent = redstart.metrics().sum("redstart_export_sent_total", signal="traces")
                check_equal(sent, 3 * len(exchanges), "spans sent")
                check_equal(redstart.metrics().sum("redstart_export_retries_total"), 0, "retries")
            endpoint.stdin.close()


CASES = [
    ("--otlp", lambda: push(lambda collector: (["--otlp", http(collector)], {}))),
    ("endpoint by the environment",
     lambda: push(lambda collector: ([], {"OTEL_EXPORTER_OTLP_ENDPOINT": http(collector)}))),
    ("--otlp-protocol grpc",
     lambda: push(lambda collector: (["--otlp", grpc(collector), "--otlp-protocol", "grpc"], {}))),
    ("gRPC by the environment", lambda: push(by_grpc)),
    ("collector comes later", late_collector),
    ("two collectors, one killed and restarted", two_collectors),
    ("delta temporality", delta),
    ("certificates that are none", bad_certificates),
    ("a silent endpoint at the end", silent_end),
    ("TLS, both certificates", lambda: over_tls("http")),
    ("gRPC over TLS, both certificates", lambda: over_tls("grpc")),
]


def main():
    harness.require_privilege()
    services.peer_build("otelcol", "otelcol")
    cases = harness.Cases()
    for name, case in CASES:
        if not sys.argv[1:] or name in sys.argv[1:]:
            with cases.case(name):
                case()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
