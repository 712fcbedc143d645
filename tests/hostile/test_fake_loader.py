#!/usr/bin/python3
"""A loader that lies to the collector: fds that are no maps, maps that are not what they are said to be, a ring of
nonsense, messages of wrong size, kind and order, floods, silence. One collector lives through all of it, counts each,
connects again, and then works with a real loader."""
import array
import contextlib
import os
import pathlib
import re
import socket
import struct
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import bpf
import harness
import processes
import services
from harness import check, check_between, check_equal
from unit_pair import Pair, is_sanitized

HELLO, MAP, READY, PROCESS, EXIT, BUSY = range(1, 7)
RING, COUNTERS, RESERVE = 0, 1, 2
HELLO_SIZE = 16
RING_BYTES = 1 << 20
NONSENSE = 1000
FLOOD = 20000
RSS_MAX_KB = 32 * 1024  # the table of processes is full then
ANSWER_S = 10  # how long the collector waits for an answer to its hello
REQUESTS = 25


def message(*numbers):
    return struct.pack(f"={len(numbers)}I", *numbers)


def process(pid, exe=b"/srv/x", exe_size=None):
    size = len(exe) if exe_size is None else exe_size
    return message(PROCESS, pid, 1) + struct.pack("=HHQ16s256s", 80, size, 9, b"x\x1b[2J\n", exe)


def send(connection, data, fds=()):
    connection.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])


