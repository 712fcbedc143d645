"""Starts and stops the peers of tests/peers: each a process of its own, on a free port of 127.0.0.1, ended by its pid.

Used by the tests of this folder. A peer that needs building is built once, into tests/.cache/<name>-<hash of its
sources>.
"""
import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import processes

TESTS = pathlib.Path(__file__).resolve().parent.parent
PEERS = TESTS / "peers"
CACHE = pathlib.Path(os.environ.get("REDSTART_TEST_CACHE", TESTS / ".cache"))
START_TIMEOUT_S = 15
STOP_TIMEOUT_S = 5
NODE = "/usr/bin/node" if os.path.exists("/usr/bin/node") else "node"
PYTHON = "/usr/bin/python3"
# In front of a command: a test that is killed (ctest's time limit) leaves nothing running. The pid stays.
DIE_WITH_TEST = ("setpriv", "--pdeathsig", "TERM")


def free_port(address="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def free_ports(count):
    """Different ones."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def is_listening(port):
    """Read from /proc, not by connecting: a test that counts connections must not add one."""
    suffix = ":%04X" % port
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as lines:
            if any(f[1].endswith(suffix) and f[3] == "0A" for f in map(str.split, lines)):
                return True
    return False


def source_hash(folder):
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def build_environment():
    """Toolchains that are installed beside the distribution's are found as well."""
    extra = ["/usr/local/go/bin", os.path.expanduser("~/.cargo/bin")]
    return {**os.environ, "PATH": os.pathsep.join([os.environ["PATH"], *extra])}


def peer_build(name, target=""):
    """The folder with the built peer. target: what the peer's build script is given below that folder."""
    folder = PEERS / name
    out = CACHE / f"{name}-{source_hash(folder)}"
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (out / ".done").exists():
            for old in CACHE.glob(f"{name}-*"):
                shutil.rmtree(old)
            out.mkdir()
            print(f"building tests/peers/{name}", flush=True)
            subprocess.run([folder / "build", out / target], check=True, env=build_environment())
            (out / ".done").touch()
    return out


class Service:
    """A running peer; a context manager. Its own session, so that all its workers can be ended with it."""

    def __init__(self, command, port, env=None, folder=None):
        self.port = port
        self.folder = folder
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen([*DIE_WITH_TEST, *map(str, command)], stdin=subprocess.DEVNULL,
                                         stdout=self._log, stderr=self._log, env={**os.environ, **(env or {})},
                                         start_new_session=True)
        self.pid = self._process.pid
        try:
            self._wait_listening()
        except BaseException:
            self.stop()
            raise

    def _wait_listening(self):
        end = time.monotonic() + START_TIMEOUT_S
        while not is_listening(self.port):
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{self._process.args} does not listen on port {self.port}: {self.log()}")
            time.sleep(0.02)

    def log(self):
        """By pread: the place in the file is the service's, too, and it may be writing."""
        number = self._log.fileno()
        return os.pread(number, os.fstat(number).st_size, 0).decode(errors="replace").strip()

    def pids(self):
        """The service's processes now, its workers included."""
        return processes.family(self.pid)

    def stop(self):
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGTERM)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self._process.wait()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def go(flavour="nethttp", port=None):
    port = port or free_port()
    return Service([peer_build("http-go") / "http-go", "serve", flavour, f"127.0.0.1:{port}"], port)


def node():
    port = free_port()
    return Service([NODE, PEERS / "http-node/server.js", port], port)


def python_threaded(port=None):
    port = port or free_port()
    return Service([PYTHON, PEERS / "http-python/threaded.py", port], port)


def python_asyncio():
    port = free_port()
    return Service([PYTHON, PEERS / "http-python/streams.py", port], port)


def ruby():
    port = free_port()
    return Service(["/usr/bin/ruby", PEERS / "http-ruby/server.rb", port], port)


def java():
    port = free_port()
    # No NODELAY, and its two sends per answer cost 40 ms of delayed ACK each: a delay, but not one we know exactly.
    return Service(["java", "-Xshare:auto", "-Xmx64m", "-Dsun.net.httpserver.nodelay=true", "-cp",
                    peer_build("http-java"), "Server", port], port)


def rust():
    port = free_port()
    return Service([peer_build("http-rust") / "http-rust", port], port)


def uring():
    port = free_port()
    return Service([peer_build("uring") / "uring", port], port)


def otelcol(port=None, grpc_port=None):
    """A real OpenTelemetry Collector; the service has `file`, to which it writes what it accepts, as JSON lines, and
    `grpc_port` beside `port`."""
    folder = tempfile.mkdtemp(prefix="redstart-otelcol-")
    if not port:
        port, grpc_port = free_ports(2)
    text = (PEERS / "otelcol/config.yaml.in").read_text()
    file = pathlib.Path(folder, "accepted.json")
    config = pathlib.Path(folder, "config.yaml")
    grpc_port = grpc_port or free_port()
    for mark, content in (("PORT", port), ("GRPC_PORT", grpc_port), ("FILE", file)):
        text = text.replace(f"@{mark}@", str(content))
    config.write_text(text)
    service = Service([peer_build("otelcol", "otelcol") / "otelcol", f"--config=file:{config}"], port, folder=folder)
    service.file = file
    service.grpc_port = grpc_port
    return service


@contextlib.contextmanager
def nginx():
    """nginx with a Python peer behind it; the service has `upstream`, that peer."""
    folder = tempfile.mkdtemp(prefix="redstart-nginx-")
    os.chmod(folder, 0o755)
    static = pathlib.Path(folder, "static")
    static.mkdir()
    (static / "hello").write_text("hello\n")
    (static / "large").write_bytes(b"x" * (1 << 20))
    port = free_port()
    with python_threaded() as upstream:
        text = (PEERS / "nginx/nginx.conf.in").read_text()
        for name, value in (("PORT", port), ("UPSTREAM", upstream.port), ("DIR", folder)):
            text = text.replace(f"@{name}@", str(value))
        conf = pathlib.Path(folder, "nginx.conf")
        conf.write_text(text)
        with Service(["nginx", "-c", conf, "-e", "stderr"], port, folder=folder) as service:
            service.upstream = upstream
            yield service


def main(arguments):
    """`services.py build`: all peers beforehand, so that no test's time limit has to allow for it."""
    if arguments != ["build"]:
        sys.exit("usage: services.py build")
    for name, target in (("http-go", ""), ("http-java", ""), ("http-rust", ""), ("uring", ""), ("otelcol", "otelcol")):
        peer_build(name, target)


if __name__ == "__main__":
    main(sys.argv[1:])
