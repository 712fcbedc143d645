#!/usr/bin/python3
"""What loader.conf's rules select: fields of one rule, units and cgroups of both versions, moves between them,
containers, the same port in two network namespaces; and rules that change while everything runs (SIGHUP)."""
import os
import pathlib
import signal
import sys
import tempfile
import time

import harness
import services
import surroundings
import wire
from harness import check, check_equal
from load import Load
from pair import Collector, Loader, wait_for
from surroundings import binary, go
from wire_peer import WirePeer

DURATION = "http_server_request_duration_seconds_count"
DISCOVERY_MAX_S = 0.1


def ask(port, times=1):
    for _ in range(times):
        wire.request(port, "GET", "/hello")


class Pair:
    """Loader and collector, with a file of rules that can be changed."""

    def __init__(self, *lines):
        self.folder = tempfile.TemporaryDirectory(prefix="redstart-rules-")
        os.chmod(self.folder.name, 0o755)
        self.config = pathlib.Path(self.folder.name, "loader.conf")
        self.write(*lines)
        self.loader = Loader("--config", self.config)
        self.collector = Collector(self.loader.socket)

    def write(self, *lines):
        self.config.write_text("".join(f"{line}\n" for line in lines))
        self.config.chmod(0o644)

    def reload(self, *lines):
        """Returns when the new rules hold."""
        self.write(*lines)
        said = len(self.loader.lines("by the rules as they are now"))
        os.kill(self.loader.pid, signal.SIGHUP)
        wait_for(lambda: len(self.loader.lines("by the rules as they are now")) > said,
                 lambda: f"a reload: {self.loader.log}")
        time.sleep(0.2)

    def counted(self, port):
        return self.collector.metrics().sum(DURATION, server_port=port)

    def check_counts(self, expected):
        """{port: requests}; waits for them, then for one too many."""
        def seen():
            metrics = self.collector.metrics()
            return {port: metrics.sum(DURATION, server_port=port) for port in expected}
        end = time.monotonic() + harness.SPAN_TIMEOUT_S
        while seen() != expected and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.3)
        check_equal(seen(), expected, "requests by port")

    def __enter__(self):
        self.loader.__enter__()
        self.collector.__enter__()
        return self

    def __exit__(self, *failure):
        self.collector.__exit__(*failure)
        self.loader.__exit__(*failure)
        self.folder.cleanup()


def case_executable_and_port():
    """Only that port of that executable: its other ports stay unseen, and so does another executable on the port."""
    port = services.free_port()
    with WirePeer() as peer, tempfile.TemporaryDirectory() as folder:
        shop, other = binary(folder, "shop"), binary(folder, "other")
        with Pair(f"rule = exe=shop port={port}", f"rule = exe=python3* port={peer.ports['plain']}") as redstart:
            with go(port, shop) as one, go(program=shop) as second:
                ask(port, 3), ask(second.port, 2)
                ask(peer.ports["plain"], 4), ask(peer.ports["read recv"], 2)
                redstart.check_counts({port: 3, second.port: 0, peer.ports["plain"]: 4, peer.ports["read recv"]: 0})
            with go(port, other):
                ask(port, 5)
                redstart.check_counts({port: 3})
            with go(port, shop):
                ask(port, 1)
                redstart.check_counts({port: 4})


def case_excluding_rule():
    """Everything but one executable's one port."""
    with tempfile.TemporaryDirectory() as folder:
        shop = binary(folder, "shop")
        with go(program=shop) as one, go(program=shop) as two, go() as three, \
                Pair(f"exe = shop,http-go", f"exclude-rule = exe=shop port={one.port},{three.port}") as redstart:
            for service in (one, two, three):
                ask(service.port, 2)
            redstart.check_counts({one.port: 0, two.port: 2, three.port: 2})


def with_cgroups(function):
    """One case for each version that is mounted here."""
    found = surroundings.hierarchies()
    check(found, "no cgroup hierarchy is mounted")
    for version, root in found.items():
        try:
            function(root)
        except Exception as error:
            raise harness.Failure(f"{version} at {root}: {error}") from error
    print(f"       {' and '.join(found)}", flush=True)


def case_units():
    def check_units(root):
        with surroundings.cgroup(root, "redtest.slice/redshop.service/payload") as inner, \
                surroundings.cgroup(root, "redtest.slice/redother.service") as elsewhere, \
                Pair("unit = redshop") as redstart, \
                go(within=inner) as shop, go(within=inner.parent) as direct, go(within=elsewhere) as other, \
                go() as outside:
            for service in (shop, direct, other, outside):
                ask(service.port, 2)
            redstart.check_counts({shop.port: 2, direct.port: 2, other.port: 0, outside.port: 0})
            redstart.reload("cgroup = /redtest.slice", "exclude-unit = redshop.service")
            for service in (shop, direct, other, outside):
                ask(service.port, 2)
            redstart.check_counts({shop.port: 2, direct.port: 2, other.port: 2, outside.port: 0})
            redstart.reload(f"rule = cgroup=/redtest.slice/* port={other.port},{direct.port}")
            for service in (shop, direct, other, outside):
                ask(service.port, 2)
            redstart.check_counts({shop.port: 2, direct.port: 4, other.port: 4, outside.port: 0})
    with_cgroups(check_units)


