#!/usr/bin/python3
"""Queue and processing times under contention: a server that takes 100 ms for each request, one at a time, six clients.

The k-th request waits k x 100 ms (k from 0) and is processed in 100 ms, whether it waits in the accept queue (a new
connection each) or in the socket's buffer (keep-alive connections): the reason for redstart's four times.
"""
import sys
import threading

import harness
import services
import wire
from harness import check_between, check_equal

CLIENTS = 6
WORK_S, TOLERANCE_S = 0.1, 0.025


def serial(mode):
    port = services.free_port()
    return services.Service([services.PYTHON, services.PEERS / "http-python/serial.py", port, mode], port)


def at_once(actions):
    """All actions start together; their results."""
    barrier, results, problems = threading.Barrier(len(actions)), [], []

    def act(action):
        barrier.wait()
        try:
            results.append(action())
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=act, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    return results


def check_near(seen, expected, tolerance, what):
    check_between(seen, expected - tolerance, expected + tolerance, what)


def check_round(redstart, port, exchanges):
    spans = []
    for exchange in exchanges:
        [span] = redstart.wait_spans(1, harness.query_is(exchange.query), settle=0)
        harness.check_span(span, exchange, port, service="serial")
        spans.append(span)
    for k, span in enumerate(sorted(spans, key=lambda s: s["queue_ns"])):
        check_near(span["queue_ns"] / 1e9, k * WORK_S, TOLERANCE_S, f"queue of {k} in s")
        check_near(span["processing_ns"] / 1e9, WORK_S, TOLERANCE_S, f"processing of {k} in s")


def case_new_connections():
    with serial("close") as service, harness.Redstart("--port", service.port) as redstart:
        for _ in range(3):
            done = at_once([lambda: wire.request(service.port, "GET", "/work")] * CLIENTS)
            check_round(redstart, service.port, done)
        check_sums(redstart, 3 * CLIENTS, 3)


def case_kept_alive():
    with serial("alive") as service, harness.Redstart("--port", service.port) as redstart:
        connections = [wire.Connection(service.port) for _ in range(CLIENTS)]
        for _ in range(3):
            done = at_once([lambda c=c: c.exchange("GET", "/work") for c in connections])
            check_round(redstart, service.port, done)
        for connection in connections:
            connection.close()
        check_sums(redstart, 3 * CLIENTS, 3)


def check_sums(redstart, count, rounds):
    """The histograms say the same: durations add up to the waits and the work."""
    metrics = redstart.metrics()
    waits = rounds * WORK_S * sum(range(CLIENTS))
    for name, total in (("redstart_http_server_queue_duration_seconds", waits),
                        ("http_server_request_duration_seconds", waits + count * WORK_S)):
        check_equal(metrics.sum(name + "_count"), count, name + "_count")
        check_near(metrics.sum(name + "_sum"), total, count * TOLERANCE_S, name + "_sum")


def main():
    harness.require_privilege()
    cases = harness.Cases()
    for name, case in (("new connections", case_new_connections), ("kept-alive connections", case_kept_alive)):
        with cases.case(name):
            case()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
