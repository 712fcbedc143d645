"""The real loader and the real collector, each started by hand by root, with a directory, pins and users of their own,
and peers that keep no rule. Used by test_loader*.py and test_audit.py; the pair as its units start it is in
unit_pair.py."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import harness
import services
from harness import check

LOADER_UID, COLLECTOR_UID, OTHER_UID = 62001, 62002, 62003
HELLO, MAP, READY, PROCESS, EXIT, BUSY = range(1, 7)  # enum message_kind
MAGIC = 0x52445354
ABI_VERSION = int(re.search(r"#define ABI_VERSION (\d+)",
                            (harness.ROOT / "common/abi/types.h").read_text()).group(1))
GOOD_HELLO = struct.pack("=IIII", HELLO, MAGIC, ABI_VERSION, 0)
TIMEOUT_S = 10
BPFFS = pathlib.Path("/sys/fs/bpf")


def directory_make():
    """For a socket: the loader's, and nobody else may write it."""
    folder = tempfile.mkdtemp(prefix="redstart-pair-")
    os.chmod(folder, 0o755)
    os.chown(folder, LOADER_UID, LOADER_UID)
    return folder


def wait_for(condition, what, timeout=TIMEOUT_S):
    """The first true value of condition(). what: a text, or a function that gives one in the end."""
    end = time.monotonic() + timeout
    while not (value := condition()):
        check(time.monotonic() < end, f"waited {timeout} s for {what if isinstance(what, str) else what()}")
        time.sleep(0.02)
    return value


def links(pid):
    """What the process's fds are: the kernel's link texts, by number."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
    return found


def bpf_ids(pid):
    """{(kind, id)} of the programs, maps and links that the process holds."""
    found = set()
    for name in os.listdir(f"/proc/{pid}/fdinfo"):
        with contextlib.suppress(FileNotFoundError):
            text = pathlib.Path(f"/proc/{pid}/fdinfo/{name}").read_text()
            for kind in ("link", "prog", "map"):  # a link's text names its program as well
                if match := re.search(rf"^{kind}_id:\s+(\d+)$", text, re.MULTILINE):
                    found.add((kind, int(match.group(1))))
                    break
    return found


def bpf_listed():
    """The same of the whole host, by bpftool."""
    found = set()
    for kind in ("prog", "map", "link"):
        output = subprocess.run(["bpftool", "-j", kind, "list"], capture_output=True, text=True, timeout=30).stdout
        found |= {(kind, entry["id"]) for entry in json.loads(output or "[]")}
    return found


def pinned_ids(pins):
    """{name: (kind, id)} of what is pinned in a directory."""
    found = {}
    for path in sorted(pins.iterdir()):
        kind = path.name.split("_", 1)[0]
        output = subprocess.run(["bpftool", "-j", kind, "show", "pinned", path], capture_output=True, text=True,
                                timeout=30).stdout
        found[path.name] = (kind, json.loads(output)["id"])
    return found


class Program:
    """A process of ours and its log."""

    def __init__(self, command, env=None):
        self.log = []
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        env={**os.environ, **(env or {})}, start_new_session=True)
        self.pid = self.process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line.decode(errors="replace").rstrip("\n"))

    def lines(self, *parts):
        """Log lines that contain all of these."""
        return [line for line in self.log if all(part in line for part in parts)]

    def wait_line(self, *parts):
        return wait_for(lambda: self.lines(*parts), lambda: f"a log line with {parts}; log: {self.log[-8:]}")[0]

    def end(self, number=signal.SIGTERM):
        """The exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise harness.Failure(f"pid {self.pid} did not end by signal {number}: {self.log[-8:]}")
        finally:
            self._reader.join(2)
        return self.process.returncode

    def alive(self):
        return self.process.poll() is None


def loader_command(socket_path, pins, arguments):
    pin = ["--pin", pins] if pins else []
    return [*services.DIE_WITH_TEST, harness.BIN / "redstart-loader", "--socket", socket_path,
            "--collector-uid", COLLECTOR_UID, *pin, *arguments]


class Loader(Program):
    """Waits until it says that it is ready. With folder and pins of an earlier one it adopts."""
    _count = 0

    def __init__(self, *arguments, folder=None, pins=None):
        Loader._count += 1
        self.own_folder = folder is None
        self.folder = folder or directory_make()
        self.socket = f"{self.folder}/s"
        self.pins = pins or BPFFS / f"redstart-test-{os.getpid()}-{Loader._count}"
        name = f"redstart-test-notify-{os.getpid()}-{Loader._count}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind("\0" + name)
            super().__init__(loader_command(self.socket, self.pins, arguments), {"NOTIFY_SOCKET": "@" + name})
            try:
                self._wait_ready(notify)
            except BaseException:
                self.stop()
                raise

    def _wait_ready(self, notify):
        notify.settimeout(0.2)
        end = time.monotonic() + TIMEOUT_S
        while True:
            with contextlib.suppress(TimeoutError):
                if b"READY=1" in notify.recv(512):
                    return
            check(self.alive() and time.monotonic() < end, f"the loader is not ready: {self.log[-8:]}")

    def stop(self):
        try:
            return self.end()
        finally:
            if self.own_folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        code = self.stop()
        if kind is None:
            harness.check_equal(code, 0, f"the loader's exit code; log: {self.log[-8:]}")


class Collector(Program, harness.Scrape):
    """The real collector as COLLECTOR_UID, its metrics on a port."""

    def __init__(self, loader_socket):
        self.port = services.free_port()
        super().__init__(["setpriv", "--pdeathsig", "TERM", "--reuid", COLLECTOR_UID, "--regid", COLLECTOR_UID,
                          "--clear-groups", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all",
                          harness.BIN / "redstart-collector", "--loader", loader_socket,
                          "--prometheus", self.port])

    def is_ready(self):
        with contextlib.suppress(OSError):
            return self.page("/readyz")[0] == 200
        return False

    def __enter__(self):
        wait_for(self.is_ready, lambda: f"a collector that is ready; log: {self.log[-8:]}")
        return self

    def __exit__(self, *_):
        self.end()


@contextlib.contextmanager
def user(uid):
    """Connects as another user; root again afterwards."""
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


class Client:
    """Somebody at the loader's socket."""

    def __init__(self, path, uid=COLLECTOR_UID):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with user(uid):
            self.socket.connect(path)
        self.socket.settimeout(TIMEOUT_S)

    def send(self, message, fds=()):
        if fds:
            socket.send_fds(self.socket, [message], list(fds))
        else:
            self.socket.send(message)

    def receive(self):
        """(message, fds); (b"", []) at the end."""
        try:
            message, fds, _, _ = socket.recv_fds(self.socket, 4096, 4)
            return message, fds
        except ConnectionResetError:
            return b"", []

    def messages(self, until):
        """Messages up to the first of kind `until`, as (kind, bytes, number of fds); their fds are closed."""
        found = []
        while not found or found[-1][0] != until:
            message, fds = self.receive()
            check(message, f"the loader ended the conversation after {[kind for kind, _, _ in found]}")
            for fd in fds:
                os.close(fd)
            found.append((struct.unpack_from("=I", message)[0], message, len(fds)))
        return found

    def wait_end(self):
        while self.receive()[0]:
            pass

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
