#!/usr/bin/python3
"""/metrics as its readers see it: a real Prometheus in each format, promtool, another OpenMetrics parser; many readers
and slow ones; and strangers who try to fill memory."""
import concurrent.futures
import contextlib
import gzip
import http.client
import http.server
import json
import re
import socket
import subprocess
import sys
import time

import harness
import prometheus_server
import services
import wire
from harness import check, check_between, check_equal
from prometheus_server import Asking, ask, check_target, value_of, wait_value

DURATION = "http_server_request_duration_seconds"
LOAD = {("GET", "/hello", 200): 40, ("POST", "/echo", 200): 12, ("GET", "/status/404", 404): 7,
        ("GET", "/status/503", 503): 5, ("GET", "/delay/60ms", 200): 6}
ACCEPTS = {
    "text": "text/plain;version=0.0.4",
    "openmetrics": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
    "protobuf": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
}
CONTENT_TYPES = {"text": "text/plain; version=0.0.4", "openmetrics": "application/openmetrics-text; version=1.0.0",
                 "protobuf": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily"}


def drive(port, counts=LOAD):
    for (method, path, _), count in counts.items():
        for _ in range(count):
            wire.request(port, method, path, b"abcdef" if method == "POST" else None)


def scraped(name):
    """PromQL's answers equal the load."""
    native = name == "protobuf"
    count = f"histogram_count({DURATION})" if native else f"{DURATION}_count"
    total = f"histogram_sum({DURATION})" if native else f"{DURATION}_sum"
    sizes = "http_server_request_body_size_bytes"
    size_sum = f"histogram_sum({sizes})" if native else f"{sizes}_sum"
    with services.go() as service, harness.Redstart("--port", service.port) as redstart:
        drive(service.port, {("GET", "/hello", 200): 3})  # before the first scrape
        redstart.wait_spans(3)
        with Asking(redstart.port, ACCEPTS[name]) as asking, prometheus_server.start(asking.port, native) as server:
            wait_value(server, f"sum({count})", 3, "before")
            drive(service.port)
            wait_value(server, f"sum({count})", 3 + sum(LOAD.values()), name)
            for status in (200, 404, 503):
                expected = sum(n for (_, _, code), n in LOAD.items() if code == status) + (3 if status == 200 else 0)
                wait_value(server, f"sum({with_label(count, status)})", expected, f"{name}, status {status}")
            wait_value(server, f"sum({size_sum})", 6 * LOAD["POST", "/echo", 200], f"{name}, body sizes")
            check_between(value_of(server, f"sum({total})"), 6 * 0.06, 6 * 0.06 + 1, f"{name}: seconds in all")
            quantile = f"histogram_quantile(0.99, sum({DURATION}))" if native else \
                f"histogram_quantile(0.99, sum by (le) ({DURATION}_bucket))"
            check_between(value_of(server, quantile), 0.05, 0.1, f"{name}: the 99th percentile")
            wait_value(server, "count(target_info)", 1, name)
            wait_value(server, "count(redstart_build_info)", 1, name)
            check_target(server)
            if name != "text":
                check_exemplars(server, redstart)
            for status, content_type, encoding in asking.answers:
                check_equal((status, encoding, content_type[:len(CONTENT_TYPES[name])]),
                            (200, "gzip", CONTENT_TYPES[name]), "an answer to Prometheus")


def a_family_in_several_messages():
    """More series than one piece of a protobuf page holds: Prometheus puts the pieces together."""
    statuses = range(200, 500)
    with services.go() as service, harness.Redstart("--port", service.port) as redstart:
        drive(service.port, {("GET", f"/status/{status}", status): 1 for status in statuses})
        redstart.wait_spans(len(statuses))
        _, body = page(redstart.port, ACCEPTS["protobuf"])
        check_between(body.count(DURATION.encode()), 2, 100, "messages of the family")
        with Asking(redstart.port, ACCEPTS["protobuf"]) as asking, prometheus_server.start(asking.port, True) as server:
            wait_value(server, f"count({DURATION})", len(statuses), "series")
            check_equal(value_of(server, f"sum(histogram_count({DURATION}))"), len(statuses), "requests")
            check_target(server)


def with_label(expression, status):
    return re.sub(rf"({DURATION}(?:_count)?)", rf'\1{{http_response_status_code="{status}"}}', expression)


def check_exemplars(server, redstart):
    """Each points at a span that was shown."""
    found = ask(server, "query_exemplars", query=DURATION + "_bucket",
                start=time.time() - 60, end=time.time() + 1)
    if not found:  # of a native histogram they hang on its own name
        found = ask(server, "query_exemplars", query=DURATION, start=time.time() - 60, end=time.time() + 1)
    exemplars = [exemplar for series in found for exemplar in series["exemplars"]]
    check(exemplars, "no exemplars in Prometheus")
    spans = {(span["trace_id"], span["span_id"]): span for span in redstart.spans}
    for exemplar in exemplars:
        key = exemplar["labels"]["trace_id"], exemplar["labels"]["span_id"]
        check(key in spans, f"an exemplar of no span: {exemplar}")
        check_between(abs(float(exemplar["value"]) - spans[key]["duration_ns"] / 1e9), 0, 1e-9, "an exemplar's value")


def page(port, accept="", encoding="", path="/metrics", method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={name: value for name, value in
                                                  (("Accept", accept), ("Accept-Encoding", encoding)) if value})
        answer = connection.getresponse()
        body = answer.read()
        return answer, gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body
    finally:
        connection.close()


ODD_HOSTS = ['a"b', "back\\slash", "caf\u00e9.example", "tab\tin", "{le=\"1\"}", "# EOF", "x" * 200]


def promtool_and_another_parser():
    """Odd label values included: each reads the same numbers."""
    with services.python_threaded() as service, harness.Redstart("--pid", client_of(service.port)) as redstart:
        run_client(service.port)
        deadline = time.monotonic() + 5
        name = "http_client_request_duration_seconds_count"
        while redstart.metrics().sum(name) < len(ODD_HOSTS) and time.monotonic() < deadline:
            time.sleep(0.2)
        check_equal(redstart.metrics().sum(name), len(ODD_HOSTS), "client requests counted")
        _, text = page(redstart.port)
        result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=20)
        check_equal((result.returncode, result.stderr + result.stdout), (0, b""), "promtool check metrics")
        _, openmetrics = page(redstart.port, ACCEPTS["openmetrics"], "gzip")
        check(openmetrics.endswith(b"\n# EOF\n"), f"the page ends in {openmetrics[-40:]!r}")
        check_parsed(openmetrics.decode(), harness.Metrics(text.decode()), name)


