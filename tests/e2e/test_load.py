#!/usr/bin/python3
"""Exact counts under load.

A collector that does not get to run: what its ring does not hold goes to the reserve, and what that does not hold is
counted. 20,000 requests by ab at concurrency 1, 8 and 64, with and without keep-alive, against nginx and Go: the
metrics' count equals the client's, and nothing is lost. Prints redstart's memory afterwards."""
import os
import re
import signal
import subprocess
import sys
import time

import harness
import processes
import services
from harness import check, check_between, check_equal
from pair import wait_for

REQUESTS = 20000
CONCURRENCIES = (1, 8, 64)
DURATION = "http_server_request_duration_seconds_count"


HELD, TOO_MANY = 12000, 25000  # records of 300 bytes: more than a ring of 1 MiB holds; than ring and reserve do
CONNECTIONS, RSS_KEPT_KB = 100, 1024


def ab(port, concurrency, keep_alive, requests=REQUESTS):
    """Requests that ab says it completed; a failed one is a failure."""
    command = ["ab", "-q", "-n", str(requests), "-c", str(concurrency), *(["-k"] if keep_alive else []),
               f"http://127.0.0.1:{port}/hello"]
    output = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    figures = dict(re.findall(r"^(Complete requests|Failed requests):\s+(\d+)", output, re.MULTILINE))
    check_equal(figures, {"Complete requests": str(requests), "Failed requests": "0"}, "ab's own figures")
    check("Non-2xx" not in output, f"ab got other answers than 200: {output}")
    return requests


def wait_count(redstart, expected):
    end = time.monotonic() + 5
    while (seen := redstart.metrics().sum(DURATION)) < expected and time.monotonic() < end:
        time.sleep(0.2)
    time.sleep(harness.SETTLE_S)
    metrics = redstart.metrics()
    problems = [(labels, n) for labels, n in metrics.select("redstart_unparsed_total") if n]
    seen = metrics.sum(DURATION)
    check_equal(seen, expected, f"requests counted (unparsed: {problems})")
    check_equal(metrics.sum(DURATION, http_response_status_code=200), expected, "of these with status 200")


def run(start, name, cases):
    with start() as service, harness.Redstart("--port", service.port) as redstart:
        expected = 0
        for keep_alive in (True, False):
            for concurrency in CONCURRENCIES:
                with cases.case(f"{name}, {concurrency} at once, {'keep-alive' if keep_alive else 'close'}"):
                    before = redstart.metrics().sum(DURATION)
                    expected = before + ab(service.port, concurrency, keep_alive)
                    wait_count(redstart, expected)
                    redstart.check_nothing_lost()
        with cases.case(f"{name}, every span on standard output"):
            dropped = redstart.metrics().sum("redstart_spans_dropped_total")
            check_equal((len(redstart.spans) + dropped, redstart.problems), (expected, []), "spans shown or dropped")
        for pid in redstart.pids():
            print(f"       {processes.status(pid)['Name']} {processes.resident_kib(pid)} kB", flush=True)


def stopped(cases):
    """The collector is stopped while requests are served, as on a host that is too busy to let it run."""
    with services.go() as service, harness.Redstart("--port", service.port) as redstart:
        collector = redstart.collector()

        def serve(requests):
            os.kill(collector, signal.SIGSTOP)
            try:
                return ab(service.port, 8, True, requests)
            finally:
                os.kill(collector, signal.SIGCONT)

        def lost():
            return redstart.metrics().sum("redstart_records_lost_total", cause="ring_full")
        with cases.case("a collector that is stopped for a while"):
            ab(service.port, 8, True)
            wait_count(redstart, REQUESTS)
            before = processes.resident_kib(collector)
            serve(HELD)
            wait_count(redstart, REQUESTS + HELD)
            redstart.check_nothing_lost()
            metrics = redstart.metrics()
            filled = metrics.sum("redstart_ring_high_water_bytes")
            check_between(filled, 1 << 20, metrics.sum("redstart_ring_size_bytes"), "bytes in ring and reserve")
            wait_for(lambda: processes.resident_kib(collector) < before + RSS_KEPT_KB,
                     lambda: f"the reserve's memory to be given back: {before} kB before, now "
                             f"{processes.resident_kib(collector)} kB")
            print(f"       {filled / 1024:.0f} KiB waited; {before} kB resident before, "
                  f"{processes.resident_kib(collector)} kB after", flush=True)
        with cases.case("a collector that is stopped for too long"):
            serve(TOO_MANY)
            sent, end = REQUESTS + HELD + TOO_MANY, time.monotonic() + 5
            while redstart.metrics().sum(DURATION) + lost() < sent and time.monotonic() < end:
                time.sleep(0.2)
            # Ends of connections are records, too.
            check_between(redstart.metrics().sum(DURATION) + lost(), sent, sent + CONNECTIONS,
                          "requests counted and records lost")
            check_between(lost(), 1, TOO_MANY - HELD, "records lost")


def main():
    harness.require_privilege()
    cases = harness.Cases()
    for name, start in (("go", services.go), ("nginx", services.nginx)):
        run(start, name, cases)
    stopped(cases)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
