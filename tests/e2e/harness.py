"""Runs `redstart run` as a user would and checks what it shows: JSON lines, /metrics, exit code, what it leaves behind.

Used by every test_*.py here. REDSTART_BIN_DIR names the folder of the programs (default: build/bin).
A failed check raises Failure with what was seen; Cases turns that into a line per case and the exit code.
"""
import calendar
import contextlib
import http.client
import json
import math
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import traceback

import processes
import services
import wire

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("REDSTART_BIN_DIR", ROOT / "build/bin"))
READY_TIMEOUT_S = 10
SPAN_TIMEOUT_S = 6   # idle responses are reported within 2 s
SETTLE_S = 0.4       # a span too many would come within some drains
STOP_TIMEOUT_S = 10


def sanitized():
    """Is the collector a sanitizer's build? That one keeps for a while what was freed."""
    return b"__asan_init" in (BIN / "redstart-collector").read_bytes()


class Failure(Exception):
    """A check that did not hold; the message says what was seen."""


def check(condition, message):
    if not condition:
        raise Failure(message)


def check_equal(seen, expected, what):
    check(seen == expected, f"{what}: expected {expected!r}, saw {seen!r}")


def check_between(seen, low, high, what):
    check(low <= seen <= high, f"{what}: expected {low} to {high}, saw {seen}")


class Cases:
    """Collects the cases of one test file: `with cases.case("name"): ...`, at the end sys.exit(cases.finish())."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    @contextlib.contextmanager
    def case(self, name):
        begin = time.monotonic()
        try:
            yield
        except Exception as error:  # whatever goes wrong is this case's failure; the others still run
            self.failed += 1
            print(f"FAILED {name}: {error}", flush=True)
            if not isinstance(error, Failure):
                traceback.print_exc(file=sys.stdout)
        else:
            self.passed += 1
            print(f"ok     {name} ({time.monotonic() - begin:.1f} s)", flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0


def require_privilege():
    """These tests attach to the kernel: without that they fail, they are not skipped."""
    if os.geteuid() != 0:
        sys.exit("FAILED: the end-to-end tests need root (redstart attaches BPF programs)")
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        sys.exit("FAILED: this kernel has no BTF (/sys/kernel/btf/vmlinux): redstart cannot run here")
    if not (BIN / "redstart").exists():
        sys.exit(f"FAILED: {BIN}/redstart is not there: build first (packaging/quickstart --build)")


def run_named(functions, wanted):
    """A test file of functions case_NAME or test_NAME: the wanted ones (by name, in words), or all. Returns the exit
    code."""
    require_privilege()
    cases = Cases()
    for function in functions:
        name = function.__name__[5:].replace("_", " ")
        if not wanted or name in wanted:
            with cases.case(name):
                function()
    return cases.finish()


_SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)')


class Metrics:
    """A page in the Prometheus text format, read strictly: what does not fit the format is a failure."""

    def __init__(self, text):
        self.samples = []  # (name, {label: value}, number)
        check(text.endswith("\n"), "the metrics page does not end in a newline")
        seen = set()
        for line in text.split("\n")[:-1]:
            if line.startswith("#") or not line:
                continue
            match = _SAMPLE.match(line)
            check(match, f"not a metric: {line!r}")
            labels, at = {}, 0
            text_labels = match.group(2) or ""
            while at < len(text_labels):
                label = _LABEL.match(text_labels, at)
                check(label, f"labels that cannot be read: {line!r}")
                labels[label.group(1)] = re.sub(r'\\(.)', lambda m: "\n" if m.group(1) == "n" else m.group(1),
                                                label.group(2))
                at = label.end()
            key = (match.group(1), *sorted(labels.items()))
            check(key not in seen, f"a sample twice: {line!r}")
            seen.add(key)
            self.samples.append((match.group(1), labels, float(match.group(3))))

    def select(self, name, **labels):
        return [(have, number) for sample, have, number in self.samples
                if sample == name and all(have.get(k) == str(v) for k, v in labels.items())]

    def sum(self, name, **labels):
        """The sum over all matching samples; 0 if there is none."""
        return sum(number for _, number in self.select(name, **labels))


class Scrape:
    """The HTTP port of a running redstart."""

    def __init__(self, port):
        self.port = port

    def page(self, path="/metrics"):
        """(status, text) of the metrics port."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8")
        finally:
            connection.close()

    def metrics(self):
        status, text = self.page()
        check_equal(status, 200, "status of /metrics")
        return Metrics(text)

    def check_nothing_lost(self):
        lost = self.metrics().select("redstart_records_lost_total")
        check(lost, "redstart_records_lost_total is not on the metrics page")
        check(not any(number for _, number in lost), f"records were lost: {lost}")


