#!/usr/bin/python3
"""What the collector may do, seen from outside: ids, capability sets, filters, fds, mappings. And what it means when it
is killed: the next one gets the same maps, the accounts balance, the service never notices."""
import pathlib
import os
import re
import signal
import subprocess
import sys
import time

import harness
import processes
import services
from harness import check, check_equal
from load import Load
from unit_pair import COLLECTOR_UID, Pair, is_sanitized

KILLS = 20
RATE = 2000  # requests a second
COUNT = "http_server_request_duration_seconds_count"
NO_CAPABILITY = ["0000000000000000"]
# The most that one kill may take along: what was drained and not yet written out. Drains come each 10 ms, on a busy
# machine later.
LOST_WITH_ONE_MAX = RATE * 100 // 1000


def status_of(pid):
    return {name: text.split() for name, text in processes.status(pid).items()}


def map_ids(pid):
    """(type, id) of the BPF maps that a process holds; 27 is a ring, 2 an array."""
    found = []
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        if os.readlink(f"/proc/{pid}/fd/{fd}") == "anon_inode:bpf-map":
            text = pathlib.Path(f"/proc/{pid}/fdinfo/{fd}").read_text()
            fields = dict(re.findall(r"^(\w+):\t(\S+)", text, re.MULTILINE))
            found.append((int(fields["map_type"]), int(fields["map_id"])))
    return sorted(found)


def check_powerless(pid):
    status = status_of(pid)
    ids = set(status["Uid"] + status["Gid"])
    check("0" not in ids and len(ids) == 1, f"ids: {status['Uid']} {status['Gid']}")
    check_equal(status["Groups"], [], "supplementary groups")
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        check_equal(status[name], NO_CAPABILITY, name)
    check_equal((status["NoNewPrivs"], status["Seccomp"]), (["1"], ["2"]), "NoNewPrivs, Seccomp")
    for task in os.listdir(f"/proc/{pid}/task"):
        check_equal(status_of(f"{pid}/task/{task}")["Seccomp"], ["2"], f"Seccomp of thread {task}")
    # Not dumpable: its files in /proc are root's, so nobody of its own user can trace it or read its memory.
    if not is_sanitized(pid):
        check_equal(os.stat(f"/proc/{pid}/mem").st_uid, 0, "owner of /proc/PID/mem")


def check_fds(pid):
    kinds = {re.sub(r"\[\d+\]", "", os.readlink(f"/proc/{pid}/fd/{fd}")) for fd in os.listdir(f"/proc/{pid}/fd")}
    allowed = {"/dev/null", "pipe:", "socket:", "anon_inode:[eventpoll]", "anon_inode:[signalfd]",
               "anon_inode:[eventfd]", "anon_inode:[timerfd]", "anon_inode:bpf-map"}
    check(kinds <= allowed, f"fds of other kinds: {kinds - allowed}")
    maps = [kind for kind, _ in map_ids(pid)]
    check(maps and set(maps) == {27}, f"maps that it holds: {maps}")  # the counters stay mapped, their fd is closed


def from_outside(cases, service):
    with harness.Redstart("--port", service.port) as redstart:
        subprocess.run(["curl", "-sf", "-o", "/dev/null", f"http://127.0.0.1:{service.port}/hello"], check=True)
        redstart.wait_spans(1)
        pid = redstart.collector()
        with cases.case("redstart run: no uid 0, no capability in any set, filtered, not dumpable"):
            check_powerless(pid)
        with cases.case("redstart run: no fd but its outputs, the loader's socket and rings"):
            check_fds(pid)
        with cases.case("the counters are mapped read-only, of a ring only the position is writable"):
            writable = [line for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
                        if "bpf-map" in line and line.split()[1][1] == "w"]
            bounds = [[int(bound, 16) for bound in line.split()[0].split("-")] for line in writable]
            sizes = {end - begin for begin, end in bounds}
            check_equal(sizes, {os.sysconf("SC_PAGESIZE")}, f"writable pages of maps {writable}")
        with cases.case("no memory is writable and executable"):
            both = [line for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
                    if line.split()[1].startswith("rwx")]
            check_equal(both, [], "mappings")


