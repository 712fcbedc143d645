#!/usr/bin/python3
"""The loader from outside: who it is and what it holds by /proc, what it answers to a peer that keeps no rule."""
import contextlib
import mmap
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

import harness
import pair
import processes
from harness import check, check_between, check_equal
from pair import Client, Loader

SIZE_MAX = 1_572_864  # stripped, bytes
LINES_MAX = 2500
RING, COUNTERS, RESERVE = range(3)  # enum message_map
RSS_MAX_KB = 3072
CAP_SYS_PTRACE = 1 << 19
HELLO_TIMEOUT_S = 2.0
FDS_ALLOWED = re.compile(r"anon_inode:(bpf-map|bpf-prog|bpf_link|bpf-link|btf|bpf_iter)$|"
                         r"anon_inode:\[(eventpoll|timerfd|signalfd)\]$|"
                         r"socket:\[\d+\]$|pipe:\[\d+\]$|/dev/null$|/sys/fs/bpf/redstart-test-")


def unix_inodes():
    return {line.split()[6] for line in pathlib.Path("/proc/net/unix").read_text().splitlines()[1:]}


def case_identity(loader):
    status = processes.status(loader.pid)
    me = str(pair.LOADER_UID)
    expected = {"Uid": [me] * 4, "Gid": [me] * 4, "Groups": [], "NoNewPrivs": ["1"], "Seccomp": ["2"],
                "Seccomp_filters": ["2"], "Umask": ["0077"], "Threads": ["1"]}
    expected |= {name: [f"{0:016x}"] for name in ("CapInh", "CapBnd", "CapAmb")}
    expected |= {name: [f"{CAP_SYS_PTRACE:016x}"] for name in ("CapPrm", "CapEff")}
    check_equal({name: status[name].split() for name in expected}, expected, "status of the loader")
    limits = pathlib.Path(f"/proc/{loader.pid}/limits").read_text()
    check_equal(re.findall(r"^Max (core file size|open files) +(\d+) +(\d+)", limits, re.MULTILINE),
                [("core file size", "0", "0"), ("open files", "256", "256")], "limits")
    check_equal(os.stat(f"/proc/{loader.pid}/mem").st_uid, 0, "owner of its memory (root: it is not dumpable)")


def case_untouchable(loader):
    """Neither its own user nor the collector's reads its memory or its fds; the collector cannot signal it."""
    for uid in (pair.LOADER_UID, pair.COLLECTOR_UID):
        for command in (["cat", f"/proc/{loader.pid}/mem"], ["ls", f"/proc/{loader.pid}/fd"],
                        *([["kill", "-0", loader.pid]] if uid == pair.COLLECTOR_UID else [])):
            done = subprocess.run(["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups",
                                   *map(str, command)], capture_output=True)
            check(done.returncode != 0, f"uid {uid} may {command}")


def case_fds(loader):
    def strange():
        return [link for link in pair.links(loader.pid).values() if not FDS_ALLOWED.match(link)]
    # For a moment, a file that the resolver is asked about.
    pair.wait_for(lambda: not strange(), lambda: f"fds of an unknown kind to go away: {strange()}", 2)
    found = pair.links(loader.pid)
    inodes = unix_inodes()
    sockets = [link[8:-1] for link in found.values() if link.startswith("socket:")]
    check(sockets, "no socket at all")
    check(all(inode in inodes for inode in sockets), f"sockets that are not Unix sockets: {sockets}")
    shown = subprocess.run(["ss", "-Hantuw0p"], capture_output=True, text=True).stdout
    check(f"pid={loader.pid}," not in shown, f"ss shows a network socket of the loader: {shown}")


def case_memory(loader):
    check_between(processes.resident_kib(loader.pid), 1, RSS_MAX_KB, "VmRSS in kB")


def case_pins(loader):
    info = os.stat(loader.pins)
    check_equal((info.st_mode & 0o777, info.st_uid), (0o700, pair.LOADER_UID), "mode and owner of the pin directory")
    check_equal(os.stat(loader.socket).st_uid, pair.LOADER_UID, "owner of the socket")


