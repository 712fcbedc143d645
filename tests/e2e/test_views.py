#!/usr/bin/python3
"""Attributes that are selected and early Beyla's names, as their readers see them: a real Prometheus that answers the
queries of the dashboard of that time (19077), a real OpenTelemetry Collector, spans. Usage: test_views.py [CASE]."""
import collections
import sys
import time

import harness
import prometheus_server
import services
import test_config
import test_otlp
import wire
from harness import check, check_between, check_equal

LOAD = {("/users/{}", 200): 30, ("/orders/{}/items", 200): 12, ("/users/{}", 404): 6, ("/orders/{}/items", 500): 2}
WINDOW = "[30s]"  # in place of $__rate_interval
SECONDS = 15


def drive(port, load=LOAD):
    with wire.Connection(port) as connection:
        for (path, status), count in load.items():
            for i in range(count):
                connection.exchange("GET", f"{path.format(i)}?status={status}")


def by_label(server, query, label):
    return {row["metric"].get(label): float(row["value"][1])
            for row in prometheus_server.ask(server, "query", query=query)["result"]}


def wait_labels(server, query, label, expected):
    end = time.monotonic() + SECONDS
    while (seen := by_label(server, query, label)) != expected and time.monotonic() < end:
        time.sleep(0.3)
    check_equal(seen, expected, query)


def case_the_dashboard_of_early_beyla():
    """Panel by panel: slowest routes, duration, request rate, error rate, of servers and of clients."""
    by_status = {"200": 42.0, "404": 6.0, "500": 2.0}
    with (services.go() as service,
          harness.Redstart("--port", service.port, "--exe", "curl", "--metric-names", "beyla1", "--routes",
                           "heuristic") as redstart):
        with prometheus_server.start(redstart.port) as server:
            drive(service.port)
            url = f"http://localhost:{service.port}/users/7?status=200"
            services.subprocess.run(["curl", "-s", "-o", "/dev/null", url], check=True, timeout=10)
            by_status["200"] += 1
            wait_labels(server, 'sum by (http_status_code) (http_server_duration_seconds_count{job="redstart"})',
                        "http_status_code", by_status)
            drive(service.port)  # so that rates have two samples that differ
            twice = {status: 2 * count - (status == "200") for status, count in by_status.items()}
            wait_labels(server, 'sum by (http_status_code) (http_server_duration_seconds_count{job="redstart"})',
                        "http_status_code", twice)
            time.sleep(2)
            slowest = ("sort_desc(topk by (http_route, job) (5, max by (http_route, job) (histogram_quantile(0.95, ("
                       f"sum by (http_route, job, le) (rate(http_server_duration_seconds_bucket{WINDOW})))))))")
            check_equal(set(by_label(server, slowest, "http_route")), {"/users/{id}", "/orders/{id}/items"},
                        "routes of the slowest")
            for quantile in (0.95, 0.99):
                query = (f"histogram_quantile({quantile}, sum by (job, le) (rate(http_server_duration_seconds_bucket"
                         f'{{job="redstart"}}{WINDOW})))')
                check_between(prometheus_server.value_of(server, query), 1e-9, 1, query)
            average = (f'sum(rate(http_server_duration_seconds_sum{{job="redstart"}} {WINDOW})) / '
                       f'sum(rate(http_server_duration_seconds_count{{job="redstart"}} {WINDOW}))')
            check_between(prometheus_server.value_of(server, average), 1e-6, 1, average)
            rate = f'sum(rate(http_server_duration_seconds_count{{job="redstart"}} {WINDOW})) by (http_status_code)'
            check(all(value > 0 for value in by_label(server, rate, "http_status_code").values()), "a rate of 0")
            errors = ('sum by (http_status_code) (rate(http_server_duration_seconds_count{job="redstart",'
                      f'http_status_code=~"(4|5).*"}}{WINDOW})) / ignoring(http_status_code) group_left sum(rate('
                      f'http_server_duration_seconds_count{{job="redstart"}}{WINDOW}))')
            seen = by_label(server, errors, "http_status_code")
            check_equal(set(seen), {"404", "500"}, "statuses of the error rate")
            check_between(seen["404"], 6 / 50 - 0.02, 6 / 50 + 0.02, "share of 404")
            clients = ('sum by (http_status_code) (http_client_duration_seconds_count{job="redstart",'
                       'net_sock_peer_name="localhost"})')
            wait_labels(server, clients, "http_status_code", {"200": 1.0})
            sizes = f'sum by (http_method) (http_server_request_size_bytes_count{{net_host_port="{service.port}"}})'
            wait_labels(server, sizes, "http_method", {"GET": 101.0})
            prometheus_server.check_target(server)
        page = redstart.page()[1]
        check("http_server_request_duration_seconds" not in page, "today's name is on the page as well")


