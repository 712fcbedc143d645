#!/usr/bin/python3
"""redstart.yaml: a file alone suffices, is read without privilege, and is read again while thousands of requests
pass."""
import contextlib
import http.server
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

import harness
import load
import services
import unit_pair
import wire
from harness import check, check_equal

RATE = 2000
# One GET whose answer has a body.
BUCKETS_OF_THE_FILE = {
    "http_server_request_duration_seconds": {"0.000001": 0, "3600": 1, "+Inf": 1},
    "http_server_request_body_size_bytes": {"0": 1, "100": 1, "+Inf": 1},
    "http_server_response_body_size_bytes": {"0": 0, "100": 1, "+Inf": 1},
}
RELOADS = 10
LOG_TIMEOUT_S = 5


class File:
    """A configuration file that root alone can read, replaced as editors do it: by another of the same name."""

    def __init__(self, text, mode=0o600, owner=0):
        self.folder = tempfile.TemporaryDirectory(prefix="redstart-config-")
        os.chmod(self.folder.name, 0o755)
        self.path = pathlib.Path(self.folder.name) / "redstart.yaml"
        self.mode, self.owner = mode, owner
        self.write(text)

    def write(self, text):
        fresh = self.path.with_suffix(".new")
        fresh.write_text(text)
        fresh.chmod(self.mode)
        os.chown(fresh, self.owner, self.owner)
        fresh.rename(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()


def wait_log(lines, text, count=1):
    end = time.monotonic() + LOG_TIMEOUT_S
    while sum(text in line for line in list(lines)) < count:
        check(time.monotonic() < end, f"no {text!r} ({count} times) in the log: {' | '.join(lines[-15:])}")
        time.sleep(0.02)


def requests_counted(metrics, port):
    return metrics.sum("http_server_request_duration_seconds_count", server_port=port)


def case_alone():
    """Rules, names and outputs of a file that only root can read; the program that is started has no other option."""
    with services.go() as wanted, services.go() as other:
        port = services.free_port()
        with File(f"discovery: {{rules: [{{ports: {wanted.port}}}]}}\nservice: {{name: of-the-file}}\n"
                  f"prometheus: {{listen: 'localhost:{port}'}}\ntraces: {{print: json}}\n"
                  "metrics: {buckets: {duration: [1us, 1h], size: [0, 100]}}\n") as file:
            process = subprocess.Popen([*services.DIE_WITH_TEST, harness.BIN / "redstart", "run", "--config",
                                        file.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       start_new_session=True)
            try:
                for line in process.stderr:
                    if line == b"redstart: ready\n":
                        break
                wire.request(wanted.port, "GET", "/wanted")
                wire.request(other.port, "GET", "/other")
                time.sleep(1)
                metrics = harness.Scrape(port).metrics()
                check_equal(requests_counted(metrics, wanted.port), 1, "requests at the selected port")
                check_equal(requests_counted(metrics, other.port), 0, "requests at another port")
                check(metrics.select("target_info", service_name="of-the-file"), "the name of the file is not used")
                for name, counts in BUCKETS_OF_THE_FILE.items():
                    for bound, count in counts.items():
                        check_equal(metrics.sum(f"{name}_bucket", le=bound), count, f"{name} up to {bound}")
                    check_equal(len(metrics.select(f"{name}_bucket")), len(counts), f"buckets of {name}")
            finally:
                process.send_signal(signal.SIGTERM)
                output, errors = process.communicate(timeout=harness.STOP_TIMEOUT_S)
            check_equal(process.returncode, 0, f"exit code ({errors})")
            check(b'"/wanted"' in output and b'"/other"' not in output, f"spans: {output}")


def case_refused():
    """Bad files end with 2, every mistake in a line of its own; nothing was started."""
    rows = [
        ("log: {level: loud}\nmetrics: {series_max: 0}\n",
         ["redstart run: FILE:1:14: log.level: expected error, warn, info or debug, not loud",
          "FILE:2:23: metrics.series_max: expected a number from 1 to 100000, not 0"]),
        ("a: [1\n", ["redstart run: FILE:2:1: did not find expected ',' or ']' while parsing a flow sequence that "
                     "begins in line 1"]),
        ("#" * (1 << 20) + "#", ["redstart run: FILE:1:1: longer than 1048576 bytes"]),
        ("a: &a [x]\nb: *a\n", ["redstart run: FILE:2:4: an alias (*NAME); expected the value itself"]),
    ]
    for text, expected in rows:
        with File(text) as file:
            done = subprocess.run([harness.BIN / "redstart", "run", "--config", file.path], capture_output=True,
                                  text=True, timeout=harness.STOP_TIMEOUT_S)
            check_equal(done.returncode, 2, f"exit code with {text[:40]!r}")
            check_equal(done.stderr.replace(str(file.path), "FILE").splitlines(), expected, "messages")
    done = subprocess.run([harness.BIN / "redstart", "run", "--config", "/nonexistent"], capture_output=True, text=True,
                          timeout=harness.STOP_TIMEOUT_S)
    check_equal((done.returncode, "cannot be read: No such file" in done.stderr), (2, True), f"{done.stderr}")


def case_unprivileged():
    """Who parses: strace sees the launcher, as root, read the file, and only a process that has left root allocate for
    it. Told by the order of its calls: fork, setresuid, seccomp, and then the reading of the copy."""
    with File("log: {level: loud}\n") as file:
        trace = pathlib.Path(file.folder.name) / "trace"
        subprocess.run(["strace", "-f", "-y", "-o", trace, "-e", "trace=setresuid,seccomp,read,openat,prctl",
                        harness.BIN / "redstart", "run", "--config", file.path], stderr=subprocess.DEVNULL, timeout=30)
        lines = trace.read_text().splitlines()
        launcher = lines[0].split()[0]
        reads = [line for line in lines if "memfd:redstart.yaml" in line and " read(" in line]
        check(reads, "nobody read the copy")
        reader = reads[0].split()[0]
        check(all(line.split()[0] == reader != launcher for line in reads), f"the launcher read the copy: {reads}")
        own = [line for line in lines if line.startswith(reader + " ")]
        first = own.index(reads[0])
        check(any("setresuid(" in line and "= 0" in line for line in own[:first]), f"not another user: {own[:first]}")
        check(any("seccomp(SECCOMP_SET_MODE_FILTER" in line or "PR_SET_SECCOMP" in line for line in own[:first]),
              f"no filter before the first byte: {own[:first]}")


FIRST = "discovery: {{rules: [{{ports: {port}}}]}}\nlog: {{level: info}}\n"


def case_reload_under_load():
    """Ten changes of the file at 2,000 requests a second: what changes does, and every request is counted."""
    with services.go() as service, File(FIRST.format(port=service.port)) as file, \
            harness.Redstart("--config", file.path) as redstart, load.Load(service.port, RATE) as steady:
        steady.resume()
        for i in range(RELOADS):
            time.sleep(0.5)
            file.write(FIRST.format(port=service.port) + f"metrics: {{series_ttl: {i + 10}s}}\n"
                       + f"traces: {{sampler: {'always_off' if i % 2 else 'always_on'}}}\n")
            redstart.process.send_signal(signal.SIGHUP)
            wait_log(redstart.log, f"metrics.series_ttl is {i + 10}s now, was")
            wait_log(redstart.log, "configuration read again", i + 1)
        time.sleep(0.5)
        steady.pause()
        time.sleep(1)
        check_equal(steady.errors, [], "errors of the load")
        check(steady.sent > RATE * RELOADS * 0.5 * 0.5, f"only {steady.sent} requests were sent")
        check_equal(requests_counted(redstart.metrics(), service.port), steady.sent, "requests counted")
        redstart.check_nothing_lost()


def case_reload_bad():
    """A bad file changes nothing and is said with its place; so is what cannot change; a good one is taken after."""
    with services.go() as service, File(FIRST.format(port=service.port)) as file, \
            harness.Redstart("--config", file.path) as redstart:
        file.write("log: {level: debug}\nmetrics: {series_ttl: never}\n")
        redstart.process.send_signal(signal.SIGHUP)
        wait_log(redstart.log, f"{file.path}:2:23: metrics.series_ttl: expected a duration")
        wait_log(redstart.log, "the configuration stays as it was")
        file.path.unlink()
        redstart.process.send_signal(signal.SIGHUP)
        wait_log(redstart.log, "No such file or directory: the configuration stays as it was")
        file.write(FIRST.format(port=service.port) + "metrics: {series_max: 7}\nprometheus: {path: /m}\n")
        redstart.process.send_signal(signal.SIGHUP)
        wait_log(redstart.log, "metrics.series_max stays 2000: it is read at the start only; restart redstart for 7")
        wait_log(redstart.log, "prometheus.path stays /metrics")
        wire.request(service.port, "GET", "/after")
        redstart.wait_spans(1, lambda span: span["attributes"]["url.path"] == "/after")


def case_reload_rules():
    """Another selection reaches the loader: a port more, then a rule of two fields that leaves the first port out."""
    with services.go() as first, services.go() as second, File(FIRST.format(port=first.port)) as file, \
            harness.Redstart("--config", file.path) as redstart:
        rows = [(f"[{{ports: {first.port}}}]", (1, 0)),
                (f"[{{ports: {first.port}}}, {{ports: [{second.port}]}}]", (2, 1)),
                (f"[{{ports: {second.port}, exe: 'http-g?'}}]", (2, 2)),
                (f"[{{ports: {second.port}, exe: 'other'}}]", (2, 2))]
        for number, (rules, counted) in enumerate(rows):
            if number:
                file.write(f"discovery:\n  rules: {rules}\n")
                redstart.process.send_signal(signal.SIGHUP)
                wait_log(redstart.log, "observing by the rules as they are now", number)
                wait_log(redstart.log, "configuration read again", number)
                time.sleep(0.2)
            for service in (first, second):
                wire.request(service.port, "GET", "/")
            time.sleep(1)
            metrics = redstart.metrics()
            check_equal(tuple(requests_counted(metrics, service.port) for service in (first, second)), counted,
                        f"requests counted with {rules}")


def case_reload_routes():
    """Other patterns hold from now on; series of before stay and keep their counts; an ignored path is not counted."""
    with services.go() as service, File("") as file:
        rules = FIRST.format(port=service.port)
        file.write(rules + "routes: {incoming: ['/users/{id}']}\n")
        with harness.Redstart("--config", file.path) as redstart:
            expected = {"/users/{id}": 3, None: 2}
            written = "{incoming: ['/users/{user}'], unmatched: wildcard, ignore: [{pattern: /health}]}"
            for number, routes in enumerate((None, written)):
                if routes:
                    file.write(rules + f"routes: {routes}\n")
                    redstart.process.send_signal(signal.SIGHUP)
                    wait_log(redstart.log, "routes.unmatched is wildcard now, was unset")
                    wait_log(redstart.log, "configuration read again", number)
                    expected.update({"/users/{user}": 3, "/**": 1})
                for path in ("/users/1", "/users/2", "/users/3", "/about", "/health"):
                    wire.request(service.port, "GET", path)
                time.sleep(1)
                seen = {labels.get("http_route"): value for labels, value in redstart.metrics().select(
                    "http_server_request_duration_seconds_count", server_port=service.port)}
                check_equal(seen, expected, "requests by route")


class Sink(http.server.ThreadingHTTPServer):
    """An OTLP receiver that counts server spans: each has one child of this name."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with self.server.lock:
                self.server.spans += body.count(b"in queue")
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.daemon_threads, self.lock, self.spans = True, threading.Lock(), 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


def case_reload_destinations():
    """One destination, then another as well, then that alone: each span goes to those of its time, none is lost."""
    first, second = Sink(), Sink()
    common = "traces: {batch: {schedule_delay: 200ms}}\nmetrics: {interval: 300ms}\n"
    with services.go() as service, File("") as file:
        rules = FIRST.format(port=service.port) + common
        file.write(rules + f"otlp: [{{endpoint: '{first.url}'}}]\n")
        with harness.Redstart("--config", file.path) as redstart, load.Load(service.port, 500) as steady:
            sent = []
            for number, sinks in enumerate(((first,), (first, second), (second,))):
                if number:
                    items = ", ".join(f"{{endpoint: '{sink.url}', signals: [metrics, traces]}}" for sink in sinks)
                    file.write(rules + f"service: {{attributes: {{turn: '{number}'}}}}\notlp: [{items}]\n")
                    redstart.process.send_signal(signal.SIGHUP)
                    wait_log(redstart.log, "configuration read again", number)
                steady.resume()
                time.sleep(1)
                steady.pause()
                time.sleep(1)
                sent.append(steady.sent)
            check_equal((first.spans, second.spans), (sent[1], sent[2] - sent[0]), "server spans that came")
            metrics = redstart.metrics()
            check_equal(metrics.sum("redstart_spans_dropped_total"), 0, "spans dropped")
            check_equal(metrics.sum("redstart_export_failed_total"), 0, "failed")
            check(not metrics.select("redstart_export_queue_length", destination=first.url), "the first is still there")
            check(metrics.select("redstart_export_queue_length", signal="traces"), "the second is not there")
            check_equal(requests_counted(metrics, service.port), steady.sent, "requests counted")


def case_beyla_variables():
    """A port and an executable's name, both of the environment: a process must match both."""
    with services.go() as service:
        for name, expected in (("http-g.$", 1), ("java", 0)):
            with harness.Redstart(env={"BEYLA_OPEN_PORT": str(service.port),
                                       "BEYLA_EXECUTABLE_NAME": name}) as redstart:
                wire.request(service.port, "GET", "/")
                time.sleep(1)
                check_equal(requests_counted(redstart.metrics(), service.port), expected, f"requests with {name}")


def case_collector_alone():
    """The installed pair's collector opens the file itself, and again from inside its sandbox. Whom it names, the rules
    of that file say, though the loader's own select."""
    with services.go() as service, unit_pair.Pair() as pair, contextlib.ExitStack() as stack, \
            File("", owner=unit_pair.COLLECTOR_UID) as file, pair.loader("--port", service.port):
        rule = f"discovery: {{rules: [{{ports: {service.port}, name: ruled, attributes: {{team: checkout}}}}]}}\n"
        file.write(rule)
        collector = stack.enter_context(pair.collector("--config", file.path))
        collector.wait_heard("READY=1")
        file.write(rule + "metrics: {series_ttl: 77s}\n")
        os.kill(collector.pid, signal.SIGHUP)
        wait_log(collector.log, "metrics.series_ttl is 1m17s now, was 5m")
        file.write("metrics: {series_ttl: 77}\n")
        os.kill(collector.pid, signal.SIGHUP)
        wait_log(collector.log, f"{file.path}:1:23: metrics.series_ttl: expected a duration")
        wait_log(collector.log, "the configuration stays as it was")
        wire.request(service.port, "GET", "/after")
        time.sleep(1)
        metrics = collector.scrape.metrics()
        check_equal(requests_counted(metrics, service.port), 1, "requests after the reloads")
        check(metrics.select("target_info", service_name="ruled", team="checkout"),
              "the rule does not name the service")


CASES = (case_alone, case_refused, case_unprivileged, case_reload_under_load, case_reload_bad,
         case_reload_rules, case_reload_routes,
         case_reload_destinations, case_beyla_variables, case_collector_alone)

if __name__ == "__main__":
    sys.exit(harness.run_named(CASES, sys.argv[1:]))
