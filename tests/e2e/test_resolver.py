#!/usr/bin/python3
"""The loader and its resolver: what an executable is shows where it should, and a resolver that dies, lies or is not
there costs the languages of compiled programs, nothing else."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import harness
import processes
import services
import wire
from harness import check, check_equal

PROGRAMS = ("redstart", "redstart-loader", "redstart-collector")
LIES = ("short", "long", "empty", "ticket", "status", "language", "bits", "text", "size", "twice", "flood")
LANGUAGE_TIMEOUT_S = 3
MANY = 150
MANY_TIMEOUT_S = 10


def language_of(redstart, service, timeout=LANGUAGE_TIMEOUT_S):
    """telemetry.sdk.language of the service, None if there is none by the end; after one request that shows."""
    exchange = wire.request(service.port, "GET", "/hello")
    check_equal(exchange.status, 200, "status")
    redstart.wait_spans(1, harness.query_in([exchange]), settle=0)
    end = time.monotonic() + timeout
    while True:
        for labels, _ in redstart.metrics().select("target_info"):
            if "telemetry_sdk_language" in labels:
                return labels["telemetry_sdk_language"]
        if time.monotonic() > end:
            return None
        time.sleep(0.1)


def resolver_of(redstart):
    """Its pid; the loader's only child."""
    return processes.named(redstart.pids(), "redstart-resolv")


def said(redstart, text):
    return sum(text in line for line in redstart.log)


def test_language_and_log():
    with services.go() as service, harness.Redstart("--port", service.port, "--log-level", "debug") as redstart:
        check_equal(language_of(redstart, service), "go", "language")
        lines = [line for line in redstart.log if f"executable pid={service.pid} " in line]
        check(lines, f"nobody logs what {service.pid} executes: {redstart.log_text()}")
        for part in ("language=go", "version=go1.", 'module="redstart.test/peers/http-go', "machine=", "bits=64"):
            check(part in lines[0], f"{part!r} is not in {lines[0]!r}")


def test_started_later():
    port = services.free_port()
    with harness.Redstart("--port", port) as redstart, services.go(port=port) as service:
        check_equal(language_of(redstart, service), "go", "language")


def test_many_executables():
    """More than are asked at a time and kept: each is told in the end, those that run already and those that come."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        def start(number):
            path = pathlib.Path(folder, f"redstart-test-{number}")
            shutil.copy("/bin/sleep", path)
            process = stack.enter_context(subprocess.Popen([*services.DIE_WITH_TEST, path, "60"]))
            stack.callback(process.kill)
            return process.pid

        running = [start(number) for number in range(MANY)]
        with harness.Redstart("--exe", "redstart-test-*", "--log-level", "debug") as redstart:
            running += [start(MANY + number) for number in range(MANY)]
            end = time.monotonic() + MANY_TIMEOUT_S
            missing = running
            while missing and time.monotonic() < end:
                time.sleep(0.2)
                told = "\n".join(redstart.log)
                missing = [pid for pid in running if f"executable pid={pid} language=c " not in told]
            check_equal(missing, [], f"of {len(running)} processes those whose executable was not examined")


def test_killed():
    with services.go() as first, services.rust() as second, \
            harness.Redstart("--port", first.port, "--port", second.port) as redstart:
        check_equal(language_of(redstart, first), "go", "language")
        os.kill(resolver_of(redstart), signal.SIGKILL)
        with services.python_threaded() as third:
            check_equal(wire.request(third.port, "GET", "/hello").status, 200, "status")
        for service in (first, second):
            exchange = wire.request(service.port, "GET", "/hello")
            redstart.wait_spans(1, harness.query_in([exchange]))
        check_equal(said(redstart, "redstart-resolver ended"), 1, "lines that say so")
        check_equal(resolver_of(redstart), None, "a resolver")


@contextlib.contextmanager
def programs_with(resolver, lie=""):
    """redstart in a folder of its own, with this in its resolver's place."""
    before = harness.BIN
    with tempfile.TemporaryDirectory() as folder:
        for name in PROGRAMS:
            shutil.copy(before / name, folder)
        if resolver:
            shutil.copy(resolver, pathlib.Path(folder, "redstart-resolver"))
            lies = pathlib.Path(folder, "lie")
            lies.write_text(lie)
            lies.chmod(0o644)
        os.chmod(folder, 0o755)
        harness.BIN = pathlib.Path(folder)
        try:
            yield
        finally:
            harness.BIN = before


def check_without(expected_line, language=None):
    """Everything works but the language; the reason is said once."""
    with services.go() as service, harness.Redstart("--port", service.port) as redstart:
        check_equal(language_of(redstart, service, timeout=0.5), language, "language")
        if expected_line:
            check_equal(said(redstart, expected_line), 1, f"lines with {expected_line!r} ({redstart.log_text()})")
        redstart.check_nothing_lost()


def test_missing():
    with programs_with(None):
        check_without("cannot start redstart-resolver")


def test_lies():
    liar = harness.BIN.parent / "tests/resolver_liar"
    for lie in LIES:
        with programs_with(liar, lie):
            expected = "redstart-resolver ended" if lie == "empty" else "redstart-resolver broke the protocol"
            # An answer before the lie was a good one.
            check_without(expected, "swift" if lie in ("twice", "flood") else None)
    print(f"       {len(LIES)} lies")


def test_silent_and_ending():
    liar = harness.BIN.parent / "tests/resolver_liar"
    with programs_with(liar, "silence"):
        check_without(None)
    with programs_with(liar, "end"):
        check_without("redstart-resolver ended")


if __name__ == "__main__":
    sys.exit(harness.run_named([test for name, test in globals().items() if name.startswith("test_")], sys.argv[1:]))
