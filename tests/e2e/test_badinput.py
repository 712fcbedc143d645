#!/usr/bin/python3
"""Mistakes and misfortunes: the exit codes and messages that INTERFACE.md promises, and an end that leaves nothing."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import harness
import pair
import processes
import services
import wire
from harness import check, check_between, check_equal

RUN_TIMEOUT_S = 10
READY_S, EXIT_S = 5.0, 1.0  # the goal of the first is 1 s; a busy machine may take longer


def run(*arguments, prefix=()):
    """Of a `redstart run` that is expected to end by itself: (exit code, standard error)."""
    command = [str(part) for part in (*prefix, harness.BIN / "redstart", "run", *arguments)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=RUN_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise harness.Failure(f"{command} still runs after {RUN_TIMEOUT_S} s: {error.stderr}") from error
    return done.returncode, done.stderr


def case_closed_descriptors():
    """Without standard input, output and error it serves all the same; nothing else takes their numbers."""
    port = services.free_port()
    command = [harness.BIN / "redstart", "run", "--port", "1", "--print-traces=json", "--prometheus", str(port)]
    redstart = subprocess.Popen([*services.DIE_WITH_TEST, "sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', *command])
    try:
        pair.wait_for(lambda: services.is_listening(port) and harness.Scrape(port).page("/readyz")[0] == 200, "/readyz")
        for pid in processes.family(redstart.pid):
            name = processes.status(pid)["Name"]
            # The resolver's standard input is its socket.
            links = {fd: link for fd, link in pair.links(pid).items() if fd <= 2 and (fd or name != "redstart-resolv")}
            check_equal(set(links.values()), {"/dev/null"}, f"descriptors 0 to 2 of {name}: {links}")
    finally:
        redstart.send_signal(signal.SIGINT)
        check_equal(redstart.wait(RUN_TIMEOUT_S), 0, "exit code")


# Arguments, what the message must name.
USAGE = [
    (["--no-such-option"], "--no-such-option"), (["--port", "70000"], "70000"), (["--port", "0"], "--port"),
    (["--port", "80x"], "80x"), (["--port", "9010-9000"], "9010-9000"), (["--port", ""], "--port"),
    (["--port"], "--port"),
    (["--prometheus", "99999"], "99999"), (["--pid", "-5"], "-5"), (["--pid", "abc"], "abc"),
    (["--print-traces=xml"], "xml"), (["--otlp", "no-url"], "no-url"), (["--otlp-protocol", "carrier"], "carrier"),
    (["--exclude-port", "65536"], "65536"), (["stray"], "stray"), (["--series-ttl", "soon"], "soon"),
    (["--user", "no-such-user-here"], "no-such-user-here"),
]


def case_usage():
    problems = []
    for arguments, named in USAGE:
        code, text = run(*arguments)
        if code != 2 or named not in text:
            problems.append(f"{arguments}: exit {code}, said {text.strip()[-200:]!r}")
    check(not problems, f"expected exit 2 and a message with the culprit: {problems}")


def case_command_line():
    for arguments, code in ((["--help"], 0), (["--version"], 0), (["run", "--help"], 0), (["no-such-command"], 2)):
        done = subprocess.run([harness.BIN / "redstart", *arguments], capture_output=True, text=True,
                              timeout=RUN_TIMEOUT_S)
        check_equal(done.returncode, code, f"exit code of redstart {' '.join(arguments)} ({done.stderr.strip()!r})")
        check((done.stdout if code == 0 else done.stderr).strip(), f"redstart {' '.join(arguments)} says nothing")


def case_port_unused():
    """It waits, says so, and sees the service when it comes."""
    port = services.free_port()
    with harness.Redstart("--port", port) as redstart:
        end = time.monotonic() + 3
        said = "no process is selected yet, or listens on a selected port: waiting for one that does"
        while not any(said in line for line in redstart.log) and time.monotonic() < end:
            time.sleep(0.05)
        check(any(said in line for line in redstart.log),
              f"nothing said of port {port}, on which nobody listens: {redstart.log_text()}")
        with services.python_threaded(port):
            exchange = wire.request(port, "GET", "/hello")
            redstart.wait_spans(1, harness.query_is(exchange.query))


def case_prometheus_port_used():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]
        code, text = run("--port", "1", "--prometheus", port)
    check(code in (1, 2), f"exit code {code}, expected 1 or 2: {text.strip()!r}")
    check(str(port) in text, f"the message does not name port {port}: {text.strip()!r}")


def case_otlp_unreachable():
    """It keeps running and counting."""
    environment = {"OTEL_METRIC_EXPORT_INTERVAL": "500", "OTEL_BSP_SCHEDULE_DELAY": "100"}
    url = f"http://127.0.0.1:{services.free_port()}"
    with services.go() as service, harness.Redstart("--port", service.port, "--otlp", url, env=environment) as redstart:
        redstart.wait_spans(3, harness.query_in([wire.request(service.port, "GET", "/hello") for _ in range(3)]))
        end = time.monotonic() + 8
        while time.monotonic() < end:
            metrics = redstart.metrics()
            tries = metrics.sum("redstart_export_retries_total") + metrics.sum("redstart_export_failed_total")
            if tries:
                break
            time.sleep(0.2)
        check(tries, "unreachable, but neither redstart_export_retries_total nor redstart_export_failed_total grows")
        check_equal(redstart.metrics().sum("redstart_export_sent_total"), 0, "redstart_export_sent_total")
        exchange = wire.request(service.port, "GET", "/hello")
        redstart.wait_spans(1, harness.query_is(exchange.query))


def case_no_privilege():
    code, text = run("--port", "1", prefix=("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"))
    check_equal(code, 3, f"exit code without privilege ({text.strip()!r})")
    check(any(word in text for word in ("root", "CAP_", "sudo")), f"the message does not say what would help: {text!r}")


def bpf_objects():
    """{(kind, id): object} of all programs, maps and links, and the names below /sys/fs/bpf."""
    objects = {}
    for kind in ("prog", "map", "link"):
        listed = subprocess.run(["bpftool", "-j", kind, "show"], capture_output=True, text=True, check=True).stdout
        for item in json.loads(listed or "[]"):
            objects[kind, item["id"]] = item
    for folder, folders, files in os.walk("/sys/fs/bpf"):
        for name in folders + files:
            objects["pin", os.path.join(folder, name)] = {}
    return objects


def left_behind(before, pids):
    """New objects that no process holds, or one of ours does; others' (another redstart, systemd) do not count."""
    new = {key: item for key, item in bpf_objects().items() if key not in before}
    return {key: item.get("name") for key, item in new.items()
            if not item.get("pids") or any(holder["pid"] in pids for holder in item["pids"])}