def case_early_names_pushed():
    with services.otelcol() as collector, services.go() as service:
        with harness.Redstart("--port", service.port, "--metric-names", "beyla1", "--otlp", test_otlp.http(collector),
                              env=test_otlp.ENVIRONMENT) as redstart:
            drive(service.port)
            redstart.wait_spans(50)
        _, points = test_otlp.accepted(collector)
        latest = {}
        for _, name, point in points:
            if name == "http.server.duration":
                have = test_otlp.attributes(point)
                check_equal((have["http.method"], have["net.host.port"]), ("GET", service.port), "a point's attributes")
                latest[have["http.status_code"]] = int(point["count"])
        check_equal(latest, {200: 42, 404: 6, 500: 2}, "requests by http.status_code")
        names = {name for _, name, _ in points if name.startswith("http.")}
        check_equal(names, {"http.server.duration", "http.server.request.size", "http.server.response.size"}, "names")


FILE = """
routes: {unmatched: heuristic}
attributes:
  select:
    http.server.request.duration: {exclude: [http_route, "network.*"]}
    http_server_request_body_size_bytes: {include: http.response.status_code}
    traces: {exclude: ["client.*", url.query]}
"""


def case_selected_attributes():
    """Each metric by its own rules; what then differs in nothing is one series, whose counts add up."""
    with (test_config.File(FILE) as file, services.go() as service,
          harness.Redstart("--config", file.path, "--port", service.port) as redstart):
        drive(service.port)
        for span in redstart.wait_spans(50):
            have = span["attributes"]
            check("url.path" in have and "http.route" in have, f"a span without path and route: {have}")
            excluded = {"client.address", "client.port", "url.query"} & set(have)
            check(not excluded, f"a span with {excluded}, which is excluded")
        metrics = redstart.metrics()
        by_status = {"200": 42, "404": 6, "500": 2}
        by_both = {"/users/{id} 200": 30, "/orders/{id}/items 200": 12, "/users/{id} 404": 6,
                   "/orders/{id}/items 500": 2}
        for name, labels, expected in (
                ("http_server_request_duration_seconds", ("http_response_status_code",), by_status),
                ("http_server_request_body_size_bytes", ("http_response_status_code",), by_status),
                ("http_server_response_body_size_bytes", ("http_route", "http_response_status_code"), by_both)):
            rows = metrics.select(name + "_count")
            seen = collections.Counter()
            for have, number in rows:
                seen[" ".join(have[label] for label in labels)] += number
            check_equal((dict(seen), len(rows)), (expected, len(expected)), f"{name}: requests, and series")
        [(have, _), *_] = metrics.select("http_server_request_duration_seconds_count")
        check(not {"http_route", "network_protocol_version"} & set(have), f"excluded labels: {have}")
        [(have, _), *_] = metrics.select("http_server_request_body_size_bytes_count")
        rest = {label for label in have if not label.startswith("service_")}
        check_equal(rest, {"http_response_status_code"}, "labels")


CASES = [case_the_dashboard_of_early_beyla, case_early_names_pushed, case_selected_attributes]


if __name__ == "__main__":
    sys.exit(harness.run_named(CASES, sys.argv[1:]))
