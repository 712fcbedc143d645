#!/usr/bin/python3
"""What services are called: by what they say of themselves, by their container, unit or script; and that a name
stays."""
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
import load
import services
import wire
from harness import check, check_equal

SECRET = "correct-horse-battery"
ID = "7be92808767a667f35c8505cbf40d14e931ef6db5b0210329cf193b15ba9d605"
ID2 = "1f2e3d4c5b6a79880123456789abcdef0123456789abcdef0123456789abcdef"
POD = "d7ecb146-0b4b-4f4c-8bb5-9d4c6b5e2f10"
CGROUPS = pathlib.Path("/sys/fs/cgroup")
RESTARTS = 5
RATE = 400
NOBODY = "65534"
# The first process of a pid namespace gets no signal that it does not handle.
OWN_PIDS = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", "trap 'kill $!' TERM; \"$@\" & wait", "sh"]


def python(port, environment=None, before=(), name="threaded.py", clean=False):
    """The Python peer; before: a command in front of it; clean: with this environment and nothing else."""
    command = [*before, services.PYTHON, services.PEERS / "http-python" / name, port]
    if clean:
        variables = [f"{key}={value}" for key, value in (environment or {}).items()]
        command, environment = ["env", "-i", *variables, *command], None
    return services.Service(command, port, env=environment)


def targets(redstart, exchanges):
    """target_info of the services that answered these, in their order, each as {label: value}."""
    spans = redstart.wait_spans(len(exchanges), harness.query_in(exchanges))
    by_query = {span["attributes"]["url.query"]: span for span in spans}
    metrics = redstart.metrics()
    found = []
    for exchange in exchanges:
        span = by_query[exchange.query]
        series = [labels for labels, _ in metrics.select("http_server_request_duration_seconds_count",
                                                         service_name=span["service.name"],
                                                         server_port=span["attributes"]["server.port"])]
        check(series, f"no series of service {span['service.name']!r}")
        ids = {labels["service_instance_id"] for labels in series}
        infos = [labels for labels, _ in metrics.select("target_info") if labels["service_instance_id"] in ids]
        found.append(infos[0] if infos else {})
    return found


def target_of(redstart, port):
    exchange = wire.request(port, "GET", "/hello")
    check_equal(exchange.status, 200, "status")
    return targets(redstart, [exchange])[0]


def check_labels(labels, **expected):
    """None: the label must not be there."""
    wrong = {name: (value, labels.get(name)) for name, value in expected.items() if labels.get(name) != value}
    check(not wrong, f"labels (expected, seen): {wrong}; of {labels}")


def test_said():
    """Before redstart starts and after, by port and by name; percent-encoded, quoted, of another user."""
    said = {"OTEL_SERVICE_NAME": "shop \"1\"", "OTEL_RESOURCE_ATTRIBUTES":
            "service.namespace=eu,service.version=1.2%2C3,deployment.environment.name=prod,team=a b%25,service.name=no"}
    expected = {"service_name": "shop \"1\"", "service_namespace": "eu", "service_version": "1.2,3", "team": "a b%",
                "deployment_environment_name": "prod", "telemetry_sdk_language": "python", "os_type": "linux"}
    ports = [services.free_port() for _ in range(4)]
    # By another path than the distribution's, so that --exe selects these alone.
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        alone = pathlib.Path(folder, "redstart-names-python3")
        shutil.copy(services.PYTHON, alone)
        for selector in (("--port", f"{ports[0]}-{ports[0]},{ports[1]}"), ("--exe", "redstart-names-*")):
            exe = alone if selector[0] == "--exe" else services.PYTHON
            first, second = ports[:2] if selector[0] == "--port" else ports[2:]
            script = services.PEERS / "http-python/threaded.py"
            with services.Service([exe, script, first], first, env=said), harness.Redstart(*selector) as redstart, \
                    services.Service(["setpriv", "--reuid", NOBODY, "--clear-groups", exe, script, second], second,
                                     env={"OTEL_RESOURCE_ATTRIBUTES": "service.name=late"}):
                check_labels(target_of(redstart, first), **expected)
                check_labels(target_of(redstart, second), service_name="late", service_namespace=None)
                redstart.check_nothing_lost()


def test_forced():
    port = services.free_port()
    with python(port, {"OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=eu"}), \
            harness.Redstart("--port", port, "--service-name", "mine") as redstart:
        check_labels(target_of(redstart, port), service_name="mine", service_namespace="eu")


