"""Where a service runs: cgroups of both versions, namespaces. Used by the tests of what is selected."""
import contextlib
import pathlib
import shutil
import subprocess

import services


def hierarchies():
    """{version: folder} of the cgroup hierarchies that are mounted here and that redstart looks at."""
    found = {}
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, folder, kind, options = line.split()[:4]
        if kind == "cgroup2":
            found["v2"] = pathlib.Path(folder)
        elif kind == "cgroup" and "pids" in options.split(","):
            found["v1"] = pathlib.Path(folder)
    return found


@contextlib.contextmanager
def cgroup(root, path):
    """A cgroup with its parents, as far as they are not there; removed afterwards, what still runs in it being moved
    up."""
    folder, made = root, []
    for part in pathlib.PurePath(path).parts:
        folder = folder / part
        if not folder.exists():
            folder.mkdir()
            made.append(folder)
    try:
        yield folder
    finally:
        for folder in reversed(made):
            for pid in (folder / "cgroup.procs").read_text().split():
                with contextlib.suppress(OSError):
                    (folder.parent / "cgroup.procs").write_text(pid)
            folder.rmdir()


def move(pid, folder):
    (folder / "cgroup.procs").write_text(str(pid))


def inside(folder, command):
    """The command, to be started in that cgroup, as systemd does: moved first, then executed."""
    return ["sh", "-c", f'echo $$ > {folder}/cgroup.procs; exec "$@"', "sh", *command]


def binary(folder, name):
    """The Go peer under another name."""
    path = pathlib.Path(folder, name)
    shutil.copy(services.peer_build("http-go") / "http-go", path)
    return path


def go(port=None, program=None, within=None):
    """The Go peer, maybe another copy of it, maybe in a cgroup."""
    port = port or services.free_port()
    command = [program or services.peer_build("http-go") / "http-go", "serve", "nethttp", f"127.0.0.1:{port}"]
    return services.Service(inside(within, command) if within else command, port)


@contextlib.contextmanager
def net_namespace(port, count=1):
    """The Go peer on that port of a network namespace of its own; yields a function that asks it, from within."""
    command = ["unshare", "--net", "sh", "-c", 'ip link set lo up; echo ready; exec "$@"', "sh",
               services.peer_build("http-go") / "http-go", "serve", "nethttp", f"127.0.0.1:{port}"]
    process = subprocess.Popen([*services.DIE_WITH_TEST, *map(str, command)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ask(times=1):
        url = f"http://127.0.0.1:{port}/hello?ns={process.pid}"
        done = subprocess.run(["nsenter", "-t", str(process.pid), "-n", "curl", "-sS", "--noproxy", "*", "--retry",
                               "20", "--retry-connrefused", "--retry-delay", "0", *[url] * times],
                              capture_output=True, text=True, timeout=20)
        if done.stdout != "hello\n" * times:
            raise RuntimeError(f"in the namespace: {done.stdout!r} {done.stderr!r}")

    process.stdout.readline()
    ask.pid = process.pid
    try:
        yield ask
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def in_container(command):
    """With pid and cgroup namespaces of its own; the network stays, so that the test reaches it."""
    return ["unshare", "--pid", "--cgroup", "--fork", "--kill-child", *command]