CLIENT = None


def client_of(port):
    """A process that waits for a line before it calls, so that it can be selected by pid."""
    global CLIENT
    code = ("import socket, sys\nport = int(sys.argv[1])\nfor line in sys.stdin:\n"
            "    peer = socket.create_connection(('127.0.0.1', port))\n"
            "    host = bytes.fromhex(line.strip())\n"
            "    peer.sendall(b'GET /hello HTTP/1.1\\r\\nHost: ' + host + b'\\r\\nConnection: close\\r\\n\\r\\n')\n"
            "    while peer.recv(4096): pass\n    peer.close()\n    print('done', flush=True)\n")
    CLIENT = subprocess.Popen([*services.DIE_WITH_TEST, services.PYTHON, "-c", code, str(port)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return CLIENT.pid


def run_client(port, hosts=None):
    for host in hosts or ODD_HOSTS:
        CLIENT.stdin.write(host.encode().hex().encode() + b"\n")
        CLIENT.stdin.flush()
        CLIENT.stdout.readline()


PARSE = """import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
print(json.dumps([[f.name, f.type, f.unit, [[s.name, s.labels, s.value] for s in f.samples]]
                  for f in text_string_to_metric_families(sys.stdin.read())]))
"""


def check_parsed(openmetrics, metrics, name):
    result = subprocess.run([services.PYTHON, "-c", PARSE], input=openmetrics, capture_output=True, text=True,
                            timeout=60)
    check_equal(result.returncode, 0, f"the parser, which says {result.stderr[-500:]}")
    families = json.loads(result.stdout)
    types = {family: (kind, unit) for family, kind, unit, _ in families}
    check_equal(types["http_client_request_duration_seconds"], ("histogram", "seconds"), "a family's type and unit")
    check_equal((types["redstart_records"], types["target"]), (("counter", ""), ("info", "")), "types")
    samples = [sample for *_, group in families for sample in group]
    counts = {labels["server_address"]: value for sample, labels, value in samples if sample == name}
    check_equal(counts, {labels["server_address"]: value for labels, value in metrics.select(name)}, "both formats")
    check_equal(sum(counts.values()), len(ODD_HOSTS), "requests")


def negotiation():
    """What a reader asks for is what it gets, by status, type and encoding."""
    with harness.Redstart("--port", services.free_port()) as redstart:
        for accept, encoding, expected in (("", "", "text"), ("*/*", "gzip", "text"),
                                           (ACCEPTS["openmetrics"], "identity", "openmetrics"),
                                           (ACCEPTS["protobuf"], "gzip", "protobuf")):
            answer, body = page(redstart.port, accept, encoding)
            check_equal((answer.status, answer.getheader("Content-Type")[:len(CONTENT_TYPES[expected])],
                         answer.getheader("Content-Encoding"), answer.getheader("Vary")),
                        (200, CONTENT_TYPES[expected], "gzip" if encoding == "gzip" else None,
                         "Accept, Accept-Encoding"), f"{accept!r} {encoding!r}")
            check(b"redstart_build" in body, "a page without our own metrics")
        answer, body = page(redstart.port, method="HEAD")
        check_equal((answer.status, body), (200, b""), "HEAD")
        check_equal([page(redstart.port, path=path, method=method)[0].status for method, path in
                     (("POST", "/metrics"), ("GET", "/nothing"), ("GET", "/healthz"), ("GET", "/readyz"))],
                    [405, 404, 200, 200], "other paths and methods")
        own = redstart.metrics()
        for process in ("collector", "loader"):
            check_between(own.sum("redstart_process_resident_memory_bytes", process=process), 1 << 18, 64 << 20,
                          f"resident memory of the {process}")
        for metric in ("redstart_ring_size_bytes", "redstart_build_info"):
            check(own.sum(metric) > 0, f"{metric} is not on the page")


def not_ready_without_a_loader():
    """A collector alone: alive, not ready, and it says why."""
    port = services.free_port()
    user = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"]
    with services.Service([*user, harness.BIN / "redstart-collector", "--loader", "/nonexistent/loader.sock",
                           "--prometheus", port], port):
        answers = [page(port, path=path) for path in ("/healthz", "/readyz", "/metrics")]
        check_equal([(answer.status, body) for answer, body in answers[:2]],
                    [(200, b"ok\n"), (503, b"not connected to the loader\n")], "/healthz and /readyz")
        own = harness.Metrics(answers[2][1].decode())
        check_equal(own.sum("redstart_process_resident_memory_bytes", process="loader"), 0, "the loader's memory")
        check(own.select("redstart_records_lost_total"), "redstart_records_lost_total does not exist from the start")


def many_at_once():
    """200 scrapes at once, and readers that take nothing or drip: everybody in earnest gets a whole page."""
    with services.go() as service, harness.Redstart("--port", service.port) as redstart:
        drive(service.port, {("GET", f"/status/{status}", status): 1 for status in range(200, 260)})
        redstart.wait_spans(60)
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            bodies = list(pool.map(lambda _: page(redstart.port, encoding="gzip")[1], range(200)))
        print(f"       200 scrapes of {len(bodies[0])} bytes in {time.monotonic() - begin:.2f} s", flush=True)
        harness.Metrics(bodies[0].decode())
        for body in bodies:
            check_equal((body.count(b"\n"), body.count(b"_count{")),
                        (bodies[0].count(b"\n"), bodies[0].count(b"_count{")), "lines and series of a page")
        slow = []
        for _ in range(80):  # more than there are connections
            reader = socket.create_connection(("127.0.0.1", redstart.port))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            slow.append(reader)
        begin = time.monotonic()
        wire.request(service.port, "GET", "/hello", None)
        redstart.wait_spans(61)  # the data path does not wait
        answer, body = page(redstart.port)
        check_equal(answer.status, 200, "a scrape beside 80 that do not read")
        check_between(time.monotonic() - begin, 0, 8, "its time in s")
        for reader in slow:
            reader.close()


def a_dripping_writer():
    """A head that comes byte by byte is ended after 30 s, though others come and go meanwhile."""
    with harness.Redstart("--port", services.free_port()) as redstart, \
            socket.create_connection(("127.0.0.1", redstart.port)) as dripping:
        begin = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - begin < 40:
                dripping.sendall(b"G" if time.monotonic() - begin < 1 else b"a")
                check_equal(page(redstart.port, path="/healthz")[0].status, 200, "/healthz beside it")
                time.sleep(0.4)
        check_between(time.monotonic() - begin, 29, 33, "seconds until it was ended")


def check_growth(before, after):
    check_between(after - before, -8192, 16384 if harness.sanitized() else 512, "growth in KiB")


def memory_kib(redstart):
    return redstart.metrics().sum("redstart_process_resident_memory_bytes", process="collector") / 1024


def strangers_fill_nothing():
    """20,000 random paths, methods and hosts at a server: memory stays, everything is counted."""
    with services.go() as service, harness.Redstart("--port", service.port) as redstart:
        flood(service.port, 10000, "warm")  # also through every page of the ring
        wait_count(redstart, DURATION + "_count", 10000)
        before = memory_kib(redstart)
        flood(service.port, 20000, "x")
        wait_count(redstart, DURATION + "_count", 30000)
        after = memory_kib(redstart)
        print(f"       collector: {before:.0f} KiB, after 20,000 paths and methods {after:.0f} KiB", flush=True)
        check_growth(before, after)
        metrics = redstart.metrics()
        methods = {labels["http_request_method"] for labels, _ in metrics.select(DURATION + "_count")}
        check_equal(methods, {"GET", "_OTHER"}, "methods")
        check_equal(metrics.sum("redstart_series_dropped_total"), 0, "requests in overflow series")


def hosts_beyond_the_cap():
    """2,500 hosts from a client, --series-max 500: each request is counted, 2,000 of them in one overflow series."""
    with services.python_threaded() as service:
        pid = client_of(service.port)
        with harness.Redstart("--pid", pid, "--series-max", 500) as redstart:
            name = "http_client_request_duration_seconds"
            run_client(service.port, [f"h{i}.example" for i in range(500)])
            wait_count(redstart, name + "_count", 500)
            before = memory_kib(redstart)
            run_client(service.port, [f"h{i}.example" for i in range(500, 2500)])
            wait_count(redstart, name + "_count", 2500)
            after = memory_kib(redstart)
            print(f"       collector: {before:.0f} KiB at 500 series, {after:.0f} KiB after 2,000 hosts more",
                  flush=True)
            check_growth(before, after)
            metrics = redstart.metrics()
            overflow = metrics.sum(name + "_count", otel_metric_overflow="true")
            dropped = metrics.sum("redstart_series_dropped_total", metric=name)
            check_equal((len(metrics.select(name + "_count")), overflow, dropped), (501, 2000, 2000),
                        "series, requests in the overflow series, dropped")


def memory_of_a_thousand_series():
    """The promise of 12 MB, with what each format has a series keep."""
    with services.python_threaded() as service:
        pid = client_of(service.port)
        with harness.Redstart("--pid", pid) as redstart:
            hosts = [f"h{i}.example" for i in range(1000)]
            seen = {}
            for name, accept in ACCEPTS.items():
                for encoding in ("", "gzip"):
                    page(redstart.port, accept, encoding)
                run_client(service.port, hosts)
                run_client(service.port, hosts)
                wait_count(redstart, "http_client_request_duration_seconds_count", 2000 * (len(seen) + 1))
                for encoding in ("", "gzip"):
                    page(redstart.port, accept, encoding)
                seen[name] = memory_kib(redstart)
            text = ", ".join(f"{name} {kib / 1024:.1f} MiB" for name, kib in seen.items())
            print(f"       collector with 1,000 series, scraped as {text}", flush=True)
            if not harness.sanitized():
                check(max(seen.values()) * 1024 <= 12e6, f"more than 12 MB: {text}")


def flood(port, count, word):
    """Keep-alive requests with a path and, for each second one, a method of its own."""
    with socket.create_connection(("127.0.0.1", port)) as peer:
        reader = peer.makefile("rb")
        for i in range(count):
            # letters only: what has others in its first word is not taken for HTTP
            method = "GET" if i % 2 else word.upper() + "".join(chr(65 + i // 26 ** k % 26) for k in range(4))
            peer.sendall(f"{method} /status/200?{word}{i} HTTP/1.1\r\nHost: h{i}.example\r\n\r\n".encode())
            length = 0
            while (line := reader.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            reader.read(length)


def wait_count(redstart, name, expected):
    end = time.monotonic() + 10
    while redstart.metrics().sum(name) < expected and time.monotonic() < end:
        time.sleep(0.2)
    check_equal(redstart.metrics().sum(name), expected, name)


CASES = [(f"Prometheus scrapes {name}", lambda name=name: scraped(name)) for name in ACCEPTS] + [
    ("a family in several messages", a_family_in_several_messages),
    ("negotiation", negotiation),
    ("not ready without a loader", not_ready_without_a_loader),
    ("promtool and another parser, odd label values", promtool_and_another_parser),
    ("many and slow readers", many_at_once),
    ("a dripping writer", a_dripping_writer),
    ("20,000 random paths and methods", strangers_fill_nothing),
    ("hosts beyond the cap of series", hosts_beyond_the_cap),
    ("memory of 1,000 series", memory_of_a_thousand_series),
]


def main():
    harness.require_privilege()
    cases = harness.Cases()
    for name, case in CASES:
        if sys.argv[1:] in ([], [name]):
            with cases.case(name):
                case()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