def test_rules():
    """Of the file: what an operator calls a service wins over what it says; SIGHUP names it anew."""
    text = ("discovery:\n  rules:\n    - ports: [{port}]\n      name: {name}\n      namespace: eu\n"
            "      attributes: {{team: checkout}}\n")
    port = services.free_port()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        file = pathlib.Path(folder, "redstart.yaml")
        file.write_text(text.format(port=port, name="ruled"))
        with python(port, {"OTEL_SERVICE_NAME": "said", "OTEL_RESOURCE_ATTRIBUTES": "team=said,a=b"}), \
                harness.Redstart("--config", file) as redstart:
            check_labels(target_of(redstart, port), service_name="ruled", service_namespace="eu", team="checkout",
                         a="b")
            file.write_text(text.format(port=port, name="again"))
            redstart.process.send_signal(signal.SIGHUP)
            end = time.monotonic() + 5
            while target_of(redstart, port)["service_name"] != "again":
                check(time.monotonic() < end, f"not named anew: {redstart.log_text()}")


def counts_settled(redstart, sent):
    """{service.name: requests}, once there are as many as were sent; more is a failure."""
    name = "http_server_request_duration_seconds_count"
    end = time.monotonic() + 4
    while redstart.metrics().sum(name) < sent and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(0.2)
    counts = {}
    for labels, number in redstart.metrics().select(name):
        counts[labels["service_name"]] = counts.get(labels["service_name"], 0) + number
    check_equal(sum(counts.values()), sent, f"requests counted, of {counts}")
    return counts


def test_renamed():
    """SIGHUP at 400 requests a second: from then on the new name's series grow and no other, and each request is in one
    of them. A rule's name before the service's own; service.name before both; without it the rule's series goes on."""
    port = services.free_port()
    rule = f"discovery:\n  rules:\n    - {{ports: {port}, name: NAME}}\n"
    turns = [("ruled", rule.replace("NAME", "ruled")), ("again", rule.replace("NAME", "again")),
             ("all", rule.replace("NAME", "again") + "service: {name: all}\n"),
             ("again", rule.replace("NAME", "again")),
             ("said", rule.replace(", name: NAME", ""))]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        file = pathlib.Path(folder, "redstart.yaml")
        file.write_text(turns[0][1])
        with python(port, {"OTEL_SERVICE_NAME": "said"}), harness.Redstart("--config", file) as redstart, \
                load.Load(port, RATE) as clients:
            for turn, (name, text) in enumerate(turns):
                clients.resume()
                if turn:
                    file.write_text(text)
                    redstart.process.send_signal(signal.SIGHUP)
                    end = time.monotonic() + 5
                    while sum("configuration read again" in line for line in list(redstart.log)) < turn:
                        check(time.monotonic() < end, f"not read again: {redstart.log_text()}")
                        time.sleep(0.02)
                clients.pause()
                before, sent = counts_settled(redstart, clients.sent), clients.sent
                clients.resume()
                time.sleep(0.4)
                clients.pause()
                after = counts_settled(redstart, clients.sent)
                grown = {key: number - before.get(key, 0) for key, number in after.items() if number != before.get(key)}
                check_equal(grown, {name: clients.sent - sent}, f"requests by name in turn {turn}")
            check_equal(clients.errors, [], "errors of the load")
            redstart.check_nothing_lost()
            print(f"       {clients.sent} requests under {len(after)} names")


def test_environments():
    """Large, tiny and odd ones."""
    many = {f"VARIABLE_{i}": "x" * 20 for i in range(3000)}
    cases = [
        ("100 KB before it", {"A": "x" * 100000, "OTEL_SERVICE_NAME": "behind"}, "behind"),
        ("3000 variables", {**many, "OTEL_SERVICE_NAME": "among"}, "among"),
        ("none at all", {}, "threaded"),
        ("empty", {"OTEL_SERVICE_NAME": "", "OTEL_RESOURCE_ATTRIBUTES": ""}, "threaded"),
        ("other names", {"XOTEL_SERVICE_NAME": "a", "OTEL_SERVICE_NAMES": "b", "OTEL_SERVICE": "c"}, "threaded"),
        ("too long", {"OTEL_SERVICE_NAME": "n" * 500}, "n" * 127),
        ("odd bytes", {"OTEL_SERVICE_NAME": "a\nb\x1b\x7fgr\u00fc\u00df"}, "a?b??gr\u00fc\u00df"),
        ("bad items", {"OTEL_RESOURCE_ATTRIBUTES": "=,%zz=1,service.name=good,x"}, "good"),
    ]
    ports = [services.free_port() for _ in cases]
    with contextlib.ExitStack() as stack:
        running = len(cases) // 2  # these before redstart, the others after it
        for port, (_, environment, _) in list(zip(ports, cases))[:running]:
            stack.enter_context(python(port, environment, clean=True))
        redstart = stack.enter_context(harness.Redstart("--port", ",".join(map(str, ports))))
        for port, (_, environment, _) in list(zip(ports, cases))[running:]:
            stack.enter_context(python(port, environment, clean=True))
        for port, (what, _, name) in zip(ports, cases):
            check_equal(target_of(redstart, port).get("service_name"), name, f"service.name, {what}")