class Accounts:
    """Requests counted by collectors that are gone, and by the one that runs."""

    def __init__(self):
        self.before = 0

    def now(self, collector):
        metrics = collector.scrape.metrics()
        unparsed = [(labels, n) for labels, n in metrics.select("redstart_unparsed_total") if n]
        lost = metrics.sum("redstart_records_lost_total")
        return metrics.sum(COUNT), lost, unparsed

    def balance(self, collector, load):
        """Nothing is in flight: counted before and now, and lost by the kernel's own count, is what was sent."""
        end = time.monotonic() + 5
        while True:
            counted, lost, unparsed = self.now(collector)
            if self.before + counted + lost == load.sent or time.monotonic() > end:
                break
            time.sleep(0.05)
        check_equal(self.before + counted + lost, load.sent,
                    f"{self.before} counted before, {counted} now, {lost} lost (unparsed {unparsed}): sum")
        check_equal(unparsed, [], "unparsed")
        return counted, lost


def holdings(program):
    """Kinds of its fds, and its memory in KiB."""
    return [re.sub(r"\d+", "", fd) for fd in program.fds()], int(program.status("VmRSS")[0])


def kill_balanced(cases, pair, service, loader):
    """Each collector is stopped with its account settled, and killed under load while records pile up for the next."""
    accounts, collector = Accounts(), pair.collector()
    collector.wait_heard("READY=1")
    maps, lost = map_ids(collector.pid), 0
    name = f"kill -9 of the collector, {KILLS} times under load: accounts balance"
    with Load(service.port, RATE) as load, cases.case(name):
        for number in range(KILLS):
            load.resume()
            time.sleep(0.25)
            load.pause()
            counted, lost = accounts.balance(collector, load)
            os.kill(collector.pid, signal.SIGSTOP)
            load.resume()
            time.sleep(0.1)
            collector.stop(signal.SIGKILL)
            accounts.before += counted
            collector = pair.collector()
            collector.wait_heard("READY=1")
            check_equal(map_ids(collector.pid), maps, "maps of the next collector")
            if number == 0:
                early = holdings(loader)
        time.sleep(0.25)
        load.pause()
        counted, lost = accounts.balance(collector, load)
        check_equal(load.errors, [], "errors of the service")
        late = holdings(loader)
        check_equal(late[0], early[0], "the loader's fds")
        check(late[1] <= early[1] + 64, f"the loader grew from {early[1]} to {late[1]} KiB")
        print(f"       {load.sent} sent = {accounts.before:.0f} counted by {KILLS} that were killed + {counted:.0f} by "
              f"the last + {lost:.0f} lost; loader {late[1]} KiB, {len(late[0])} fds")
    collector.stop()


def kill_any_moment(cases, pair, service):
    """No pause: what the dead had drained and not written out goes with it, and no more than that."""
    shown = 0
    with Load(service.port, RATE) as load, cases.case(f"kill -9 of the collector at any moment, {KILLS} times"):
        collectors = [pair.collector("--print-traces=json")]
        collectors[-1].wait_heard("READY=1")
        load.resume()
        for _ in range(KILLS):
            time.sleep(0.15 + os.urandom(1)[0] / 2550)
            collectors[-1].stop(signal.SIGKILL)
            collectors.append(pair.collector("--print-traces=json"))
            collectors[-1].wait_heard("READY=1")
        load.pause()
        time.sleep(harness.SETTLE_S)
        lost = collectors[-1].scrape.metrics().sum("redstart_records_lost_total", cause="ring_full")
        collectors[-1].stop()
        shown = sum(line.endswith("}") for collector in collectors for line in collector.output)
        check_equal(load.errors, [], "errors of the service")
        missing = load.sent - shown - lost
        harness.check_between(missing, 0, KILLS * LOST_WITH_ONE_MAX,
                              f"of {load.sent} sent neither shown ({shown}) nor lost")
        print(f"       {load.sent} sent, {shown} shown, {lost:.0f} lost by the kernel's count, {missing:.0f} gone with "
              f"{KILLS} collectors")


def main():
    harness.require_privilege()
    cases = harness.Cases()
    with services.go() as service:
        from_outside(cases, service)
        with Pair() as pair, pair.loader("--port", str(service.port)) as loader:
            loader.wait_heard("READY=1")
            with cases.case("as its unit starts it"):
                with pair.collector() as collector:
                    collector.wait_heard("READY=1")
                    check_powerless(collector.pid)
                    check_fds(collector.pid)
                    check_equal(set(status_of(collector.pid)["Uid"]), {str(COLLECTOR_UID)}, "uid")
            kill_balanced(cases, pair, service, loader)
        with Pair() as pair, pair.loader("--port", str(service.port)) as loader:
            loader.wait_heard("READY=1")
            kill_any_moment(cases, pair, service)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
