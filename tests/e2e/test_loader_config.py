#!/usr/bin/python3
"""loader.conf: what it may say, what it may not (the line is named, exit code 2), whose it must be; the command line
wins."""
import os
import pathlib
import subprocess
import sys
import tempfile

import harness
import pair
import processes
import services
import wire
from harness import check, check_equal
from pair import Collector, Loader, wait_for

# Text, the line that must be named, what else the message says.
BAD = [
    ("port = 0\n", 1, "'0'"), ("port = 65536\n", 1, "'65536'"), ("\n\nport = 9010-9000\n", 3, "'9010-9000'"),
    ("# first\nport = http\n", 2, "'http'"), ("port = 8080,\n", 1, "'8080,'"), ("exclude-port = -1\n", 1, "'-1'"),
    ("port\nexe = nginx\n", 1, "expected a value"), ("log-level = info\nexe\nport = 8080\n", 2, "expected a value"),
    ("exe =\n", 1, "expected a value"), ("exe = ,\n", 1, "expected values"), ("unit = ,\n", 1, "expected values"),
    ("rule = exe=nginx prt=80\n", 1, "expected values"), ("rule =\n", 1, "expected a value"),
    ("rule = exe=a port=80\nexclude-rule = exe=a port=0\n", 2, "expected values"), ("pid = 0\n", 1, "'0'"),
    ("pid = me\n", 1, "'me'"), ("exclude-pid = 1 2\n", 1, "'1 2'"), ("uid = 0\n", 1, "not root's"),
    ("collector-uid = root\n", 1, "not root's"), ("gid = 4294967295\n", 1, "not root's"),
    ("log-level = loud\n", 1, "'loud'"),
    ("log-format = xml\n", 1, "'xml'"), ("no-such-option = 1\n", 1, "without dashes"),
    ("port = 80\n--port = 81\n", 2, "without dashes"), ("Port = 80\n", 1, "without dashes"),
    ("= 80\n", 1, "without dashes"),
    ("por = 80\n", 1, "without dashes"), ("config = /etc/passwd\n", 1, "without dashes"),
    ("detach\n", 1, "without dashes"),
    ("help\n", 1, "without dashes"), ("version = 1\n", 1, "without dashes"), ("x" * 2000, 1, "without dashes"),
    ("exe = a\n" * 511 + "exclude-exe = b\nexe = c", 513, "512 names"),
    ("rule = exe=a port=80\n" * 8 + "rule = exe=b port=81", 9, "8 rules with ports"),
]


def run(config, *arguments):
    """(exit code, standard error) of a loader that is expected to refuse."""
    done = subprocess.run([harness.BIN / "redstart-loader", *map(str, arguments), "--config", config],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=pair.TIMEOUT_S)
    return done.returncode, done.stderr


def case_bad_lines(folder):
    problems = []
    for text, line, said in BAD:
        path = folder / "loader.conf"
        path.write_bytes(text.encode())
        code, words = run(path, "--socket", "/nonexistent/s", "--collector-uid", "1")
        if code != 2 or f"{path}, line {line}: " not in words or said not in words:
            problems.append(f"{text[:60]!r}: exit {code}, said {words.strip()!r}")
    check(not problems, "\n".join(problems))


def case_bad_files(folder):
    def refused(path, said):
        code, words = run(path, "--socket", "/nonexistent/s", "--collector-uid", "1")
        check_equal((code, said in words and str(path) in words), (2, True), f"{path}: {words}")
    refused(folder / "missing", "No such file")
    refused(folder, "must be a file of root's")
    refused("/dev/zero", "must be a file of root's")
    path = folder / "loader.conf"
    for data in (b"port = 80\0\n", b"# much\n" * 10000):
        path.write_bytes(data)
        refused(path, "must be text of at most 64 KiB")
    path.write_text("port = 80\n")
    for mode, uid in ((0o664, 0), (0o646, 0), (0o600, pair.LOADER_UID), (0o644, pair.COLLECTOR_UID)):
        path.chmod(mode)
        os.chown(path, uid, 0)
        refused(path, "must be a file of root's that nobody else may write")
    os.chown(path, 0, 0)


def case_good_file(folder):
    """Everything from the file; blanks, comments and line ends as people write them."""
    path = folder / "loader.conf"
    with services.go() as peer, services.go() as other:
        path.write_bytes((f"# what to observe\n\n  port={peer.port}   # the shop\r\n\texe\t nosuch*  \n"
                          f"log-format = json\nlog-level info").encode())
        with Loader("--config", path) as loader, Collector(loader.socket) as collector:
            wire.request(other.port, "GET", "/hello")
            wire.request(peer.port, "GET", "/hello")
            wait_for(lambda: counts(collector, peer, other) == (1, 0),
                     lambda: f"requests (selected, other): {counts(collector, peer, other)}")
            check(loader.lines('"level":"info"', "collector connected"), f"log-format is not the file's: {loader.log}")


def case_command_line_wins(folder):
    """Where there is one value; the lists of both are one."""
    path = folder / "loader.conf"
    with services.go() as peer, services.go() as other:
        path.write_text(f"port = {other.port}\nuid = {pair.OTHER_UID}\nlog-format = json\nexclude-exe = nosuch\n")
        with Loader("--config", path, "--port", peer.port, "--uid", pair.LOADER_UID, "--log-format=text") as loader, \
                Collector(loader.socket) as collector:
            check_equal(processes.status(loader.pid)["Uid"].split(), [str(pair.LOADER_UID)] * 4, "uid")
            wire.request(other.port, "GET", "/hello")
            wire.request(peer.port, "GET", "/hello")
            wait_for(lambda: counts(collector, peer, other) == (1, 1),
                     lambda: f"requests (command line, file): {counts(collector, peer, other)}")
            check(loader.lines("redstart-loader: info: collector connected"), f"log-format of the file: {loader.log}")


def counts(collector, *peers):
    metrics = collector.metrics()
    return tuple(metrics.sum("http_server_request_duration_seconds_count", server_port=peer.port) for peer in peers)


def main():
    harness.require_privilege()
    cases = harness.Cases()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with cases.case(f"{len(BAD)} bad lines"):
            case_bad_lines(folder)
        with cases.case("bad files"):
            case_bad_files(folder)
        with cases.case("a good file"):
            case_good_file(folder)
        with cases.case("the command line wins"):
            case_command_line_wins(folder)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
