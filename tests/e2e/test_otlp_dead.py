#!/usr/bin/python3
"""30 s at 2,000 requests a second while nobody listens where spans and metrics go: the collector's memory stays where
it was, requests are counted all the same, /metrics answers at once, and every span that is lost is counted."""
import socket
import sys
import time

import harness
import processes
import services
from harness import check, check_between, check_equal

SECONDS, RATE, TICK_S = 30, 2000, 0.05
QUEUE, BATCH = 2048, 512
SPANS_A_REQUEST = 3
MEMORY_GROWTH_KIB = 16384 if harness.sanitized() else 1024
MEMORY_KIB = 1 << 30 if harness.sanitized() else 12 << 10
PAGE_S = 0.5
DURATION = "http_server_request_duration_seconds_count"


class Load:
    """Requests at a fixed rate on one connection, pipelining none: a tick's share back to back, then a rest."""

    def __init__(self, port):
        self.connection = socket.create_connection(("127.0.0.1", port), 5)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = f"GET /hello HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
        self.count = 0

    def run(self, seconds):
        start, before = time.monotonic(), self.count
        while (elapsed := time.monotonic() - start) < seconds:
            while self.count - before < elapsed * RATE:
                self.connection.sendall(self.request)
                answer = self.connection.recv(65536)
                check(answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"hello\n"), f"answer {answer!r}")
                self.count += 1
            time.sleep(TICK_S)


def dead(*protocols):
    """One destination for each protocol. They wait for the same bytes, so that two cost hardly more than one."""
    with services.go() as service:
        arguments = []
        for protocol in protocols:
            arguments += ["--otlp", f"http://127.0.0.1:{services.free_port()}", "--otlp-protocol", protocol]
        with harness.Redstart("--port", service.port, *arguments,
                              env={"OTEL_METRIC_EXPORT_INTERVAL": "1000"}) as redstart:
            load, collector = Load(service.port), redstart.collector()
            load.run(SECONDS / 6)  # by now every queue is full
            first = processes.resident_kib(collector)
            slowest, most = 0, first
            for _ in range(5):
                load.run(SECONDS / 6)
                start = time.monotonic()
                redstart.metrics()
                slowest = max(slowest, time.monotonic() - start)
                most = max(most, processes.resident_kib(collector))
            last = processes.resident_kib(collector)
            time.sleep(harness.SETTLE_S)
            metrics = redstart.metrics()
            print(f"       {load.count} requests, collector {first} KiB after 5 s, {last} KiB after 30 s, "
                  f"/metrics in {slowest * 1000:.0f} ms", flush=True)
            check_between(load.count / SECONDS, RATE * 0.9, RATE * 1.1, "requests a second")
            check_between(last - first, -MEMORY_GROWTH_KIB, MEMORY_GROWTH_KIB, "growth of the collector in KiB")
            check_between(most, 0, MEMORY_KIB, "memory of the collector in KiB")
            check_between(slowest, 0, PAGE_S, "time of /metrics in s")
            check_equal(metrics.sum(DURATION), load.count, "requests counted")
            redstart.check_nothing_lost()
            check_equal(metrics.sum("redstart_export_sent_total"), 0, "redstart_export_sent_total")
            check_between(metrics.sum("redstart_export_retries_total", signal="traces"), 2 * len(protocols),
                          30 * len(protocols), "retries")
            dropped = metrics.sum("redstart_spans_dropped_total", cause="queue_full")
            check_between(load.count - dropped, QUEUE, QUEUE + BATCH, "spans kept: the queue and one request")
            check_equal(metrics.sum("redstart_export_failed_total", signal="traces", cause="queue_full"),
                        SPANS_A_REQUEST * dropped * len(protocols), "redstart_export_failed_total")
            for labels, length in metrics.select("redstart_export_queue_length", signal="traces"):
                check_equal(length, QUEUE, f"queue of {labels}")
                [(_, size)] = metrics.select("redstart_export_queue_bytes", **labels)
                [(_, capacity)] = metrics.select("redstart_export_queue_capacity_bytes", **labels)
                check_between(size, QUEUE * 100, capacity, f"bytes in the queue of {labels}")


def main():
    harness.require_privilege()
    cases = harness.Cases()
    with cases.case("http"):
        dead("http/protobuf")
    with cases.case("grpc"):
        dead("grpc")
    with cases.case("http and grpc at once"):
        dead("http/protobuf", "grpc")
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
