"""The pair as its system services start it (packaging/systemd), but without systemd: each program with the user, the
capabilities and the variables of its unit, and a notification socket of the test's own. For tests that stop, kill or
fake one of the two."""
import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import harness
import processes
import services

LOADER_UID, COLLECTOR_UID = 61201, 61202
LOADER_CAPABILITIES = ("bpf", "perfmon", "sys_ptrace", "dac_read_search")
BPFFS = pathlib.Path("/sys/fs/bpf")
START_TIMEOUT_S = 10
PIPE_BYTES = 1 << 20
# What the unit's directives take away, as far as the loader could miss it (ProtectKernelTunables, PrivateNetwork).
LOADER_NAMESPACES = ("unshare", "--mount", "--net", "sh", "-c",
                     'mount --bind "$0" /proc/kallsyms && mount -o bind,ro /proc/sys /proc/sys && exec "$@"')


def is_sanitized(pid):
    """Memory and dumps of a build for tests are other ones."""
    return "libasan" in pathlib.Path(f"/proc/{pid}/maps").read_text()


def setpriv(uid, capabilities=()):
    names = ",".join(["-all", *("+" + name for name in capabilities)])
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", f"--inh-caps={names}",
            f"--ambient-caps={names}", f"--bounding-set={names}", "--no-new-privs", "--pdeathsig=TERM"]


class Program:
    """One running program, with what it notified: (pid of the sender, text)."""

    def __init__(self, command, env, place):
        self.path = place / f"notify-{len(list(place.iterdir()))}.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.settimeout(0.1)
        os.chmod(self.path, 0o666)
        self.notified, self.log, self.output = [], [], []
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": str(self.path), **env})
        self.pid = self.process.pid
        fcntl.fcntl(self.process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)  # a reader that is late holds nothing up
        self._threads = [threading.Thread(target=target, daemon=True) for target in (
            self._hear, lambda: self._collect(self.process.stderr, self.log),
            lambda: self._collect(self.process.stdout, self.output))]
        for thread in self._threads:
            thread.start()

    def _hear(self):
        while True:
            try:
                text, ancillary, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(12))
                pid, _, _ = struct.unpack("iii", ancillary[0][2])
                self.notified.append((pid, text.decode()))
            except TimeoutError:
                if self.process.poll() is not None:
                    return

    @staticmethod
    def _collect(stream, lines):
        for line in stream:
            lines.append(line.decode(errors="replace").rstrip("\n"))

    def heard(self, text):
        return [line for _, message in list(self.notified) for line in message.split("\n") if line.startswith(text)]

    def wait_heard(self, text, timeout=START_TIMEOUT_S, after=0):
        """The first notification that starts with text (after so many of them)."""
        end = time.monotonic() + timeout
        while len(found := self.heard(text)) <= after:
            harness.check(time.monotonic() < end and self.process.poll() is None,
                          f"no {text!r} within {timeout} s (exit code {self.process.poll()}): {self.notified[-5:]} | "
                          + " | ".join(self.log[-10:]))
            time.sleep(0.01)
        return found[after]

    def status(self, name):
        """A field of /proc/PID/status."""
        return processes.status(self.pid)[name].split()

    def fds(self):
        """What its fds are, but for inode numbers."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for fd in os.listdir(f"/proc/{self.pid}/fd"):
                with contextlib.suppress(FileNotFoundError):
                    found.append(os.readlink(f"/proc/{self.pid}/fd/{fd}"))
        return sorted(found)

    def stop(self, number=signal.SIGTERM, timeout=harness.STOP_TIMEOUT_S):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise harness.Failure(f"pid {self.pid} did not end within {timeout} s of signal {number}")
        finally:
            for thread in self._threads:
                thread.join(2)
            self._socket.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Pair:
    """A place for both: the loader's directory, the folder for its pins, the programs where any user can start them."""

    def __enter__(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="redstart-pair-"))
        os.chmod(self.place, 0o755)
        self.directory = pathlib.Path(f"/run/redstart-test.{os.getpid()}")
        self.socket = self.directory / "loader.sock"
        self.pins = BPFFS / f"redstart-test-{os.getpid()}"
        for name in ("redstart-loader", "redstart-collector", "redstart-resolver"):
            if (harness.BIN / name).exists():
                shutil.copy(harness.BIN / name, self.place)
        (self.place / "nothing").touch(0o000)
        self.directory.mkdir()
        os.chmod(self.directory, 0o711)
        os.chown(self.directory, LOADER_UID, LOADER_UID)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)
        with contextlib.suppress(OSError):
            for pin in self.pins.iterdir():
                pin.unlink()
        with contextlib.suppress(OSError):
            self.pins.rmdir()

    def loader(self, *selectors, env=None, prefix=()):
        if not self.pins.exists():
            self.pins.mkdir(0o700)
            os.chown(self.pins, LOADER_UID, LOADER_UID)
        command = [*LOADER_NAMESPACES, self.place / "nothing", *setpriv(LOADER_UID, LOADER_CAPABILITIES), *prefix,
                   self.place / "redstart-loader", "--socket", self.socket, "--pin", self.pins, "--collector-uid",
                   COLLECTOR_UID, *selectors]
        return Program(command, env or {}, self.place)

    def collector(self, *arguments, env=None, prefix=()):
        """Has `scrape`, for its /metrics."""
        port = services.free_port()
        program = Program([*setpriv(COLLECTOR_UID), *prefix, self.place / "redstart-collector", "--loader", self.socket,
                           "--prometheus", port, *arguments], env or {}, self.place)
        program.scrape = harness.Scrape(port)
        return program
