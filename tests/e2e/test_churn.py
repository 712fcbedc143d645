#!/usr/bin/python3
"""Processes that come and go: how soon one is observed, services that live for one request, redstart started under
load, listeners that move or are passed on, executables renamed and deleted, 1,000 processes."""
import array
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

import harness
import processes
import services
import surroundings
import wire
from harness import check, check_between, check_equal
from load import Load
from pair import wait_for

DURATION = "http_server_request_duration_seconds_count"
STARTS = 200
DISCOVERY_MAX_S = 0.1
SHORT_SERVICES, SHORT_S = 200, 10
MANY, OTHERS_MAX = 1000, 200
WALKS, HOLDERS, HELD_FILES = 40, 4, 18000
READY_MAX_S = 2.0
# Listens, says where, answers one request, and ends.
ONE_REQUEST = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
connection.recv(4096)
connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\nConnection: close\\r\\n\\r\\nhello\\n")
connection.close()
"""
# Holds as many open files until its standard input ends.
HOLDS_FILES = """
import os, resource, sys
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
files = [os.dup(0) for _ in range(int(sys.argv[1]))]
print("holds", flush=True)
sys.stdin.read()
"""
# Takes a listening socket from the Unix socket of argv[1] and serves on it.
TAKES_LISTENER = """
import array, socket, sys
channel = socket.socket(fileno=int(sys.argv[1]))
_, control, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(4))
listener = socket.socket(fileno=array.array("i", control[0][2])[0])
channel.send(b"x")
while True:
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\nConnection: close\\r\\n\\r\\nhello\\n")
"""
# Listens on the first port, then, told to, on the second instead.
MOVES = """
import http.server, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"hello\\n")
    def log_message(self, *arguments):
        pass
for port in map(int, sys.argv[1:]):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(port, flush=True)
    sys.stdin.readline()
    server.shutdown()
    server.server_close()
"""


@contextlib.contextmanager
def script(text, *arguments, **options):
    process = subprocess.Popen([*services.DIE_WITH_TEST, services.PYTHON, "-c", text, *map(str, arguments)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def counted(redstart, **labels):
    return redstart.metrics().sum(DURATION, **labels)


def one_request():
    """A service that lives for one request: started, asked as soon as it listens. Returns its port."""
    with script(ONE_REQUEST) as process:
        port = int(process.stdout.readline())
        wire.request(port, "GET", "/hello")
        process.wait(5)
        return port


def case_from_listen_to_count():
    """Of 200 services, each asked at once when it listens: all are counted; how long from that request to its span."""
    delays = []
    with tempfile.TemporaryDirectory() as folder:
        shop = surroundings.binary(folder, "shop")
        with harness.Redstart("--exe", "shop") as redstart:
            for number in range(STARTS):
                port, seen = services.free_port(), len(redstart.spans)
                process = subprocess.Popen([shop, "serve", "nethttp", f"127.0.0.1:{port}"], stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    while not services.is_listening(port):
                        time.sleep(0.002)
                    begin = time.monotonic()
                    wire.request(port, "GET", "/hello")
                    while len(redstart.spans) == seen and time.monotonic() < begin + 3:
                        time.sleep(0.001)
                    delays.append(time.monotonic() - begin)
                finally:
                    process.kill()
                    process.wait()
            redstart.wait_spans(STARTS)
            check_equal(sum(n for _, n in redstart.metrics().select(DURATION)), STARTS, "requests counted")
    delays.sort()
    print(f"       from the first request to its span: median {delays[STARTS // 2] * 1e3:.1f} ms, "
          f"99th percentile {delays[STARTS * 99 // 100] * 1e3:.1f} ms, worst {delays[-1] * 1e3:.1f} ms", flush=True)
    # The collector drains at most 100 ms apart when idle; the first request itself is never missed.
    check_between(delays[STARTS * 99 // 100], 0, DISCOVERY_MAX_S + 0.1, "99th percentile in s")


def case_starts_during_walk():
    """Services that begin to listen while the loader walks over all sockets: no walk may refuse what it has not decided
    on yet. Thousands of open files make walks long, SIGHUP begins one."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as holders:
        shop = surroundings.binary(folder, "shop")
        for _ in range(HOLDERS):
            holder = holders.enter_context(script(HOLDS_FILES, HELD_FILES))
            check_equal(holder.stdout.readline(), b"holds\n", "the holder of open files")
        with harness.Redstart("--exe", "shop") as redstart:
            loader = processes.named(redstart.pids(), "redstart-loader")
            for number in range(WALKS):
                os.kill(loader, signal.SIGHUP)
                time.sleep(number * 0.002)
                port = services.free_port()
                with services.Service([shop, "serve", "nethttp", f"127.0.0.1:{port}"], port):
                    wire.request(port, "GET", "/hello")
            redstart.wait_spans(WALKS)
            check_equal(redstart.metrics().sum(DURATION), WALKS, "requests counted")