class FakeLoader:
    def __init__(self, path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.bind(str(path))
        os.chmod(path, 0o666)
        self.socket.listen(8)
        self.socket.settimeout(5)

    def meet(self):
        """The next conversation, after a hello that is as promised."""
        connection, _ = self.socket.accept()
        connection.settimeout(5)
        hello = connection.recv(4096)
        check_equal((len(hello), struct.unpack("=I", hello[:4])), (HELLO_SIZE, (HELLO,)), "the hello")
        return connection


def count(collector, protocol, cause):
    return collector.scrape.metrics().sum("redstart_unparsed_total", protocol=protocol, cause=cause)


def ended(connection, timeout=5):
    """The collector closes, and has never said a word more."""
    connection.settimeout(timeout)
    try:
        return connection.recv(4096) == b""
    except ConnectionResetError:
        return True


class Fds:
    """What a lying loader may send instead of maps."""

    def __init__(self):
        self.ring = bpf.map_create(bpf.RINGBUF, 0, 0, RING_BYTES)
        self.counters = bpf.map_create(bpf.ARRAY, 4, 256, 2, bpf.MMAPABLE)
        self.array = bpf.map_create(bpf.ARRAY, 4, 4096, 2 + 2 * RING_BYTES // 4096, bpf.MMAPABLE)
        self.memory = os.memfd_create("anon_inode:bpf-map")
        os.truncate(self.memory, 4096 * 2 + 2 * RING_BYTES)
        self.file = tempfile.TemporaryFile()
        self.pipe, self.pipe_end = os.pipe()
        self.event = os.eventfd(0)


def lies(fds):
    """(name, [(message, fds), ...]): each ends the conversation."""
    good = [(message(MAP, COUNTERS, 0, 512), [fds.counters]), (message(MAP, RING, 0, RING_BYTES), [fds.ring])]
    ring = message(MAP, RING, 0, RING_BYTES)
    ready = [(message(READY, 1), [])]
    for name, fd in (("a memfd", fds.memory), ("a file", fds.file.fileno()), ("a pipe", fds.pipe),
                     ("an eventfd", fds.event), ("the counters", fds.counters),
                     ("an array that user space writes", fds.array)):
        yield f"{name} as a ring", [(ring, [fd])]
    yield "a memfd as counters", [(message(MAP, COUNTERS, 0, 512), [fds.memory])]
    yield "a ring as counters", [(message(MAP, COUNTERS, 0, 512), [fds.ring])]
    yield "a ring of another size", [(message(MAP, RING, 0, 2 * RING_BYTES), [fds.ring])]
    yield "counters of another size", [(message(MAP, COUNTERS, 0, 256), [fds.counters])]
    yield "a ring's number out of range", [(message(MAP, RING, 4000000000, RING_BYTES), [fds.ring])]
    yield "the same ring twice", [*good, good[1]]
    yield "the counters twice", [good[0], good[0]]
    yield "the reserve twice", [(message(MAP, RESERVE, 0, RING_BYTES), [fds.ring])] * 2
    yield "a memfd as the reserve", [(message(MAP, RESERVE, 0, RING_BYTES), [fds.memory])]
    yield "no such map", [(message(MAP, 3, 0, RING_BYTES), [fds.ring])]
    yield "a map without fd", [(ring, [])]
    yield "a map with two fds", [(ring, [fds.ring, fds.ring])]
    yield "a map with 200 fds", [(ring, [fds.ring] * 200)]
    yield "ready without maps", ready
    yield "ready for two rings of which one came", [*good, (message(READY, 2), [])]
    yield "ready without counters", [good[1], *ready]
    yield "ready for 4 billion rings", [*good, (message(READY, 0xffffffff), [])]
    yield "ready twice", [*good, *ready, *ready]
    yield "a map after ready", [*good, *ready, good[1]]
    yield "a process before ready", [(process(7), [])]
    yield "a process with an fd", [*good, *ready, (process(7), [fds.event])]
    yield "a process with an impossible length", [*good, *ready, (process(7, exe_size=65535), [])]
    yield "one byte", [(b"\x05", [])]
    yield "64 KiB", [(bytes(65536), [])]
    yield "no such kind", [(message(77, 0), [])]
    yield "our own hello", [(message(HELLO, 0x52445354, 1, 0), [])]
    for kind in (MAP, READY, PROCESS, EXIT):
        yield f"kind {kind}, 4 bytes too long", [*good, *ready, (message(kind).ljust(312, b"\1"), [])]


def liars(cases, loader, collector, fds):
    with loader.meet():
        before = collector.fds()
    for name, messages in lies(fds):
        with cases.case(name):
            known = count(collector, "loader", "bad_message")
            with loader.meet() as connection:
                with contextlib.suppress(BrokenPipeError):
                    for data, with_fds in messages:
                        send(connection, data, with_fds)
                check(ended(connection), "the collector did not end the conversation")
            check_equal(count(collector, "loader", "bad_message"), known + 1, "bad_message")
    with cases.case("no fd is left of all this"):
        with loader.meet():
            kinds = [[re.sub(r"\d+", "", fd) for fd in fds] for fds in (collector.fds(), before)]
        check_equal(*kinds, "fds")


def good_conversation(loader, fds):
    connection = loader.meet()
    send(connection, message(MAP, COUNTERS, 0, 512), [fds.counters])
    send(connection, message(MAP, RING, 0, RING_BYTES), [fds.ring])
    send(connection, message(READY, 1))
    return connection


def nonsense(cases, loader, collector, fds):
    # All ones; a kind that exists with a size that does not fit; zeros; one that lies about where its parts are.
    start = struct.pack("=HHBB", 1, 160, 2, 1)  # as of a good one: kind, size, IPv4, a server's
    records = {
        "ones": b"\xff" * 160,
        "zeros": bytes(160),
        "short": b"\1\0\x90\0" + bytes(4),
        "another size": struct.pack("=HH", 1, 4096).ljust(160, b"\0"),
        "emitted later": start.ljust(64, b"\0") + struct.pack("=Q", 2**63) + b"\xff" * 88,
        "parts outside": (start.ljust(128, b"\0") + struct.pack("=5H", 256, 0, 256, 0, 0)).ljust(160, b"\0"),
    }
    with cases.case(f"a ring of nonsense: {len(records)} kinds, {NONSENSE} of each"):
        with good_conversation(loader, fds):
            collector.wait_heard("READY=1")
            known = count(collector, "ring", "bad_record")
            for record in records.values():
                bpf.ring_fill(fds.ring, record, NONSENSE)
                time.sleep(0.2)
            check_equal(count(collector, "ring", "bad_record") - known, len(records) * NONSENSE, "bad_record")
            check_equal(collector.scrape.metrics().sum("redstart_spans_total"), 0, "spans")
            check_equal(collector.scrape.page("/readyz")[0], 200, "/readyz")


def floods(cases, loader, collector, fds):
    with cases.case(f"{FLOOD} processes, and their ends"):
        with good_conversation(loader, fds) as connection:
            for number in range(FLOOD):
                send(connection, process(number + 1, os.urandom(256)))
            begin = time.monotonic()
            check_equal(collector.scrape.page("/healthz")[0], 200, "/healthz")
            check_between(time.monotonic() - begin, 0, 2, "seconds for /healthz")
            for number in range(FLOOD):
                send(connection, message(EXIT, number + 1))
        if not is_sanitized(collector.pid):
            check_between(int(collector.status("VmRSS")[0]), 1, RSS_MAX_KB, "VmRSS in KiB")


def silences(cases, loader, collector):
    with cases.case("no answer to its hello"):
        known = count(collector, "loader", "bad_message")
        with loader.meet() as connection:
            check(ended(connection, ANSWER_S + 2), "the collector waits for ever")
        check_equal(count(collector, "loader", "bad_message"), known + 1, "bad_message")
    with cases.case("a loader that closes at once, again and again: no spin"):
        begin, end, times = processes.cpu_seconds(collector.pid), time.monotonic() + 3, 0
        while time.monotonic() < end:
            loader.meet().close()
            times += 1
        check_between(times, 2, 40, "conversations in 3 s")
        check_between(processes.cpu_seconds(collector.pid) - begin, 0, 0.3, "seconds of processor time in 3 s")
    with cases.case("an empty message, which is an end"):
        with loader.meet() as connection:
            send(connection, b"")
            check(ended(connection), "the collector stays")
    with cases.case("told that another collector is served"):
        with loader.meet() as connection:
            send(connection, message(BUSY, 0))
            check(ended(connection), "the collector stays")


def main():
    harness.require_privilege()
    cases = harness.Cases()
    with Pair() as pair, services.python_threaded() as service:
        loader, fds = FakeLoader(pair.socket), Fds()
        with pair.collector() as collector:
            collector.wait_heard("STATUS=waiting")
            liars(cases, loader, collector, fds)
            nonsense(cases, loader, collector, fds)
            floods(cases, loader, collector, fds)
            silences(cases, loader, collector)
            loader.socket.close()
            with cases.case("after all this, a real loader"), pair.loader("--port", str(service.port)):
                end = time.monotonic() + 10
                while collector.scrape.page("/readyz")[0] != 200:
                    check(time.monotonic() < end, "not ready with a real loader: " + " | ".join(collector.log[-5:]))
                    time.sleep(0.05)
                for _ in range(REQUESTS):
                    urllib.request.urlopen(f"http://127.0.0.1:{service.port}/hello", timeout=5).read()
                time.sleep(harness.SETTLE_S)
                counted = collector.scrape.metrics().sum("http_server_request_duration_seconds_count")
                check_equal(counted, REQUESTS, "requests counted")
            print(f"       {collector.pid}: VmRSS {collector.status('VmRSS')[0]} KiB")
            check_equal(collector.stop(), 0, "exit code")
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
