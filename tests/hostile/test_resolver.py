#!/usr/bin/python3
"""The resolver's sandbox, from both sides: real and damaged executables through the real child, and a child that was
taken over (resolver_taken.c) trying to do more than read its file and answer.

    test_resolver.py [TEST ...]    REDSTART_BIN_DIR: folder of redstart-resolver, resolver_taken is in ../tests
                                   REDSTART_MUTATIONS: how many damaged files are tried (default 2000)
"""
import collections
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import processes

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("REDSTART_BIN_DIR", ROOT / "build/bin"))
TEST_BIN = BIN.parent / "tests"
MUTATIONS = int(os.environ.get("REDSTART_MUTATIONS", "2000"))
MAGIC = 0x52445346
DONE, NOT_ELF, NO_ANSWER, TIME_OVER = range(4)
LANGUAGES = ["", *re.findall(r'^    X\(\w+, "(\w+)"\)', (ROOT / "common/ipc/executable.h").read_text(), re.M)]
NAMES = re.findall(r'^    (?:CALL\((\w+),|\{"(\w+)", \{)', (ROOT / "tests/hostile/resolver_taken.c").read_text(), re.M)
CALLS = [first or second for first, second in NAMES]
# What the master may do, so that only a child dies of it; kill(1, SIGKILL) as nobody's user fails.
MASTER_MAY = {"read_file", "write_file", "write_log", "read_elsewhere", "receive", "dup", "kill_9", "prctl_pdeathsig",
              "rlimit", "getpid", "fork"}
Answer = collections.namedtuple("Answer", "status signal machine bits linkage language version module build_id")


class Failure(Exception):
    """A check that did not hold."""


def check_equal(seen, expected, what):
    if seen != expected:
        raise Failure(f"{what}: expected {expected!r}, saw {seen!r}")