def case_binary():
    path = harness.BIN / "redstart-loader"
    headers = subprocess.run(["readelf", "-lW", path], capture_output=True, text=True).stdout
    check("GNU_STACK" in headers and "INTERP" not in headers and "DYNAMIC" not in headers, f"not static: {headers}")
    with tempfile.NamedTemporaryFile() as stripped:
        subprocess.run(["strip", "-o", stripped.name, path], check=True)
        size = os.stat(stripped.name).st_size
    print(f"       {size} bytes stripped", flush=True)
    check_between(size, 1, SIZE_MAX, "stripped size in bytes")


def sources_of_loader():
    """loader/ and what of common/ its files include, directly or not; a header brings its .c file."""
    found, queue = set(), sorted((harness.ROOT / "loader").glob("*.[ch]"))
    while queue:
        path = queue.pop()
        if path in found:
            continue
        found.add(path)
        queue += [harness.ROOT / name for name in re.findall(r'#include "((?:common|loader)/[^"]+)"', path.read_text())]
        if path.suffix == ".h" and path.with_suffix(".c").exists():
            queue.append(path.with_suffix(".c"))
    return found


def case_lines():
    """Lines of code: not blank, not only a comment."""
    sources = [path.read_text().splitlines() for path in sources_of_loader()]
    code = sum(bool(line.strip()) and not line.lstrip().startswith("//") for lines in sources for line in lines)
    print(f"       {code} lines of code, {sum(map(len, sources))} in all, {len(sources)} files", flush=True)
    check_between(code, 1, LINES_MAX, "own lines of code with privilege")


@contextlib.contextmanager
def unchanged(loader):
    """The loader's fds and memory are afterwards what they were."""
    def seen():
        return len(pair.links(loader.pid))
    fds, rss = seen(), processes.resident_kib(loader.pid)
    yield
    check(loader.alive(), f"the loader is gone: {loader.log[-4:]}")
    pair.wait_for(lambda: seen() == fds, lambda: f"{fds} fds, now {pair.links(loader.pid)}")
    check_between(processes.resident_kib(loader.pid), 1, rss + 64, f"VmRSS in kB (before {rss})")


def serves(loader):
    """A collector that keeps to the rules is served whole: counters, reserve, rings, ready, then this very test's
    shell."""
    with Client(loader.socket) as client:
        client.send(pair.GOOD_HELLO)
        messages = client.messages(pair.READY)
        rings = struct.unpack("=II", messages[-1][1])[1]
        check_equal([(kind, len(message), fds) for kind, message, fds in messages],
                    [(pair.MAP, 16, 1)] * (2 + rings) + [(pair.READY, 8, 0)], "maps and ready")
        kind, message = client.messages(pair.PROCESS)[-1][:2]
        check_equal((kind, len(message)), (pair.PROCESS, 296), "a process record")
    loader.wait_line("collector disconnected", f"pid={os.getpid()} uid={pair.COLLECTOR_UID}")
    loader.log.clear()


def refused(loader, name, message, why, fds=()):
    """The conversation ends at this message, with one warning that names the peer."""
    loader.log.clear()
    with Client(loader.socket) as client:
        client.send(message, fds)
        client.wait_end()
        loader.wait_line(why, f"pid={os.getpid()} uid={pair.COLLECTOR_UID}")
        warnings = loader.lines(": warn: ")
        check_equal(len(warnings), 1, f"{name}: warnings {warnings}")


def may_map(fd, offset, size, *protection):
    try:
        mmap.mmap(fd, size, mmap.MAP_SHARED, sum(protection), offset=offset).close()
    except PermissionError:
        return False
    return True


def handed_over(loader):
    """Of each map: (kind, which of its parts can be written)."""
    found = []
    with Client(loader.socket) as client:
        client.send(pair.GOOD_HELLO)
        while struct.unpack_from("=I", (received := client.receive())[0])[0] == pair.MAP:
            (message, (fd,)), page = received, mmap.PAGESIZE
            kind, size = struct.unpack("=4xI4xI", message)
            parts = [(0, size)] if kind == COUNTERS else [(0, page), (page, page), (2 * page, 2 * size)]
            check(all(may_map(fd, *part, mmap.PROT_READ) for part in parts), "a map that cannot be read")
            found.append((kind, [may_map(fd, *part, mmap.PROT_READ, mmap.PROT_WRITE) for part in parts]))
            os.close(fd)
    return found


