#!/usr/bin/python3
"""A server that reads and writes through io_uring only: its buffers are out of reach, so each request counts by that
cause, nothing is guessed, and what its neighbours do is seen as always."""
import sys
import time

import harness
import services
import wire
from harness import check_equal

REQUESTS = 20


def case_counted_by_cause(redstart, port):
    before = redstart.metrics().sum("redstart_unparsed_total")
    for keep_alive in (True, False):
        if keep_alive:
            with wire.Connection(port) as connection:
                statuses = [connection.exchange("GET", "/hello").status for _ in range(REQUESTS)]
        else:
            statuses = [wire.request(port, "GET", "/hello").status for _ in range(REQUESTS)]
        check_equal(statuses, [200] * REQUESTS, "answers")
    time.sleep(1)
    metrics = redstart.metrics()
    check_equal(metrics.sum("redstart_unparsed_total", cause="io_uring"), 2 * REQUESTS, "counted as io_uring")
    check_equal(metrics.sum("redstart_unparsed_total") - before, 2 * REQUESTS, "counted by any cause")
    check_equal([span for span in redstart.spans if harness.server_port_is(port)(span)], [], "spans")


def case_neighbour(redstart, port):
    wire.request(port, "GET", "/hello")
    redstart.wait_spans(1, harness.server_port_is(port))


def main():
    harness.require_privilege()
    cases = harness.Cases()
    with services.uring() as service, services.python_threaded() as neighbour, \
            harness.Redstart("--port", f"{service.port},{neighbour.port}") as redstart:
        with cases.case("counted by cause"):
            case_counted_by_cause(redstart, service.port)
        with cases.case("a neighbour is seen"):
            case_neighbour(redstart, neighbour.port)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
