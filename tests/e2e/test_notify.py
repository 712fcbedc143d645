#!/usr/bin/python3
"""What a service manager hears from both programs, on a notification socket of the test's own: READY only when attached
or receiving, STATUS, the watchdog answered by the loop that works, STOPPING. Beside that, what both do where they are
given no descriptors at all."""
import os
import signal
import sys
import time
import urllib.request

import harness
import processes
import services
from harness import check, check_equal
from unit_pair import Pair

REQUESTS = 25
CLOSED = ("sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-')
WATCHDOG = {"WATCHDOG_USEC": "400000"}  # a sign of life each 200 ms


def requests(port, count):
    for _ in range(count):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/hello", timeout=5).read()


def wait_status(program, text):
    end = time.monotonic() + 5
    while not (found := program.heard("STATUS=")) or found[-1] != text:
        check(time.monotonic() < end, f"STATUS is not {text!r}: {found[-3:]}")
        time.sleep(0.05)


def beats(program, seconds):
    before = len(program.heard("WATCHDOG=1"))
    time.sleep(seconds)
    return len(program.heard("WATCHDOG=1")) - before


def either_first(cases, pair, service):
    with cases.case("the collector first: it waits, alive, and is ready only when records flow"):
        with pair.collector(env=WATCHDOG) as collector:
            collector.wait_heard(f"STATUS=waiting for the loader at {pair.socket}")
            harness.check_between(beats(collector, 2), 8, 12, "WATCHDOG=1 in 2 s, one each 200 ms")
            check_equal(collector.heard("READY=1"), [], "READY without a loader")
            check_equal(collector.scrape.page("/readyz")[0], 503, "/readyz without a loader")
            with pair.loader("--port", str(service.port)) as loader:
                loader.wait_heard("READY=1")
                check(pair.socket.exists(), "READY before the socket is there")
                collector.wait_heard("READY=1")
                check_equal(collector.scrape.page("/readyz")[0], 200, "/readyz with a loader")
                requests(service.port, REQUESTS)
                wait_status(collector, f"STATUS=receiving, 1 processes, {REQUESTS} requests")
                check_equal({pid for pid, _ in loader.notified}, {loader.pid}, "who notified for the loader")
                check_equal(loader.stop(), 0, "the loader's exit code")
                check_equal(loader.heard("STOPPING=1"), ["STOPPING=1"], "STOPPING of the loader")
                check_equal(list(pair.pins.iterdir()) if pair.pins.exists() else [], [], "pins after a clean stop")
            wait_status(collector, f"STATUS=waiting for the loader at {pair.socket}")
            with pair.loader("--port", str(service.port)) as loader:
                wait_status(collector, f"STATUS=receiving, 1 processes, {REQUESTS} requests")
            check_equal(collector.stop(), 0, "the collector's exit code")
            check_equal(collector.heard("READY=1"), ["READY=1"], "READY, once")
            check_equal(collector.heard("STOPPING=1"), ["STOPPING=1"], "STOPPING of the collector")
            check_equal({pid for pid, _ in collector.notified}, {collector.pid}, "who notified for the collector")
    with cases.case("the loader first"):
        with pair.loader("--port", str(service.port)) as loader:
            loader.wait_heard("READY=1")
            with pair.collector() as collector:
                collector.wait_heard("READY=1")


def watchdog(cases, pair):
    with cases.case("no sign of life from a collector that hangs, nor for another's watchdog"):
        with pair.collector(env=WATCHDOG) as collector:
            collector.wait_heard("WATCHDOG=1")
            os.kill(collector.pid, signal.SIGSTOP)
            time.sleep(0.1)
            check_equal(beats(collector, 1), 0, "WATCHDOG=1 while it is stopped")
            os.kill(collector.pid, signal.SIGCONT)
            harness.check_between(beats(collector, 1), 3, 7, "WATCHDOG=1 in 1 s when it goes on")
        with pair.collector(env={**WATCHDOG, "WATCHDOG_PID": "1"}) as collector:
            collector.wait_heard("STATUS=")
            check_equal(beats(collector, 1), 0, "WATCHDOG=1 for pid 1's watchdog")


def loader_watchdog(cases, pair, service):
    with cases.case("the loader's sign of life, behind its last filter; none while it hangs"):
        with pair.loader("--port", str(service.port), env=WATCHDOG) as loader:  # faster than it ticks by itself
            loader.wait_heard("READY=1")
            harness.check_between(beats(loader, 2), 8, 12, "WATCHDOG=1 in 2 s, one each 200 ms")
        with pair.loader("--port", str(service.port), env={"WATCHDOG_USEC": "1600000"}) as loader:
            loader.wait_heard("READY=1")
            harness.check_between(beats(loader, 4), 4, 6, "WATCHDOG=1 in 4 s, one each 800 ms")
            os.kill(loader.pid, signal.SIGSTOP)
            time.sleep(0.1)
            check_equal(beats(loader, 2), 0, "WATCHDOG=1 while it is stopped")
            os.kill(loader.pid, signal.SIGCONT)
        with pair.loader("--port", str(service.port)) as loader:
            loader.wait_heard("READY=1")
            check_equal(beats(loader, 1), 0, "WATCHDOG=1 that nobody waits for")


def closed_descriptors(cases, pair, service):
    """What they open later is none of the three, which are no place to write records or samples to."""
    with cases.case("started with descriptors 0 to 2 closed"):
        with (pair.loader("--port", str(service.port), prefix=CLOSED) as loader,
              pair.collector("--print-traces=json", prefix=CLOSED) as collector):
            collector.wait_heard("READY=1")
            for program in loader, collector:
                links = [os.readlink(f"/proc/{program.pid}/fd/{fd}") for fd in range(3)]
                check_equal(links, ["/dev/null"] * 3, f"descriptors 0 to 2 of {processes.status(program.pid)['Name']}")
            requests(service.port, REQUESTS)
            wait_status(collector, f"STATUS=receiving, 1 processes, {REQUESTS} requests")
            check_equal((collector.stop(), loader.stop()), (0, 0), "exit codes")


def main():
    harness.require_privilege()
    cases = harness.Cases()
    with services.python_threaded() as service, Pair() as pair:
        either_first(cases, pair, service)
        watchdog(cases, pair)
        loader_watchdog(cases, pair, service)
        closed_descriptors(cases, pair, service)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
