#!/usr/bin/python3
"""Queue and processing times under contention: a server that takes 100 ms for each request, one at a time, six clients.

The k-th request waits k x 100 ms (k from 0) and is processed in 100 ms, whether it waits in the accept queue (a new
connection each) or in the socket's buffer (keep-alive connections): the reason for redstart's four times.

What each request really waited and took, on this machine at that moment, client and server say themselves, by times
before and after each of their calls: redstart's figures must lie in between.
"""
import sys
import threading

import harness
import services
import wire
from harness import check, check_between, check_equal
from pair import wait_for

CLIENTS = 6
WORK_S = 0.1
CLOCK_S = 0.001  # the kernel's time of arrival is TCP's clock, read once for some packets


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


def served(service, exchange):
    """Times before and after the read, before and after the answer, as the server says."""
    def line():
        target = f"{exchange.path}?{exchange.query} "
        return next((line for line in service.log().splitlines() if line.startswith(target)), None)
    return map(float, wait_for(line, "the server's times of a request").split()[1:])


def check_round(redstart, service, exchanges):
    """Returns the spans."""
    spans = []
    for exchange in exchanges:
        [span] = redstart.wait_spans(1, harness.query_is(exchange.query), settle=0)
        harness.check_span(span, exchange, service.port, service="serial")
        spans.append(span)
        reads, has_read, answers, has_answered = served(service, exchange)
        check_between(span["queue_ns"] / 1e9, max(0, reads - exchange.sent - CLOCK_S),
                      has_read - exchange.begun + CLOCK_S,
                      "queue in s")
        check_between(span["processing_ns"] / 1e9, answers - has_read, has_answered - max(reads, exchange.begun),
                      "processing in s")
    spread = max(exchange.sent for exchange in exchanges) - min(exchange.begun for exchange in exchanges)
    for k, span in enumerate(sorted(spans, key=lambda s: s["queue_ns"])):
        check(span["queue_ns"] / 1e9 >= k * WORK_S - spread,
              f"queue of {k}: {span['queue_ns'] / 1e9} s; all had begun within {spread} s")
    return spans


def case_new_connections():
    with serial("close") as service, harness.Redstart("--port", service.port) as redstart:
        spans = []
        for _ in range(3):
            done = at_once([lambda: wire.request(service.port, "GET", "/work")] * CLIENTS)
            spans += check_round(redstart, service, done)
        check_sums(redstart, spans)


def case_kept_alive():
    with serial("alive") as service, harness.Redstart("--port", service.port) as redstart:
        connections, spans = [wire.Connection(service.port) for _ in range(CLIENTS)], []
        for _ in range(3):
            done = at_once([lambda c=c: c.exchange("GET", "/work") for c in connections])
            spans += check_round(redstart, service, done)
        for connection in connections:
            connection.close()
        check_sums(redstart, spans)


def check_sums(redstart, spans):
    """The histograms say the same as the spans."""
    metrics = redstart.metrics()
    for name, figure in (("redstart_http_server_queue_duration_seconds", "queue_ns"),
                         ("http_server_request_duration_seconds", "duration_ns")):
        check_equal(metrics.sum(name + "_count"), len(spans), name + "_count")
        check_equal(round(metrics.sum(name + "_sum") * 1e9), sum(span[figure] for span in spans), name + "_sum in ns")


def main():
    harness.require_privilege()
    cases = harness.Cases()
    for name, case in (("new connections", case_new_connections), ("kept-alive connections", case_kept_alive)):
        with cases.case(name):
            case()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
