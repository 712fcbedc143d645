#!/usr/bin/python3
"""What outlives a loader and what does not: pins adopted, replaced, removed; a second loader; attaching, detaching and
kill -9 under the load of a service that must not notice."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import harness
import pair
import processes
import services
import test_loader
import wire
from harness import check, check_equal
from load import Load
from pair import Collector, Loader, loader_command, wait_for

DURATION = "http_server_request_duration_seconds_count"
ATTACHES, KILLS = 50, 20
ATTACH_RATE, KILL_RATE = 500, 2000  # requests a second


def check_gone(ids, what):
    """The kernel frees a program some time after its last holder has gone."""
    left = set()

    def gone():
        nonlocal left
        left = ids & pair.bpf_listed()
        return not left
    wait_for(gone, lambda: f"{what}: {sorted(left)} to be gone", 5)


def is_detached(loader, ids):
    check(not loader.pins.exists(), f"{loader.pins} is still there")
    check(not os.path.exists(loader.socket), f"{loader.socket} is still there")
    check_gone(ids, "programs, maps and links")


def run_to_end(*arguments):
    """(exit code, standard error) of a loader that ends by itself."""
    done = subprocess.run([str(part) for part in arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=pair.TIMEOUT_S)
    return done.returncode, done.stderr


@contextlib.contextmanager
def killed(*arguments):
    """A loader that was killed; its folder, pins and what it held are still there."""
    with contextlib.ExitStack() as stack:
        loader = Loader(*arguments)
        stack.callback(loader.stop)
        stack.callback(detach, loader.pins)
        ids = pair.bpf_ids(loader.pid)
        check_equal(loader.end(signal.SIGKILL), -signal.SIGKILL, "exit code after SIGKILL")
        yield loader, ids


def detach(pins):
    return run_to_end(harness.BIN / "redstart-loader", "--detach", "--pin", pins)


def case_clean_stop():
    before = pair.bpf_listed()
    with Loader() as loader:
        ids = pair.bpf_ids(loader.pid)
        check({kind for kind, _ in ids} == {"prog", "map", "link"} and len(ids) > 20, f"it holds {ids}")
        check(not ids & before and ids <= pair.bpf_listed(), "bpftool does not list what the loader holds as new")
    is_detached(loader, ids)


def case_second_loader():
    with Loader() as loader:
        code, text = run_to_end(*loader_command(loader.socket, None, []))
        check_equal((code, f"pid {loader.pid};" in text), (1, True), f"the second loader: {text}")
        other = pair.directory_make()
        code, text = run_to_end(*loader_command(f"{other}/s", loader.pins, []))
        check_equal((code, f"another loader uses {loader.pins}" in text), (1, True), f"another with its pins: {text}")
        os.rmdir(other)
        check(loader.alive() and len(list(loader.pins.iterdir())) > 20, "the first one was disturbed")


def case_adopt():
    """The same maps by their ids; requests that were made while no loader was there are counted."""
    with services.go() as peer, killed("--port", peer.port) as (dead, ids):
        pins = pair.pinned_ids(dead.pins)
        check(ids >= set(pins.values()), "what is pinned is what the loader held")
        for _ in range(25):
            wire.request(peer.port, "GET", "/hello")
        with Loader("--port", peer.port, folder=dead.folder, pins=dead.pins) as loader:
            loader.wait_line("adopted the probes that another loader left attached")
            check_equal(pair.pinned_ids(dead.pins), pins, "ids of what is pinned")
            held = pair.bpf_ids(loader.pid)
            check_equal(test_loader.handed_over(loader)[0], (1, [False]), "whether adopted counters can be written")
            check(held <= ids, f"the second loader holds what the first did not: {sorted(held - ids)}")
            with Collector(loader.socket) as collector:
                wait_for(lambda: collector.metrics().sum(DURATION) == 25,
                         lambda: f"25 requests, counted {collector.metrics().sum(DURATION)}")
        is_detached(loader, ids)


def case_other_selection():
    """Adopted all the same: the new rules are applied to what is attached, and to the connections that are open."""
    with services.go() as peer, services.go() as other, killed("--port", other.port) as (dead, ids), \
            wire.Connection(peer.port) as to_peer, wire.Connection(other.port) as to_other:
        to_peer.exchange("GET", "/hello"), to_other.exchange("GET", "/hello")
        with Loader("--port", peer.port, folder=dead.folder, pins=dead.pins) as loader:
            loader.wait_line("adopted the probes that another loader left attached")
            check(ids <= pair.bpf_listed(), "what was attached is not what is attached now")
            with Collector(loader.socket) as collector:
                before = collector.metrics().sum(DURATION, server_port=other.port)  # while nobody read the rings
                for _ in range(3):
                    to_other.exchange("GET", "/hello")
                    to_peer.exchange("GET", "/hello")
                wait_for(lambda: collector.metrics().sum(DURATION, server_port=peer.port) == 3,
                         "3 requests to be counted")
                check_equal(collector.metrics().sum(DURATION, server_port=other.port), before,
                            "requests not selected any more")
            ids = pair.bpf_ids(loader.pid)
        is_detached(loader, ids)


def swap(pins, one, other):
    (pins / one).rename(pins / "held")
    (pins / other).rename(pins / one)
    (pins / "held").rename(pins / other)


def pin_foreign_map(pins):
    """A map of another size in place of ours."""
    (pins / "map_targets").unlink()
    subprocess.run(["bpftool", "map", "create", pins / "map_targets", "type", "array", "key", "4", "value", "8",
                    "entries", "4", "name", "targets"], check=True)
    os.chown(pins / "map_targets", pair.LOADER_UID, pair.LOADER_UID)


GARBAGE = {
    "a link is missing": lambda pins: (pins / "link_sock_sent").unlink(),
    "a program is another": lambda pins: swap(pins, "prog_sock_sent", "prog_sock_received"),
    "a map is a program": lambda pins: swap(pins, "map_counters", "prog_sock_sent"),
    "a map of another size": pin_foreign_map,
    "only one map": lambda pins: [path.unlink() for path in pins.iterdir() if path.name != "map_events"],
    "no map to begin with": lambda pins: (pins / "map_events").unlink(),
    "a link of another program": lambda pins: swap(pins, "link_sock_sent", "link_sock_received"),
}


def case_garbage(spoil):
    with killed() as (dead, ids):
        spoil(dead.pins)
        with Loader(folder=dead.folder, pins=dead.pins) as loader:
            check(not loader.lines("adopted"), f"adopted all the same: {loader.log}")
            check_gone(ids, "what was pinned before")
            ids = pair.bpf_ids(loader.pid)
        is_detached(loader, ids)


def case_pin_directory_refused():
    """A directory that is somebody else's, or that others may enter, or that is no bpffs."""
    pins = pair.BPFFS / f"redstart-test-{os.getpid()}-refused"
    folder = pair.directory_make()
    try:
        for uid, mode in ((pair.OTHER_UID, 0o700), (pair.LOADER_UID, 0o750), (0, 0o700)):
            pins.mkdir()
            os.chown(pins, uid, uid)
            os.chmod(pins, mode)
            code, text = run_to_end(*loader_command(f"{folder}/s", pins, []))
            pins.rmdir()
            check_equal((code, "cannot pin in" in text), (1, True), f"uid {uid} mode {mode:o}: {text}")
        plain = pathlib.Path(folder, "plain")
        code, text = run_to_end(*loader_command(f"{folder}/s", plain, []))
        check_equal((code, "is the directory in a bpffs?" in text), (1, True), f"no bpffs: {text}")
        check(not plain.exists(), "a directory is left behind")
        plain.mkdir(0o700)
        (plain / "file").touch()
        os.chown(plain, pair.LOADER_UID, pair.LOADER_UID)
        os.chown(plain / "file", pair.LOADER_UID, pair.LOADER_UID)
        run_to_end(*loader_command(f"{folder}/s", plain, []))
        detach(plain)
        check_equal(os.listdir(plain), ["file"], "what is not a pin of ours in --pin")
    finally:
        subprocess.run(["rm", "-r", folder], check=True)