def others_run(pids):
    """Another redstart's maps may be held by its programs alone: then bpftool names no process for them."""
    names = (pathlib.Path(f"/proc/{pid}/comm") for pid in os.listdir("/proc") if pid.isdigit() and int(pid) not in pids)
    for name in names:
        with contextlib.suppress(OSError):
            if name.read_text().startswith("redstart-load"):
                return True
    return False


def check_nothing_left(before, pids, what):
    """The kernel frees programs and maps some time after their last user; what another redstart has goes with it."""
    begin = time.monotonic()
    while True:
        alive, left = [pid for pid in pids if processes.lives(pid)], left_behind(before, pids)
        if not alive and not left or time.monotonic() - begin > (60 if others_run(pids) else 3):
            break
        time.sleep(0.1)
    check(not alive, f"{what}: processes left: {alive}")
    check(not left, f"{what}: left in the kernel: {left}")


def case_stop():
    """Ctrl-C and SIGTERM: exit 0 within a second, with traffic going on, nothing left behind. Prints the figures."""
    with services.go() as service:
        for number in (signal.SIGINT, signal.SIGTERM):
            before = bpf_objects()
            redstart = harness.Redstart("--port", service.port)
            pids = redstart.pids()
            check(len(pids) >= 3, f"expected launcher, loader and collector, saw processes {pids}")
            wire.request(service.port, "GET", "/hello")
            redstart.wait_spans(1)
            code = redstart.stop(number)
            print(f"       ready after {redstart.ready_s:.2f} s (goal 1 s), "
                  f"ended {redstart.stop_s:.2f} s after signal {number}", flush=True)
            check_equal(code, 0, f"exit code after signal {number} ({redstart.log_text()})")
            check_between(redstart.ready_s, 0, READY_S, "start to ready in s")
            check_between(redstart.stop_s, 0, EXIT_S, "signal to exit in s")
            check_nothing_left(before, pids, f"after signal {number}")