class Redstart(Scrape):
    """`redstart run` with JSON lines and a metrics port; a context manager that waits for `redstart: ready`."""

    def __init__(self, *arguments, prometheus=True, wait_ready=True, env=None):
        super().__init__(services.free_port() if prometheus else None)
        self.spans, self.problems, self.log = [], [], []
        self._changed = threading.Condition()
        self._is_ready = threading.Event()
        command = [*services.DIE_WITH_TEST, BIN / "redstart", "run", *arguments, "--print-traces=json"]
        if prometheus:
            command += ["--prometheus", self.port]
        self._begin = time.monotonic()
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**os.environ, **(env or {})}, start_new_session=True)
        self._readers = [threading.Thread(target=self._read_spans, daemon=True),
                         threading.Thread(target=self._read_log, daemon=True)]
        for reader in self._readers:
            reader.start()
        if wait_ready:
            try:
                self.wait_ready()
            except BaseException:
                self.stop()
                raise

    def _read_spans(self):
        for line in self.process.stdout:
            with self._changed:
                try:
                    self.spans.append(json.loads(line.decode("utf-8"), object_pairs_hook=unique_keys))
                except ValueError as error:
                    self.problems.append(f"not a JSON line ({error}): {line!r}")
                self._changed.notify_all()

    def _read_log(self):
        for line in self.process.stderr:
            text = line.decode(errors="replace").rstrip("\n")
            self.log.append(text)
            if text == "redstart: ready":
                self.ready_s = time.monotonic() - self._begin
                self._is_ready.set()

    def wait_ready(self):
        end = time.monotonic() + READY_TIMEOUT_S
        while not self._is_ready.wait(0.05):
            ended = self.process.poll() is not None
            check(not ended and time.monotonic() < end,
                  f"redstart is not ready ({'exit ' + str(self.process.returncode) if ended else 'time is over'}): "
                  + self.log_text())

    def log_text(self):
        return " | ".join(self.log[-20:]) or "(nothing on standard error)"

    def pids(self):
        return processes.family(self.process.pid)

    def collector(self):
        """Its pid."""
        pid = processes.named(self.pids(), "redstart-collec")
        check(pid, f"no collector among redstart's processes: {self.log_text()}")
        return pid

    def wait_spans(self, count, where=lambda span: True, timeout=SPAN_TIMEOUT_S, settle=SETTLE_S):
        """Exactly `count` spans for which `where` holds, oldest first; waits a little for one too many."""
        end = time.monotonic() + timeout
        with self._changed:
            while sum(map(where, self.spans)) < count and time.monotonic() < end:
                self._changed.wait(0.05)
        time.sleep(settle)
        with self._changed:
            check(not self.problems, "; ".join(self.problems[:3]))
            found = sorted(filter(where, self.spans), key=lambda span: span["time"])
            check(len(found) == count, f"expected {count} spans, saw {len(found)}{brief(found, self.spans)}; "
                  f"log: {self.log_text()}")
            return found

    def stop(self, number=signal.SIGINT):
        """The exit code; how long it took is in stop_s."""
        begin = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            for pid in self.pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
            raise Failure(f"redstart did not end within {STOP_TIMEOUT_S} s of signal {number}: {self.log_text()}")
        finally:
            self.stop_s = time.monotonic() - begin
            for reader in self._readers:
                reader.join(2)
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        code = self.stop()
        if _[0] is None:
            check_equal(code, 0, f"exit code after SIGINT ({self.log_text()})")