def test_no_other_variable():
    """A recording holds all that the kernel side sent: of the environment these two values, nothing beside them."""
    port = services.free_port()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        file = pathlib.Path(folder, "a.rec")
        environment = {"AAA": SECRET, "OTEL_SERVICE_NAME": "shop", "MIDDLE": SECRET,
                       "OTEL_RESOURCE_ATTRIBUTES": "team=blue", "ZZZ": SECRET}
        with python(port, environment, clean=True), harness.Redstart("--port", port, "--record", file) as redstart:
            check_labels(target_of(redstart, port), service_name="shop", team="blue")
        content = file.read_bytes()
        check(b"team=blue" in content, "the recording does not hold what the service said")
        check(SECRET.encode() not in content, "the recording holds another variable")


def test_scripts():
    """Four interpreters, each as people start it."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        ports = [services.free_port() for _ in range(4)]
        jar = pathlib.Path(folder, "billing-1.0.jar")
        subprocess.run(["jar", "cfe", jar, "Server", "-C", services.peer_build("http-java"), "."], check=True)
        node, ruby = pathlib.Path(folder, "cart.js"), pathlib.Path(folder, "stock.rb")
        shutil.copy(services.PEERS / "http-node/server.js", node)
        shutil.copy(services.PEERS / "http-ruby/server.rb", ruby)
        redstart = stack.enter_context(harness.Redstart("--port", ",".join(map(str, ports))))
        commands = [[services.PYTHON, "-m", "http.server", "--directory", folder, "--bind", "127.0.0.1", ports[0]],
                    [services.NODE, "--max-old-space-size=128", node, ports[1]],
                    ["/usr/bin/ruby", "-W0", ruby, ports[2]],
                    ["java", "-Xmx64m", "-jar", jar, ports[3]]]
        for port, command in zip(ports, commands):
            stack.enter_context(services.Service(command, port))
        names = ["http.server", "cart", "stock", "billing-1.0"]
        for port, name in zip(ports, names):
            exchange = wire.request(port, "GET", "/")
            check_labels(targets(redstart, [exchange])[0], service_name=name)


def folder_remove(folder, timeout=3):
    """Of a cgroup, whose last processes may just be ending."""
    end = time.monotonic() + timeout
    while True:
        try:
            return folder.rmdir()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


@contextlib.contextmanager
def cgroup(path):
    """A cgroup of its own; yields the command that runs another in it. Its folders are removed again."""
    made = []
    for folder in reversed([path, *path.parents]):
        if folder.is_relative_to(CGROUPS) and not folder.exists():
            folder.mkdir()
            made.append(folder)
    try:
        yield ["sh", "-c", f'echo $$ > "{path}/cgroup.procs" && exec "$@"', "sh"]
    finally:
        for folder in reversed(made):
            folder_remove(folder)


def cgroup_roots():
    """(where, is it v2)"""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS]
    return [root for root in (CGROUPS / "unified", CGROUPS / "systemd", CGROUPS / "memory") if root.is_dir()]


def test_containers():
    """In cgroups as runtimes make them, of each version that this host has; the pid namespace is another one too."""
    cases = [
        (f"docker/{ID}", {"container_id": ID, "service_name": "threaded"}),
        (f"system.slice/docker-{ID2}.scope", {"container_id": ID2}),
        (f"kubepods.slice/kubepods-pod{POD.replace('-', '_')}.slice/cri-containerd-{ID}.scope",
         {"container_id": ID, "k8s_pod_uid": POD}),
        ("lxc.payload.web/init.scope", {"container_name": "web", "service_name": "web", "container_id": None}),
        ("system.slice/redstart\\x2dnames.service", {"service_name": "redstart-names", "container_id": None}),
    ]
    seen = set()
    for root in cgroup_roots():
        ports = [services.free_port() for _ in cases]
        with contextlib.ExitStack() as stack:
            redstart = stack.enter_context(harness.Redstart("--port", ",".join(map(str, ports))))
            for port, (path, expected) in zip(ports, cases):
                inside = stack.enter_context(cgroup(root / path))
                stack.enter_context(python(port, before=[*inside, *OWN_PIDS]))
                labels = target_of(redstart, port)
                check_labels(labels, **expected)
                seen.add(labels["service_instance_id"])
    check_equal(len(seen), len(cases) * len(cgroup_roots()), "different instances")
    print(f"       {len(cgroup_roots())} hierarchies: {', '.join(root.name for root in cgroup_roots())}")


def test_deleted():
    """An executable that is deleted while it runs keeps its name, also for a redstart that starts then."""
    port = services.free_port()
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder, "redstart-names-shop")
        shutil.copy(services.peer_build("http-go") / "http-go", program)
        with services.Service([program, "serve", "nethttp", f"127.0.0.1:{port}"], port):
            ids = set()
            for _ in range(2):
                with harness.Redstart("--port", port) as redstart:
                    labels = target_of(redstart, port)
                    check_labels(labels, service_name=program.name, process_executable_name=program.name)
                    ids.add(labels["service_instance_id"])
                program.unlink(missing_ok=True)
            check_equal(len(ids), 1, "different instances")


def test_executed_anew():
    """The same file by the same process, with another name from then on."""
    port = services.free_port()
    with services.Service([services.PYTHON, services.PEERS / "http-python/named.py", "exec", port, "second"], port,
                          env={"OTEL_SERVICE_NAME": "first"}) as service, harness.Redstart("--port", port) as redstart:
        check_labels(target_of(redstart, port), service_name="first")
        wire.request(port, "GET", "/next")
        end = time.monotonic() + 5
        while True:
            try:
                check_labels(target_of(redstart, port), service_name="second")
                break
            except OSError:  # between the two listeners
                check(time.monotonic() < end, f"it does not answer after it executed itself: {service.log()}")
                time.sleep(0.05)


def test_workers():
    """Forked ones share name, resource and series with their parent."""
    port, requests = services.free_port(), 40
    with services.Service([services.PYTHON, services.PEERS / "http-python/named.py", "fork", port, "4"], port,
                          env={"OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "a=b"}), \
            harness.Redstart("--port", port) as redstart:
        exchanges = [wire.request(port, "GET", "/hello") for _ in range(requests)]
        spans = redstart.wait_spans(requests, harness.query_in(exchanges))
        check_equal({span["service.name"] for span in spans}, {"shop"}, "names")
        metrics = redstart.metrics()
        series = metrics.select("http_server_request_duration_seconds_count")
        check_equal([number for _, number in series], [requests], f"counts of the series {series}")
        check_equal(len(metrics.select("target_info", a="b")), 1, "resources")
        print(f"       {len({span['attributes']['process.pid'] for span in spans})} workers answered")


def test_restarts():
    """A service started again under load is the same instance: one series, and every request in it."""
    port, sent = services.free_port(), 0
    with harness.Redstart("--port", port) as redstart:
        for version in range(RESTARTS + 1):
            with python(port, {"OTEL_RESOURCE_ATTRIBUTES": f"service.name=shop,service.version={version}"}), \
                    load.Load(port, RATE) as clients:
                clients.resume()
                time.sleep(0.7)
                clients.pause()
                check_equal(clients.errors, [], "errors of the load")
                sent += clients.sent
        name = "http_server_request_duration_seconds_count"
        end = 40
        while redstart.metrics().sum(name) < sent and end:
            time.sleep(0.1)
            end -= 1
        metrics = redstart.metrics()
        series = metrics.select(name)
        check_equal([number for _, number in series], [sent], f"counts of the series {series}")
        check_equal([labels["service_version"] for labels, _ in metrics.select("target_info")], [str(RESTARTS)],
                    "service.version of the one resource")
        redstart.check_nothing_lost()
        print(f"       {sent} requests over {RESTARTS} restarts")


if __name__ == "__main__":
    sys.exit(harness.run_named([test for name, test in globals().items() if name.startswith("test_")], sys.argv[1:]))