def case_users():
    """Loader and collector run under two different uids; the collector's has no capability."""
    with harness.Redstart("--port", "1") as redstart:
        seen = {}
        for pid in redstart.pids():
            status = processes.status(pid)
            seen[status["Name"]] = (status["Uid"].split(), status["CapEff"], status["CapPrm"])
        name = next((name for name in seen if name.startswith("redstart-collec")), None)
        check(name, f"no collector among {seen}")
        uids, effective, permitted = seen[name]
        check("0" not in uids, f"the collector runs as root: {uids}")
        check_equal((int(effective, 16), int(permitted, 16)), (0, 0), "the collector's capabilities")
        loader = next((name for name in seen if name.startswith("redstart-loader")), None)
        check(loader, f"no loader among {seen}")
        check(seen[loader][0] != uids, f"loader and collector have the same uids: {uids}")


def case_launcher_killed():
    """Its children go with it; the next start works."""
    before = bpf_objects()
    redstart = harness.Redstart("--port", "1")
    pids = redstart.pids()
    redstart.stop(signal.SIGKILL)
    end = time.monotonic() + 3
    while any(map(processes.lives, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    left = [pid for pid in pids if processes.lives(pid)]
    check(not left, f"processes left after SIGKILL of the launcher: {left}")
    with services.go() as service, harness.Redstart("--port", service.port) as following:
        wire.request(service.port, "GET", "/hello")
        following.wait_spans(1)
        pids += following.pids()
    check_nothing_left(before, pids, "after SIGKILL and another run")


def case_slow_reader():
    """Nobody reads standard output: spans are dropped and counted, requests are counted exactly, nothing blocks."""
    requests = 20000  # some 10 MB of JSON lines, more than is ever queued
    port = services.free_port()
    with services.go() as service:
        command = [harness.BIN / "redstart", "run", "--port", str(service.port), "--print-traces=json", "--prometheus",
                   str(port)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            check(any(line == "redstart: ready\n" for line in process.stderr), "redstart ended before it was ready")
            subprocess.run(["ab", "-q", "-k", "-c", "8", "-n", str(requests), f"http://127.0.0.1:{service.port}/hello"],
                           stdout=subprocess.DEVNULL, check=True, timeout=60)
            time.sleep(1)
            metrics = harness.Scrape(port).metrics()
            check_equal(metrics.sum("http_server_request_duration_seconds_count"), requests, "requests counted")
            check(metrics.sum("redstart_spans_dropped_total") > 0, "no span was dropped, though nobody reads")
        finally:
            process.send_signal(signal.SIGINT)
            begin = time.monotonic()
            process.communicate(timeout=RUN_TIMEOUT_S)
        check_equal(process.returncode, 0, "exit code")
        check_between(time.monotonic() - begin, 0, 6, "signal to exit in s")


CASES = [case_usage, case_command_line, case_port_unused, case_prometheus_port_used, case_otlp_unreachable,
         case_no_privilege, case_stop, case_users, case_launcher_killed, case_slow_reader,
         case_closed_descriptors]


if __name__ == "__main__":
    sys.exit(harness.run_named(CASES, sys.argv[1:]))