def case_handed_over(loader):
    """Counters can only be read; of rings and their reserve only the page with the reader's position can be written."""
    counters, reserve, *rings = handed_over(loader)
    check_equal(counters, (COUNTERS, [False]), "the counters")
    check_equal(reserve, (RESERVE, [True, False, False]), "the reserve")
    check(rings and all(ring == (RING, [True, False, False]) for ring in rings), f"the rings: {rings}")


def case_hellos(loader):
    """All lengths from 1 to 64 and beyond; each byte of a good one corrupted."""
    no_hello = "a message that is no hello"
    for size in [*range(1, 65), 4096, 100_000]:
        if size != len(pair.GOOD_HELLO):
            refused(loader, f"{size} bytes", (pair.GOOD_HELLO * (size // 16 + 1))[:size], no_hello)
    for at in range(16):
        for flip in (0x01, 0x80, 0xff):
            bad = bytearray(pair.GOOD_HELLO)
            bad[at] ^= flip
            refused(loader, f"byte {at} ^ {flip:#x}", bytes(bad), "another ABI version" if 8 <= at < 12 else no_hello)
    refused(loader, "junk", os.urandom(16), no_hello)
    serves(loader)


def case_fds_sent(loader):
    with open("/dev/null") as null:
        for count in (1, 2, 250):
            refused(loader, f"{count} fds", pair.GOOD_HELLO, "it sent file descriptors", [null.fileno()] * count)
            refused(loader, f"junk with {count} fds", b"x", "it sent file descriptors", [null.fileno()] * count)
    serves(loader)


def case_second_hello(loader):
    with Client(loader.socket) as client:
        client.send(pair.GOOD_HELLO)
        client.messages(pair.READY)
        client.send(pair.GOOD_HELLO)
        client.wait_end()
    loader.wait_line("a second hello", f"pid={os.getpid()} uid={pair.COLLECTOR_UID}")
    serves(loader)


def case_closed_early(loader):
    for farewell in (lambda c: None, lambda c: c.send(pair.GOOD_HELLO), lambda c: c.send(b"")):
        for _ in range(20):
            # Refused at once while the end of the one before is not read.
            with Client(loader.socket) as client, contextlib.suppress(BrokenPipeError):
                farewell(client)
    serves_soon(loader)


def serves_soon(loader):
    """After clients that came and went at once: the place is free as soon as their ends are read."""
    def place_is_free():
        with Client(loader.socket) as client:
            client.send(pair.GOOD_HELLO)
            return struct.unpack_from("=I", client.receive()[0].ljust(4, b"\0"))[0] == pair.MAP
    pair.wait_for(place_is_free, "a free place", 5)
    time.sleep(0.1)
    serves(loader)


def case_silent(loader):
    begin = time.monotonic()
    with Client(loader.socket) as client:
        client.wait_end()
    check_between(time.monotonic() - begin, HELLO_TIMEOUT_S - 0.5, HELLO_TIMEOUT_S + 1.5,
                  "s until a silent peer is closed")
    loader.wait_line("it never said hello", f"pid={os.getpid()} uid={pair.COLLECTOR_UID}")
    serves(loader)


def case_wrong_uid(loader):
    for uid in (0, pair.OTHER_UID, pair.LOADER_UID):
        time.sleep(1.1)  # the line is limited to one a second
        with Client(loader.socket, uid) as client:
            with contextlib.suppress(BrokenPipeError):
                client.send(pair.GOOD_HELLO)
            check_equal(client.receive(), (b"", []), f"what uid {uid} is told")
        loader.wait_line("refused a connection", f"uid={uid} pid={os.getpid()}")
    serves(loader)


def case_second_collector(loader):
    with Client(loader.socket) as first:
        first.send(pair.GOOD_HELLO)
        first.messages(pair.READY)
        with Client(loader.socket) as second:
            check_equal(second.receive(), (struct.pack("=II", pair.BUSY, 0), []), "what a second collector is told")
            check_equal(second.receive(), (b"", []), "what it is told then")
        loader.wait_line("refused a second collector", f"pid={os.getpid()}", f"uid={pair.COLLECTOR_UID}")
        # The first one's conversation goes on: it hears of a process that is made now.
        hears_of_new_process(first)
    serves_soon(loader)


def crowd_connect(loader, uid, stack):
    """500 at once."""
    waiting = [stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)) for _ in range(500)]
    end = time.monotonic() + 20
    with pair.user(uid):
        while waiting and time.monotonic() < end:
            again = []
            for client in waiting:
                client.setblocking(False)
                try:
                    client.connect(loader.socket)
                except BlockingIOError:  # its backlog is full
                    again.append(client)
            waiting = again
            time.sleep(0.005)
    check(not waiting, f"{len(waiting)} could not even connect")


def hears_of_new_process(client):
    """It lives until it is told: what finds no room in a busy host's records is told by a later walk."""
    with subprocess.Popen(["/bin/sleep", "30"]) as child:
        try:
            end = time.monotonic() + pair.TIMEOUT_S
            while struct.unpack_from("=II", client.messages(pair.PROCESS)[-1][1])[1] != child.pid:
                check(time.monotonic() < end, f"no record of the new process in {pair.TIMEOUT_S} s")
        finally:
            child.kill()


def case_strangers(loader):
    """A collector is served while 500 others, who may not be, knock."""
    with contextlib.ExitStack() as stack, Client(loader.socket) as client:
        client.send(pair.GOOD_HELLO)
        client.messages(pair.READY)
        crowd_connect(loader, pair.OTHER_UID, stack)
        hears_of_new_process(client)
        crowd_connect(loader, pair.COLLECTOR_UID, stack)
        hears_of_new_process(client)
    serves_soon(loader)


def case_crowd(loader):
    """Of which one may be served; the loader keeps one fd for them all."""
    with contextlib.ExitStack() as stack:
        crowd_connect(loader, pair.COLLECTOR_UID, stack)
        check_between(len([1 for link in pair.links(loader.pid).values() if link.startswith("socket:")]), 1, 4,
                      "sockets of the loader with 500 clients")
    serves_soon(loader)


def case_never_reads(loader):
    """Its buffer fills while processes come and go; the next one hears of every process that lives."""
    with Client(loader.socket) as deaf:
        deaf.send(pair.GOOD_HELLO)
        time.sleep(0.2)
        for _ in range(40):
            subprocess.run(["/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done"], check=True)
        children = [subprocess.Popen(["/bin/sleep", "30"]) for _ in range(40)]
        time.sleep(0.3)
    try:
        wanted, heard = {child.pid for child in children}, set()
        with Client(loader.socket) as client:
            client.send(pair.GOOD_HELLO)
            client.messages(pair.READY)
            client.socket.settimeout(3)
            with contextlib.suppress(TimeoutError):
                while not wanted <= heard:
                    heard.add(struct.unpack_from("=II", client.messages(pair.PROCESS)[-1][1])[1])
        check(wanted <= heard, f"processes that the next collector does not hear of: {sorted(wanted - heard)}")
    finally:
        for child in children:
            child.kill()
            child.wait()
    serves_soon(loader)


OUTSIDE = (case_identity, case_untouchable, case_fds, case_memory, case_pins)
CONVERSATION = (case_handed_over, case_hellos, case_fds_sent, case_second_hello, case_closed_early, case_silent,
                case_wrong_uid, case_second_collector, case_strangers, case_crowd, case_never_reads)


def main():
    harness.require_privilege()
    cases = harness.Cases()
    for case in (case_binary, case_lines):
        with cases.case(case.__name__[5:]):
            case()
    with Loader() as loader:
        for case in OUTSIDE:
            with cases.case(case.__name__[5:]):
                case(loader)
        serves(loader)
        with cases.case("fds and memory as before all conversations"), unchanged(loader):
            for case in CONVERSATION:
                with cases.case(case.__name__[5:].replace("_", " ")), unchanged(loader):
                    case(loader)
        for case in OUTSIDE:
            with cases.case(f"{case.__name__[5:]}, afterwards"):
                case(loader)
        print(f"       VmRSS {processes.status(loader.pid)['VmRSS'].strip()}", flush=True)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
