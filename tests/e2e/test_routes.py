#!/usr/bin/python3
"""http.route: patterns, ignored requests, the choices for the rest and the heuristic, on a real server, counts exact.
Usage: test_routes.py [CASE]."""
import collections
import random
import signal
import sys

import harness
import processes
import services
import test_config
import wire
from harness import check, check_between, check_equal

DURATION = "http_server_request_duration_seconds"
RANDOM_PATHS = 20000
VALUES = 50         # by default, at one place
GROWTH_MAX_KB = 512  # of the collector, from the first quarter of the random paths on


def drive(port, targets):
    """One request for each, on one connection; each is answered with 200."""
    with wire.Connection(port) as connection:
        for method, path in targets:
            connection.exchange(method, f"{path}?status=200")


def routes(metrics, port, name=DURATION):
    """{(method, route): requests}; a route of None: no label."""
    counts = collections.Counter()
    for labels, number in metrics.select(name + "_count", server_port=port):
        counts[labels["http_request_method"], labels.get("http_route")] += int(number)
    return dict(counts)


def case_patterns_and_ignored():
    load = ([("GET", f"/users/{i}") for i in range(40)] + [("GET", "/users/me")] * 7
            + [("POST", f"/users/{i}/orders") for i in range(12)] + [("GET", f"/static/{i}/app.js") for i in range(9)]
            + [("GET", "/health")] * 25 + [("GET", "/about")] * 3)
    random.Random(1).shuffle(load)
    with (services.go() as service,
          harness.Redstart("--port", service.port, "--route", "/users/{id}", "--route", "/users/me", "--route",
                           "/users/:id/orders", "--route", "/static/*", "--ignore-route", "/health") as redstart):
        drive(service.port, load)
        spans = redstart.wait_spans(len(load) - 25, harness.server_port_is(service.port))
        names = collections.Counter((span["name"], span["attributes"].get("http.route")) for span in spans)
        check_equal(dict(names), {("GET /users/{id}", "/users/{id}"): 40, ("GET /users/me", "/users/me"): 7,
                                  ("POST /users/:id/orders", "/users/:id/orders"): 12,
                                  ("GET /static/*", "/static/*"): 9, ("GET", None): 3}, "names of spans")
        metrics = redstart.metrics()
        check_equal(routes(metrics, service.port),
                    {("GET", "/users/{id}"): 40, ("GET", "/users/me"): 7, ("POST", "/users/:id/orders"): 12,
                     ("GET", "/static/*"): 9, ("GET", None): 3}, "requests by route")
        check_equal(metrics.sum("http_server_response_body_size_bytes_count", server_port=service.port), 71, "sizes")
        for signal in ("metrics", "traces"):
            check_equal(metrics.sum("redstart_requests_ignored_total", signal=signal), 25, f"ignored {signal}")
        redstart.check_nothing_lost()


def case_what_no_pattern_matches():
    load = [("GET", "/users/42"), ("GET", "/about"), ("GET", "/")]
    for choice, expected in (("unset", [None, None, None]), ("wildcard", ["/**", "/**", "/**"]),
                             ("path", ["/users/42", "/about", "/"]), ("heuristic", ["/users/{id}", "/about", "/"])):
        with (services.go() as service, harness.Redstart("--port", service.port, "--routes", choice) as redstart):
            drive(service.port, load)
            spans = redstart.wait_spans(len(load), harness.server_port_is(service.port))
            check_equal([span["attributes"].get("http.route") for span in spans], expected, f"--routes {choice}")
            check_equal([span["name"] for span in spans], [f"GET {route}" if route else "GET" for route in expected],
                        f"names with --routes {choice}")


def case_clients():
    with services.go() as service, harness.Redstart("--exe", "curl", "--routes", "heuristic") as redstart:
        for i in range(10):
            url = f"http://localhost:{service.port}/carts/{i + 100}?status=200"
            services.subprocess.run(["curl", "-s", "-o", "/dev/null", url], check=True, timeout=10)
        ours = lambda span: span["kind"] == "client" and span["attributes"].get("server.port") == service.port
        for span in redstart.wait_spans(10, ours):
            check_equal((span["name"], span["attributes"].get("url.template"), span["attributes"].get("http.route")),
                        ("GET /carts/{id}", "/carts/{id}", None), "a client's name, url.template and http.route")
        check_equal(routes(redstart.metrics(), service.port, "http_client_request_duration_seconds"),
                    {("GET", "/carts/{id}"): 10}, "calls by route")