def case_detach():
    with killed() as (dead, ids):
        check(ids & pair.bpf_listed(), "nothing is left attached by a loader that was killed")
        check_equal(detach(dead.pins), (0, ""), "exit code and words of --detach")
        check(not dead.pins.exists(), f"{dead.pins} is still there")
        check_gone(ids, "programs, maps and links")
        check_equal(detach(dead.pins), (0, ""), "--detach again")
    code, text = run_to_end(harness.BIN / "redstart-loader", "--detach")
    check_equal((code, "--pin" in text), (2, True), f"--detach without --pin: {text}")


def check_served(load):
    check_equal(load.errors, [], f"failures of {load.sent} requests")
    print(f"       {load.sent} requests, 0 failed", flush=True)


def case_attach_often():
    """The service under load does not notice, and nothing is left."""
    all_ids = set()
    with services.go() as peer, Load(peer.port, ATTACH_RATE) as load:
        load.resume()
        for _ in range(ATTACHES):
            with Loader("--port", peer.port) as loader:
                all_ids |= pair.bpf_ids(loader.pid)
        load.pause()
        check_served(load)
        check(load.sent > ATTACHES * 10, "the load did not run")
    is_detached(loader, all_ids)


def fd_kinds(program):
    """The kernel's own, sorted; but for what comes and goes: a walk over all processes, connections, files."""
    kinds = [re.sub(r"\d+", "", link) for link in pair.links(program.pid).values()]
    return sorted(kind for kind in kinds if kind.startswith("anon_inode:") and kind != "anon_inode:bpf_iter")


