#!/usr/bin/python3
"""The installed pair under a real systemd, which boots in namespaces on an overlay of this machine: either starts
first, READY means attached and receiving, reload takes changed files, a killed half comes back and finds the other, a
clean stop leaves nothing.

    test_pair.py BUILD_FOLDER       (root; part of `tests/run --full`)

The services of the namespaces have other process ids than the kernel side knows, so no request is observed here: that
is what the end-to-end tests are for."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402
from harness import check, check_equal  # noqa: E402

BOOT_TIMEOUT_S, STATE_TIMEOUT_S = 60, 30
UNITS = ("redstart-loader", "redstart-collector")


class Machine:
    """A booted systemd; everything of it ends with it."""

    def __init__(self, build):
        self.folder = tempfile.mkdtemp(prefix="redstart-systemd-")
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", self.folder], check=True)
        for name in ("upper", "work", "root"):
            os.mkdir(f"{self.folder}/{name}")
        layers = f"lowerdir=/,upperdir={self.folder}/upper,workdir={self.folder}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, f"{self.folder}/root"], check=True)
        root = f"{self.folder}/root"
        subprocess.run(["cmake", "--install", build], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "DESTDIR": root})
        subprocess.run(["systemd-sysusers", f"--root={root}"], check=True)
        self.log = open(f"{self.folder}/boot.log", "wb")
        self.process = subprocess.Popen(["unshare", "-m", "-p", "-f", "-u", "-i", "-C", "--kill-child", HERE / "boot",
                                         self.folder], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.init = None

    def wait_booted(self):
        end = time.monotonic() + BOOT_TIMEOUT_S
        while time.monotonic() < end:
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            if children:
                self.init = children[0]
                if self.systemctl("is-system-running").stdout.strip() in ("running", "degraded"):
                    return
            check(self.process.poll() is None, f"systemd ended: {self.boot_log()}")
            time.sleep(0.3)
        raise AssertionError(f"systemd did not boot: {self.boot_log()}")

    def boot_log(self):
        return pathlib.Path(f"{self.folder}/boot.log").read_text(errors="replace")[-2000:]

    def run(self, *command):
        return subprocess.run(["nsenter", "-t", self.init, "-m", "-p", "-u", "-i", "-C", "-r", "-w", *command],
                              capture_output=True, text=True, timeout=60)

    def systemctl(self, *arguments):
        return self.run("systemctl", *arguments)

    def show(self, unit):
        text = self.systemctl("show", f"{unit}.service").stdout
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def journal(self, unit):
        return self.run("journalctl", "-u", unit, "-o", "cat", "--no-pager").stdout

    def wait_active(self, unit, restarts):
        end = time.monotonic() + STATE_TIMEOUT_S
        while time.monotonic() < end:
            state = self.show(unit)
            if (state["ActiveState"], state["SubState"], state["NRestarts"]) == ("active", "running", str(restarts)):
                return state
            time.sleep(0.2)
        raise AssertionError(f"{unit}: {state['ActiveState']}/{state['SubState']}, {state['NRestarts']} restarts, "
                             f"{self.journal(unit)[-1500:]}")

    def stop(self):
        if self.init:
            os.kill(int(self.init), 9)
        self.process.kill()
        self.process.wait()
        self.log.close()
        for mount in (f"{self.folder}/root", self.folder):
            subprocess.run(["umount", "-l", mount], check=True)
        os.rmdir(self.folder)


def ready():
    """(status, text) of /readyz; the network is the machine's."""
    try:
        with urllib.request.urlopen("http://127.0.0.1:9464/readyz", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def wait_ready():
    end = time.monotonic() + STATE_TIMEOUT_S
    while (seen := ready())[0] != 200 and time.monotonic() < end:
        time.sleep(0.2)
    check_equal(seen[0], 200, f"/readyz ({seen[1]})")


def case_collector_first(machine):
    """It waits, not active, and pulls the loader in (Wants=)."""
    check_equal(machine.systemctl("start", "redstart-collector").returncode, 0, "systemctl start redstart-collector")
    loader, collector = (machine.wait_active(unit, 0) for unit in UNITS)
    check_equal(loader["StatusText"], "probes attached", "the loader's status")
    check(collector["StatusText"].startswith("receiving"), f"the collector's status: {collector['StatusText']}")
    check_equal((loader["User"], collector["User"]), ("redstart-loader", "redstart"), "users")
    wait_ready()


def wait_journal(machine, unit, text):
    end = time.monotonic() + STATE_TIMEOUT_S
    while text not in machine.journal(unit):
        check(time.monotonic() < end, f"no {text!r} of {unit}: {machine.journal(unit)[-1500:]}")
        time.sleep(0.2)


def case_reload(machine):
    """systemctl reload: another redstart.yaml and another loader.conf, each put in place by a rename, hold; bad ones
    are said."""
    def replace(name, text):
        path = pathlib.Path(f"{machine.folder}/root/etc/redstart/{name}")
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").rename(path)

    replace("redstart.yaml", "prometheus: {listen: 'localhost:9464'}\nmetrics: {series_ttl: 77s}\n")
    replace("loader.conf", "exe = nobody-has-this-name\n")
    check_equal(machine.systemctl("reload", *UNITS).returncode, 0, "systemctl reload")
    wait_journal(machine, "redstart-collector", "metrics.series_ttl is 1m17s now, was 5m")
    wait_journal(machine, "redstart-loader", "observing by the rules as they are now")
    replace("redstart.yaml", "metrics: {series_ttl: 77}\n")
    replace("loader.conf", "prot = 8080\n")
    machine.systemctl("reload", *UNITS)
    wait_journal(machine, "redstart-collector", "redstart.yaml:1:23: metrics.series_ttl: expected a duration")
    wait_journal(machine, "redstart-loader", "the rules stay as they were")
    replace("redstart.yaml", "prometheus: {listen: 'localhost:9464'}\n")
    replace("loader.conf", "")
    wait_ready()


def case_killed_loader(machine):
    machine.systemctl("kill", "-s", "KILL", "redstart-loader")
    machine.wait_active("redstart-loader", 1)
    check("adopted the probes" in machine.journal("redstart-loader"), "the new loader did not adopt what was attached")
    wait_ready()
    machine.wait_active("redstart-collector", 0)


def case_killed_collector(machine):
    machine.systemctl("kill", "-s", "KILL", "redstart-collector")
    machine.wait_active("redstart-collector", 1)
    wait_ready()


def case_watchdog(machine):
    """Both answer it: nothing restarts for longer than WatchdogSec."""
    for unit in UNITS:
        check_equal(machine.show(unit)["WatchdogUSec"], "30s", f"{unit}: watchdog")
    time.sleep(33)
    machine.wait_active("redstart-loader", 1)
    machine.wait_active("redstart-collector", 1)


def case_stop(machine):
    check_equal(machine.systemctl("stop", *UNITS).returncode, 0, "systemctl stop")
    for unit in UNITS:
        state = machine.show(unit)
        check_equal((state["ActiveState"], state["Result"]), ("inactive", "success"), unit)
    check_equal(machine.run("ls", "/sys/fs/bpf/redstart").stdout.split(), [], "left pinned")


def main(build):
    harness.require_privilege()
    cases = harness.Cases()
    machine = Machine(build)
    try:
        with cases.case("boot"):
            machine.wait_booted()
        if machine.init:
            for name, function in (("collector first", case_collector_first), ("reload", case_reload),
                                   ("killed loader", case_killed_loader),
                                   ("killed collector", case_killed_collector), ("watchdog", case_watchdog),
                                   ("stop", case_stop)):
                with cases.case(name):
                    function(machine)
    finally:
        machine.stop()
    return cases.finish()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
