#!/usr/bin/python3
"""20,000 requests by ab at concurrency 1, 8 and 64, with and without keep-alive, against nginx and Go: the metrics'
count equals the client's, and nothing is lost. Prints redstart's memory afterwards."""
import pathlib
import re
import subprocess
import sys
import time

import harness
import services
from harness import check, check_equal

REQUESTS = 20000
CONCURRENCIES = (1, 8, 64)
DURATION = "http_server_request_duration_seconds_count"


def ab(port, concurrency, keep_alive):
    """Requests that ab says it completed; a failed one is a failure."""
    command = ["ab", "-q", "-n", str(REQUESTS), "-c", str(concurrency), *(["-k"] if keep_alive else []),
               f"http://127.0.0.1:{port}/hello"]
    output = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    figures = dict(re.findall(r"^(Complete requests|Failed requests):\s+(\d+)", output, re.MULTILINE))
    check_equal(figures, {"Complete requests": str(REQUESTS), "Failed requests": "0"}, "ab's own figures")
    check("Non-2xx" not in output, f"ab got other answers than 200: {output}")
    return REQUESTS


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
            print(f"       {memory(pid)}", flush=True)


def memory(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return " ".join(re.findall(r"^(?:Name|VmRSS):\s+(.+)$", status, re.MULTILINE))


def main():
    harness.require_privilege()
    cases = harness.Cases()
    for name, start in (("go", services.go), ("nginx", services.nginx)):
        run(start, name, cases)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