def case_short_services():
    """200 services in 10 s, each serving one request and ending."""
    ports = []
    with harness.Redstart("--exe", "python3*") as redstart:
        begin = time.monotonic()
        for number in range(SHORT_SERVICES):
            ports.append(one_request())
            time.sleep(max(0, begin + number * SHORT_S / SHORT_SERVICES - time.monotonic()))
        took = time.monotonic() - begin
        spans = redstart.wait_spans(SHORT_SERVICES,
                                    lambda s: s["kind"] == "server" and s["attributes"].get("server.port") in ports)
        check_equal(sorted(span["attributes"]["server.port"] for span in spans), sorted(ports), "ports of the spans")
        metrics = redstart.metrics()
        numbers = set(map(str, ports))
        mine = [n for have, n in metrics.select(DURATION) if have.get("server_port") in numbers]
        check_equal(sum(mine), SHORT_SERVICES, "counted")
        check_equal(metrics.sum("redstart_unparsed_total", cause="unknown_process"), 0, "requests of unknown processes")
        redstart.check_nothing_lost()
        print(f"       {SHORT_SERVICES} services in {took:.1f} s", flush=True)


def case_start_under_load():
    """Started 8 times while requests come: from `redstart: ready` on all are seen, none twice, none of before is
    needed."""
    with services.go() as service, Load(service.port, 2000) as load:
        for turn in range(8):
            arguments = ([], ["--port", service.port], ["--exe", "http-go"], ["--pid", service.pid])[turn % 4]
            load.resume()
            with harness.Redstart(*arguments) as redstart:
                time.sleep(0.3)
                load.pause()
                time.sleep(0.5)
                before, sent = counted(redstart, server_port=service.port), load.sent
                load.resume()
                time.sleep(0.5)
                load.pause()
                fresh = load.sent - sent
                wait_for(lambda: counted(redstart, server_port=service.port) >= before + fresh, "all to be counted")
                time.sleep(0.3)
                check_equal(counted(redstart, server_port=service.port) - before, fresh,
                            f"{arguments}: counted since ready")
                ids = [span["span_id"] for span in redstart.spans]
                check_equal(len(set(ids)), len(ids), "spans, each once")
        check(not load.errors, f"the service failed: {load.errors[:3]}")
        print(f"       {load.sent} requests", flush=True)


def case_listener_moves():
    """--port means the port: what the process listens on later is unseen, until that is selected, too."""
    first, second = services.free_port(), services.free_port()
    with harness.Redstart("--port", first) as redstart, script(MOVES, first, second) as process:
        process.stdout.readline()
        one = [wire.request(first, "GET", "/hello") for _ in range(2)]
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        [wire.request(second, "GET", "/hello") for _ in range(2)]
        for exchange in one:
            redstart.wait_spans(1, harness.query_is(exchange.query), settle=0)
        redstart.wait_spans(2)
        check_equal([counted(redstart, server_port=port) for port in (first, second)], [2, 0], "counted")
    with harness.Redstart("--exe", "python3*") as redstart, script(MOVES, first, second) as process:
        for port in (first, second):
            process.stdout.readline()
            exchange = wire.request(port, "GET", "/hello")
            redstart.wait_spans(1, harness.query_is(exchange.query))
            process.stdin.write(b"\n")
            process.stdin.flush()