def case_moves():
    """A running process that is moved into a selected cgroup, and out of it, with a connection that stays open."""
    def check_moves(root):
        with surroundings.cgroup(root, "redtest.slice/redshop.service") as inside, Pair("unit = redshop") as redstart, \
                go() as service, wire.Connection(service.port) as connection:
            for _ in range(2):
                connection.exchange("GET", "/hello")
            surroundings.move(service.pid, inside)
            time.sleep(DISCOVERY_MAX_S)
            for _ in range(3):
                connection.exchange("GET", "/hello")
            ask(service.port, 2)
            redstart.check_counts({service.port: 5})
            surroundings.move(service.pid, root)
            time.sleep(DISCOVERY_MAX_S)
            for _ in range(3):
                connection.exchange("GET", "/hello")
            ask(service.port, 2)
            redstart.check_counts({service.port: 5})
    with_cgroups(check_moves)


def case_containers_only():
    with tempfile.TemporaryDirectory() as folder:
        shop = binary(folder, "shop")
        port = services.free_port()
        with Pair("rule = exe=shop containers_only") as redstart, go(program=shop) as bare, \
                services.Service(surroundings.in_container([shop, "serve", "nethttp", f"127.0.0.1:{port}"]), port):
            ask(bare.port, 2), ask(port, 3)
            redstart.check_counts({bare.port: 0, port: 3})


def case_two_network_namespaces():
    """The same port in two of them, and outside: each its own service; --port selects them all."""
    port = services.free_port()
    with harness.Redstart("--port", port) as redstart, go(port) as outside, surroundings.net_namespace(port) as one, \
            surroundings.net_namespace(port) as two:
        one(3), two(2), ask(port, 4)
        for pid, count in ((one.pid, 3), (two.pid, 2), (outside.pid, 4)):
            redstart.wait_spans(count, lambda span: span["attributes"]["process.pid"] == pid)
        redstart.wait_spans(9)
        check_equal(redstart.metrics().sum(DURATION, server_port=port), 9, "requests counted")


def case_reload_under_load():
    """2,000 requests a second: what stays selected loses none over 10 changes of the rules around it, nor over bad
    files."""
    with go() as stays, go() as other, WirePeer() as peer:
        plain, second = peer.ports["plain"], peer.ports["read recv"]
        both = (f"port = {stays.port},{other.port}",)
        rules = [(f"port = {stays.port}",), both, ("exe = http-go",), (f"rule = exe=http-go port={stays.port}",),
                 (f"port = {plain}", f"rule = exe=http-* port={stays.port}"), (f"pid = {stays.pid}",)]
        with Pair(*both) as redstart, Load(stays.port, 2000) as load, wire.Connection(other.port) as connection:
            load.resume()
            for turn in range(10):
                time.sleep(0.3)
                redstart.reload(*rules[turn % len(rules)])
                if turn in (2, 7):
                    redstart.write("port = 80", "prt = 81")
                    os.kill(redstart.loader.pid, signal.SIGHUP)
            load.pause()
            check(not load.errors, f"the service failed: {load.errors[:3]}")
            redstart.check_counts({stays.port: load.sent})
            print(f"       {load.sent} requests", flush=True)
            check_equal(len(redstart.loader.lines("the rules stay as they were")), 2, "bad files refused")
            redstart.collector.check_nothing_lost()
            redstart.reload(f"port = {stays.port}")
            before = redstart.counted(other.port)
            connection.exchange("GET", "/hello")
            ask(plain)
            redstart.check_counts({other.port: before, plain: 0})
            redstart.reload(f"port = {other.port},{plain}")
            for _ in range(3):
                connection.exchange("GET", "/hello")
            ask(plain, 2), ask(second, 2), ask(stays.port, 2)
            redstart.check_counts({other.port: before + 3, plain: 2, second: 0, stays.port: load.sent})


def case_bad_reload():
    """The old rules stay, and why is said; a file that is not root's any more, or gone; no file at all."""
    with go() as service, Pair(f"port = {service.port}") as redstart:
        problems = (lambda: redstart.write("port = 0"), lambda: redstart.config.chmod(0o666), redstart.config.unlink)
        for number, spoil in enumerate(problems, 1):
            redstart.write(f"port = {service.port}")
            spoil()
            os.kill(redstart.loader.pid, signal.SIGHUP)
            wait_for(lambda: len(redstart.loader.lines("the rules stay as they were")) == number,
                     lambda: str(redstart.loader.log))
            ask(service.port)
            redstart.check_counts({service.port: number})
        for said in ("loader.conf, line 1: port '0': expected", "must be a file of root's", "No such file"):
            check(redstart.loader.lines(said), f"{said!r} is not in {redstart.loader.log}")
        redstart.reload(f"port = {service.port}")
        ask(service.port)
        redstart.check_counts({service.port: 4})
    with go() as service, Loader("--port", service.port) as loader, Collector(loader.socket) as collector:
        os.kill(loader.pid, signal.SIGHUP)
        loader.wait_line("by the rules as they are now")
        ask(service.port)
        wait_for(lambda: collector.metrics().sum(DURATION) == 1, "a request after SIGHUP without a file")


CASES = [case_executable_and_port, case_excluding_rule, case_units, case_moves, case_containers_only,
         case_two_network_namespaces, case_reload_under_load, case_bad_reload]


if __name__ == "__main__":
    sys.exit(harness.run_named(CASES, sys.argv[1:]))