FILE = """
discovery:
  rules:
    - {{ports: {own}, name: threaded, routes: {{incoming: "/users/{{shopper}}"}}}}
    - {{ports: {other}}}
"""
BEFORE = 'routes: {incoming: "/users/{id}", ignore: [{pattern: /health, signals: traces}]}\n'
AFTER = 'routes: {incoming: "/{kind}/{id}", unmatched: heuristic}\n'


def case_a_file_read_again():
    """A service's own patterns, those of all, and others after SIGHUP; no request is lost by that."""
    every = [("GET", f"/users/{i}") for i in range(10)] + [("GET", "/carts/7/items"), ("GET", "/health")]
    with services.python_threaded() as own, services.go() as other:
        file_text = FILE.format(own=own.port, other=other.port)
        with (test_config.File(file_text + BEFORE) as file,
              harness.Redstart("--config", file.path) as redstart):
            for port in (own.port, other.port):
                drive(port, every)
            spans = redstart.wait_spans(22)
            check("/health" not in {span["attributes"]["url.path"] for span in spans}, "a span of an ignored request")
            check_equal([routes(redstart.metrics(), port) for port in (own.port, other.port)],
                        [{("GET", "/users/{shopper}"): 10, ("GET", None): 2},
                         {("GET", "/users/{id}"): 10, ("GET", None): 2}],
                        "requests by route, before")
            check_equal([redstart.metrics().sum("redstart_requests_ignored_total", signal=signal)
                         for signal in ("metrics", "traces")], [0, 2], "ignored")
            file.write(file_text + AFTER)
            redstart.process.send_signal(signal.SIGHUP)
            test_config.wait_log(redstart.log, "configuration read again")
            for port in (own.port, other.port):
                drive(port, every)
            redstart.wait_spans(46)
            check_equal([routes(redstart.metrics(), port) for port in (own.port, other.port)],
                        [{("GET", "/users/{shopper}"): 20, ("GET", None): 2, ("GET", "/carts/{id}/items"): 1,
                          ("GET", "/health"): 1},
                         {("GET", "/users/{id}"): 10, ("GET", "/{kind}/{id}"): 10, ("GET", None): 2,
                          ("GET", "/carts/{id}/items"): 1, ("GET", "/health"): 1}], "requests by route, after")
            redstart.check_nothing_lost()


def word(chance):
    """Something that reads like a word and is none."""
    return "".join(chance.choice("bcdfglmnprst") + chance.choice("aeiou") for _ in range(chance.randint(2, 4)))


def random_path(chance):
    """Each another, in all sorts: numbers, hashes, words that explode, at any depth."""
    def part():
        return chance.choice([str(chance.randrange(1 << 32)), f"{chance.randrange(1 << 64):016x}", word(chance),
                              f"{word(chance)}-{word(chance)}", f"{word(chance)}.html"])
    return "/" + "/".join(part() for _ in range(chance.randint(1, 5)))


def case_random_paths_take_no_memory():
    chance = random.Random(6)
    with (services.go() as service,
          harness.Redstart("--port", service.port, "--routes", "heuristic") as redstart):
        drive(service.port, (("GET", random_path(chance)) for _ in range(RANDOM_PATHS // 4)))
        redstart.wait_spans(RANDOM_PATHS // 4, harness.server_port_is(service.port), timeout=30)
        before = processes.resident_kib(redstart.collector())
        drive(service.port, (("GET", random_path(chance)) for _ in range(RANDOM_PATHS - RANDOM_PATHS // 4)))
        redstart.wait_spans(RANDOM_PATHS, harness.server_port_is(service.port), timeout=30)
        metrics, after = redstart.metrics(), processes.resident_kib(redstart.collector())
        counts = routes(metrics, service.port)
        check_equal(sum(counts.values()), RANDOM_PATHS, "requests over all routes")
        check_equal(metrics.sum("redstart_series_dropped_total"), 0, "requests in overflow series")
        print(f"       {len(counts)} routes, collector {before} kB, then {after} kB", flush=True)
        check_between(len(counts), 5, 1500, "routes")
        check_between(after - before, -1 << 20, GROWTH_MAX_KB * (8 if harness.sanitized() else 1), "growth in kB")
        redstart.check_nothing_lost()


CASES = [case_patterns_and_ignored, case_what_no_pattern_matches, case_clients, case_a_file_read_again,
         case_random_paths_take_no_memory]


if __name__ == "__main__":
    sys.exit(harness.run_named(CASES, sys.argv[1:]))