def case_listener_passed_on():
    """A listening socket that is sent to another process: what it accepts there stays observed."""
    port = services.free_port()
    mine, theirs = socket.socketpair()
    with harness.Redstart("--port", port) as redstart, socket.socket() as listener, mine, theirs:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        with script(TAKES_LISTENER, theirs.fileno(), pass_fds=[theirs.fileno()]) as process:
            mine.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener.fileno()]))])
            mine.recv(1)
            listener.close()
            exchanges = [wire.request(port, "GET", "/hello") for _ in range(5)]
            for exchange in exchanges:
                [span] = redstart.wait_spans(1, harness.query_is(exchange.query), settle=0)
                check_equal(span["attributes"]["process.pid"], process.pid, "process.pid: who serves")
            check_equal(counted(redstart, server_port=port), 5, "counted")


def case_renamed_and_deleted():
    """Matched by the name that it was started with, or has when redstart starts; a deleted file's name counts as
    well."""
    with tempfile.TemporaryDirectory() as folder:
        shop = surroundings.binary(folder, "shop")
        link = pathlib.Path(folder, "alias")
        link.symlink_to(shop)
        with harness.Redstart("--exe", "shop") as redstart, surroundings.go(program=shop) as renamed, \
                surroundings.go(program=link) as linked:
            shop.rename(pathlib.Path(folder, "other"))
            for service in (renamed, linked):  # a symlink by its target
                exchange = wire.request(service.port, "GET", "/hello")
                redstart.wait_spans(1, harness.query_is(exchange.query))
        with surroundings.go(program=surroundings.binary(folder, "shop")) as deleted:
            pathlib.Path(folder, "shop").unlink()
            for glob in ("shop", f"{folder}/sh*"):
                with harness.Redstart("--exe", glob) as redstart:
                    exchange = wire.request(deleted.port, "GET", "/hello")
                    [span] = redstart.wait_spans(1, harness.query_is(exchange.query))
                    check_equal(span["service.name"], "shop", "service.name")


def is_churn(span):
    return span["kind"] == "server" and span["service.name"] == "churn"


def own_metric(redstart, name):
    """One line of a page that is too long here to be read whole."""
    return float(re.search(rf"^{re.escape(name)} (\S+)$", redstart.page()[1], re.MULTILINE).group(1))


def case_many_processes():
    """1,000 servers: known before redstart starts, and forked while it runs; each one's request is counted."""
    def served(ports):
        for port in ports:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
                check(connection.recv(4096).endswith(b"hello\n"), "not the answer")

    def start():
        process = subprocess.Popen([services.PYTHON, services.PEERS / "http-python/churn.py", str(MANY)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        process.stdout.readline()
        return process, list(map(int, process.stdout.readline().split()))

    def stop(process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        process.stdin.close()
        process.stdout.close()

    process, ports = start()
    try:
        with harness.Redstart("--exe", "python3*") as redstart:
            check_between(redstart.ready_s, 0, READY_MAX_S, "s until ready")
            served(ports)
            redstart.wait_spans(MANY, is_churn, timeout=20)
            later, more = start()
            try:
                served(more)
                redstart.wait_spans(2 * MANY, is_churn, timeout=20)
                check_equal(own_metric(redstart, 'redstart_unparsed_total{protocol="http",cause="unknown_process"}'), 0,
                            "of unknown")
                check_equal(own_metric(redstart, 'redstart_records_lost_total{cause="ring_full"}'), 0, "lost")
                check_between(own_metric(redstart, "redstart_observed_processes"), 2 * MANY + 2, 2 * MANY + OTHERS_MAX,
                              "observed processes, this host's other Pythons included")
                sizes = {}
                for pid in redstart.pids():
                    status = processes.status(pid)
                    sizes[status["Name"]] = int(status["VmRSS"].split()[0])
                print(f"       ready in {redstart.ready_s:.2f} s; resident: {sizes} kB", flush=True)
            finally:
                stop(later)
            # All at once: more than the loader's messages find room for.
            wait_for(lambda: own_metric(redstart, "redstart_observed_processes") < MANY + OTHERS_MAX,
                     "those that ended to be left out")
            check_between(own_metric(redstart, "redstart_observed_processes"), MANY + 1, MANY + OTHERS_MAX,
                          "observed processes after that")
    finally:
        stop(process)


CASES = [case_from_listen_to_count, case_starts_during_walk, case_short_services, case_start_under_load,
         case_listener_moves, case_listener_passed_on, case_renamed_and_deleted, case_many_processes]


if __name__ == "__main__":
    sys.exit(harness.run_named(CASES, sys.argv[1:]))