def counted(collector):
    """Requests that became metrics, and records that the kernel says were lost."""
    metrics = collector.metrics()
    lost = sum(metrics.sum("redstart_records_lost_total", cause=cause)
               for cause in ("ring_full", "no_storage", "probe_skipped"))
    return metrics.sum(DURATION), lost


def case_kill_often():
    """Counted and counted as lost make what was sent. The collector is one all along; it connects again by itself."""
    with contextlib.ExitStack() as stack:
        peer = stack.enter_context(services.go())
        loader = Loader("--port", peer.port)
        first = loader
        stack.callback(first.stop)
        stack.callback(detach, first.pins)
        ids, fds = pair.bpf_ids(loader.pid), None
        collector = stack.enter_context(Collector(loader.socket))
        collector_fds = fd_kinds(collector)
        load = stack.enter_context(Load(peer.port, KILL_RATE))
        load.resume()
        for _ in range(KILLS):
            time.sleep(0.5)
            children = processes.children(loader.pid)
            loader.end(signal.SIGKILL)
            loader = Loader("--port", peer.port, folder=first.folder, pins=first.pins)
            check(children and not any(map(processes.lives, children)), "its resolver lives on")
            stack.callback(loader.stop)
            loader.wait_line("adopted the probes")
            loader.wait_line("collector connected")
            check(pair.bpf_ids(loader.pid) <= ids, "it holds other objects than the first one")
            fds = fds or fd_kinds(loader)
            check_equal(fd_kinds(loader), fds, "kinds of fds of a loader that adopted")
        load.pause()
        check_served(load)
        wait_for(lambda: sum(counted(collector)) == load.sent,
                 lambda: f"{load.sent} requests; counted and lost {counted(collector)}; {collector.log[-3:]}", 5)
        print("       counted %d, lost %d" % counted(collector), flush=True)
        check_equal(fd_kinds(collector), collector_fds, "kinds of fds of the collector")
        test_loader.case_memory(loader)
        check_equal(loader.end(), 0, "exit code of the last loader")
        collector.end()
        is_detached(loader, ids)


def main():
    harness.require_privilege()
    cases = harness.Cases()
    for case in (case_clean_stop, case_second_loader, case_adopt, case_other_selection, case_pin_directory_refused,
                 case_detach):
        with cases.case(case.__name__[5:].replace("_", " ")):
            case()
    for name, spoil in GARBAGE.items():
        with cases.case(f"pins: {name}"):
            case_garbage(spoil)
    for case in (case_attach_often, case_kill_often):
        with cases.case(case.__name__[5:].replace("_", " ")):
            case()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