class Resolver:
    """A resolver and the loader's end of its socket."""

    def __init__(self, program):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.process = subprocess.Popen([program], stdin=theirs)
        theirs.close()
        self.ticket = 0

    def ask(self, file, during=None):
        """file: a path, a number or an open file."""
        opened = isinstance(file, (str, pathlib.Path))
        fd = os.open(file, os.O_RDONLY) if opened else file if isinstance(file, int) else file.fileno()
        self.ticket += 1
        socket.send_fds(self.socket, [struct.pack("<II", MAGIC, self.ticket)], [fd])
        if opened:
            os.close(fd)
        if during:
            during()
        self.socket.settimeout(10)
        data = self.socket.recv(256)
        ticket, status, number, machine, bits, linkage, language, version, build_id, module = struct.unpack_from(
            "<IHHHBBBBBB", data)
        check_equal((len(data), ticket), (136, self.ticket), "size and ticket of the answer")
        text = data[16:]
        return Answer(status, number, machine, bits, linkage, LANGUAGES[language], text[:version].decode("ascii"),
                      text[52:52 + module].decode("ascii"), text[32:32 + build_id].hex())

    def children(self):
        return processes.children(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        check_equal(self.process.wait(5), 0, "exit code of the resolver when the loader is gone")


def word_file(word):
    file = tempfile.TemporaryFile()
    file.write(word.encode())
    file.flush()
    return file


def real_files():
    """Of this host, by value: language, dynamic. What every Debian has, and the rest where it is installed."""
    yield "/bin/sh", "c", 1
    yield "/usr/bin/perl", "perl", 1
    yield "/usr/bin/python3", "python", 1
    yield BIN / "redstart-resolver", "c", 0
    yield BIN / "redstart-collector", "c", 1
    for name, language in (("/usr/bin/node", "nodejs"), ("/usr/bin/ruby", "ruby"), ("java", "java"), ("nginx", "c")):
        if shutil.which(name):
            yield os.path.realpath(shutil.which(name)), language, 1
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if go:
        yield go, "go", 0


def test_real_files():
    with Resolver(BIN / "redstart-resolver") as resolver:
        for path, language, dynamic in real_files():
            answer = resolver.ask(path)
            check_equal((answer.status, answer.language, answer.linkage, answer.bits),
                        (DONE, language, dynamic, 8 * struct.calcsize("P")), str(path))
            if language == "go" and not re.fullmatch(r"go1\.\d+(\.\d+)?", answer.version):
                raise Failure(f"{path}: version {answer.version!r}")


def test_not_files():
    """No regular file, nothing in it, a text."""
    ends = os.pipe()
    with Resolver(BIN / "redstart-resolver") as resolver, tempfile.TemporaryFile() as empty:
        for file in (ends[0], empty, "/dev/zero", "/etc/passwd", "/proc/self/status", "/"):
            check_equal(resolver.ask(file).status, NOT_ELF, f"status of {file}")
    for end in ends:
        os.close(end)


def damage(random_, content):
    """Some bytes of a copy, mostly where the structure is: front, and where the header says the sections are."""
    sections = struct.unpack_from("<Q", content, 40)[0]
    for _ in range(random_.choice((1, 1, 2, 4, 16))):
        low, high = random_.choice(((0, 64), (64, 1024), (sections, len(content)), (0, len(content))))
        at = random_.randrange(low, max(min(high, len(content)), low + 1))
        if at < len(content):
            content[at] = random_.choice((0, 1, 0x7f, 0x80, 0xff, random_.randrange(256)))
    return content[:random_.randrange(len(content))] if random_.random() < 0.1 else content


def test_damaged_files():
    """Through the real child: it says something that can be said, or that it is no executable; it never dies of it."""
    random_ = random.Random(4)
    corpus = ROOT / "tests/fuzz/corpus/elf"
    originals = [(corpus / name).read_bytes() for name in ("c", "go", "go_1.17", "rust", "python")]
    originals += [pathlib.Path(path).read_bytes() for path in ("/bin/true", "/bin/sh")]
    seen = collections.Counter()
    with Resolver(BIN / "redstart-resolver") as resolver, tempfile.TemporaryFile() as file:
        for number in range(MUTATIONS):
            content = damage(random_, bytearray(random_.choice(originals)))
            file.seek(0)
            file.truncate()
            file.write(content)
            file.flush()
            answer = resolver.ask(file)
            seen[answer.status] += 1
            if answer.status not in (DONE, NOT_ELF):
                raise Failure(f"mutation {number}: {answer}")
    print(f"       {seen[DONE]} examined, {seen[NOT_ELF]} refused")
    if not seen[DONE] or not seen[NOT_ELF]:
        raise Failure("the damages were all alike")


def test_calls_of_a_taken_child():
    with Resolver(TEST_BIN / "resolver_taken") as resolver:
        check_equal(resolver.ask(word_file("nothing")).version, "survived", "a child that tries nothing")
        for word in CALLS:
            answer = resolver.ask(word_file(word))
            check_equal((answer.status, answer.signal), (NO_ANSWER, signal.SIGSYS), word)
        check_equal(resolver.children(), [], "children left")
    print(f"       {len(CALLS)} calls, each the end of the child")


def test_deeds_of_a_taken_child():
    """No call is needed for these; the limits end them, and a bad answer does not pass."""
    with Resolver(TEST_BIN / "resolver_taken") as resolver:
        for word, number in (("trap", signal.SIGILL), ("recurse", signal.SIGSEGV), ("write_much", signal.SIGKILL),
                             ("write_odd", signal.SIGKILL), ("spin", signal.SIGKILL)):
            begin = time.monotonic()
            answer = resolver.ask(word_file(word))
            if (word, answer.status) != ("spin", TIME_OVER):  # on a busy host 2 s are over before 1 s of CPU is
                check_equal((answer.status, answer.signal), (NO_ANSWER, number), word)
            if time.monotonic() - begin > 2.5:
                raise Failure(f"{word}: took {time.monotonic() - begin:.1f} s")
        check_equal(resolver.children(), [], "children left")
        check_equal(resolver.ask(word_file("nothing")).version, "survived", "the master afterwards")


def test_child_that_hangs():
    """Stopped from outside, it uses no CPU time: the wall clock ends it."""
    with Resolver(TEST_BIN / "resolver_taken") as resolver:
        def stop():
            end = time.monotonic() + 2
            while not resolver.children() and time.monotonic() < end:
                time.sleep(0.001)
            for child in resolver.children():
                os.kill(int(child), signal.SIGSTOP)
        begin = time.monotonic()
        answer = resolver.ask(word_file("spin"), stop)
        check_equal(answer.status, TIME_OVER, "status")
        if not 1.9 <= time.monotonic() - begin <= 3:
            raise Failure(f"it took {time.monotonic() - begin:.1f} s")
        check_equal(resolver.children(), [], "children left")


def test_children_die_with_the_master():
    resolver = Resolver(TEST_BIN / "resolver_taken")
    with word_file("spin") as file:
        socket.send_fds(resolver.socket, [struct.pack("<II", MAGIC, 1)], [file.fileno()])
    end = time.monotonic() + 2
    while not resolver.children() and time.monotonic() < end:
        time.sleep(0.001)
    children = resolver.children()
    check_equal(len(children), 1, "children")
    resolver.process.kill()
    resolver.process.wait()
    end = time.monotonic() + 0.5  # well before its CPU time is over
    while processes.lives(children[0]) and time.monotonic() < end:
        time.sleep(0.01)
    check_equal(processes.lives(children[0]), False, "the child lives on")
    resolver.socket.close()


def test_calls_of_a_taken_master():
    ours, theirs = socket.socketpair()
    for word in CALLS:
        code = subprocess.run([TEST_BIN / "resolver_taken", word], stdin=theirs, stderr=subprocess.DEVNULL,
                              timeout=10).returncode
        if word not in MASTER_MAY:
            check_equal(code, -signal.SIGSYS, word)
    ours.close()
    theirs.close()


def test_powers():
    """What the kernel says of a running master, and of its child."""
    with Resolver(TEST_BIN / "resolver_taken") as resolver:
        resolver.ask(word_file("nothing"))
        look(resolver.process.pid, ["0", "1", "2"])

        def look_at_child():
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                child = resolver.children()
                if child and processes.status(child[0]).get("Seccomp_filters") == "2":
                    look(child[0], ["0", "1"])
                    return
            raise Failure("no child was seen in its sandbox")
        resolver.ask(word_file("spin"), look_at_child)


def look(pid, fds):
    status = processes.status(pid)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb", *(["CapBnd"] if os.geteuid() == 0 else [])):
        check_equal(int(status[name], 16), 0, name)
    check_equal((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"), "NoNewPrivs, Seccomp")
    if os.geteuid() == 0:
        check_equal(status["Uid"].split(), ["65534"] * 4, "Uid")
        check_equal(status["Groups"].strip(), "", "Groups")
        end = time.monotonic() + 1  # the file of a question is closed right after its answer
        while sorted(os.listdir(f"/proc/{pid}/fd")) != fds and time.monotonic() < end:
            time.sleep(0.001)
        check_equal(sorted(os.listdir(f"/proc/{pid}/fd")), fds, "fds")


def test_odd_requests():
    """The loader is trusted, but a question that is none ends the conversation, not in a crash."""
    for content, with_fd in ((b"", True), (struct.pack("<II", 1, 1), True), (struct.pack("<III", MAGIC, 1, 1), True),
                             (struct.pack("<II", MAGIC, 1), False)):
        resolver = Resolver(BIN / "redstart-resolver")
        if with_fd and content:
            socket.send_fds(resolver.socket, [content], [0])
        else:
            resolver.socket.send(content)
        check_equal(resolver.process.wait(5), 1 if content else 0, f"exit code after {content!r}")
        resolver.socket.close()


def test_by_hand():
    done = subprocess.run([BIN / "redstart-resolver"], stdin=subprocess.DEVNULL, capture_output=True, timeout=5)
    check_equal((done.returncode, b"not by hand" in done.stderr), (2, True), "exit code and message")


def main():
    failed = passed = 0
    wanted = sys.argv[1:]
    for name, test in list(globals().items()):
        if not name.startswith("test_") or (wanted and name not in wanted):
            continue
        begin = time.monotonic()
        try:
            test()
            passed += 1
            print(f"ok     {name} ({time.monotonic() - begin:.1f} s)", flush=True)
        except (Failure, OSError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"FAILED {name}: {error}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