def unique_keys(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError(f"a name twice in {names}")
    return dict(pairs)


def brief(found, everything):
    lines = [f"{s['kind']} {s['attributes'].get('http.response.status_code', '-')} "
             f"{s['attributes'].get('http.request.method')} {s['attributes'].get('url.path')} "
             f"?{s['attributes'].get('url.query', '')} :{s['attributes'].get('server.port')}" for s in found[:12]]
    others = len(everything) - len(found)
    return (": " + "; ".join(lines) if lines else "") + (f" (and {others} others)" if others else "")


def server_port_is(port):
    return lambda span: span["kind"] == "server" and span["attributes"].get("server.port") == port


def query_is(query, kind="server"):
    return lambda span: span["kind"] == kind and span["attributes"].get("url.query") == query


def query_in(exchanges):
    queries = {exchange.query for exchange in exchanges}
    return lambda span: span["kind"] == "server" and span["attributes"].get("url.query") in queries


def expected_attributes(exchange, port, address):
    """What INTERFACE.md says a server span of this exchange carries, by value."""
    expected = {
        "http.request.method": exchange.method, "url.path": exchange.path, "url.query": exchange.query,
        "url.scheme": "http", "http.request.body.size": exchange.request_size,
        "http.response.body.size": exchange.response_size, "network.protocol.version": "1.1",
        "client.address": exchange.client_address, "client.port": exchange.client_port,
        "server.address": exchange.server_address, "server.port": port, "network.local.address": address,
        "network.local.port": port,
        "user_agent.original": wire.USER_AGENT,
    }
    if exchange.status:
        expected["http.response.status_code"] = exchange.status
    if exchange.status >= 500:
        expected["error.type"] = str(exchange.status)
    return {name: value for name, value in expected.items() if value not in ("", None)}


def check_span(span, exchange, port, address="127.0.0.1", service=None, pids=None, without=()):
    """A server span against what the client did and felt. without: attributes that this case does not know."""
    what = f"{exchange.method} {exchange.path}?{exchange.query}"
    attributes = dict(span["attributes"])
    pid = attributes.pop("process.pid", None)
    expected = expected_attributes(exchange, port, address)
    for name in without:
        expected.pop(name, None)
        attributes.pop(name, None)
    wrong = {name: (expected.get(name), attributes.get(name)) for name in expected.keys() | attributes.keys()
             if expected.get(name) != attributes.get(name)}
    check(not wrong, f"{what}: attributes (expected, seen): {wrong}")
    check_equal(span["name"], exchange.method, f"{what}: name")
    check(re.fullmatch("[0-9a-f]{32}", span["trace_id"]), f"{what}: trace_id {span['trace_id']!r}")
    check(re.fullmatch("[0-9a-f]{16}", span["span_id"]), f"{what}: span_id {span['span_id']!r}")
    check_equal(span["parent_span_id"], "", f"{what}: parent_span_id")
    if service:
        check_equal(span["service.name"], service, f"{what}: service.name")
    if pids:
        check(pid in pids, f"{what}: process.pid {pid} is none of {pids}")
    check_times(span, exchange, what)


def check_times(span, exchange, what):
    """What the server did lies within what the client felt; the parts add up; the start is where the client saw it."""
    total = span["duration_ns"]
    check_between(total / 1e9, 0, exchange.elapsed + 0.002, f"{what}: duration in s, against the client's")
    check_equal(span["queue_ns"] + span["processing_ns"], total, f"{what}: queue + processing")
    check_between(unix_seconds(span["time"]) - exchange.started, -0.02, exchange.elapsed + 0.02,
                  f"{what}: start after the client's start, in s")


def unix_seconds(text):
    """Of an RFC 3339 time in UTC with nanoseconds."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z", text)
    check(match, f"not a time with nanoseconds: {text!r}")
    return calendar.timegm(time.strptime(match.group(1), "%Y-%m-%dT%H:%M:%S")) + int(match.group(2)) / 1e9


def check_histogram(metrics, name, count, **labels):
    """The series' count, and that its buckets are cumulative and end in that count."""
    check_equal(metrics.sum(name + "_count", **labels), count, f"{name}_count {labels}")
    by_series = {}
    for have, number in metrics.select(name + "_bucket", **labels):
        rest = tuple(sorted((k, v) for k, v in have.items() if k != "le"))
        by_series.setdefault(rest, []).append((math.inf if have["le"] == "+Inf" else float(have["le"]), number))
    check_equal(sum(max(b)[1] for b in by_series.values()), count, f"{name}_bucket le=+Inf {labels}")
    for buckets in by_series.values():
        numbers = [number for _, number in sorted(buckets)]
        check(numbers == sorted(numbers), f"{name}: buckets are not cumulative: {numbers}")
