#!/usr/bin/python3
"""/metrics behind a web.yml: TLS, passwords, client certificates, as curl and a real Prometheus see them; certificates
and users that change; strangers who begin handshakes and end none."""
import base64
import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import harness
import processes
import prometheus_server
import services
import wire
from harness import check, check_between, check_equal
from prometheus_server import ask, check_target, value_of, wait_value

USER, PASSWORD = "alice", "correct horse"
TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key%s}\n"
MUTUAL = TLS % ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt"
HALF_OPEN = 500


def openssl(folder, *arguments):
    subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True, timeout=30)


def certificate(folder, name, subject, purpose):
    """NAME.crt and NAME.key, signed by ca.crt; the files are replaced as a certificate manager does it."""
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "new.key",
            "-out", "new.csr", "-subj", f"/CN={subject}")
    pathlib.Path(folder, "new.ext").write_text(
        f"subjectAltName=DNS:{subject},IP:127.0.0.1\nextendedKeyUsage={purpose}\n")
    openssl(folder, "x509", "-req", "-in", "new.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", 2, "-out", "new.crt", "-extfile", "new.ext")
    for kind in ("key", "crt"):
        os.chmod(f"{folder}/new.{kind}", 0o644)
        os.replace(f"{folder}/new.{kind}", f"{folder}/{name}.{kind}")


def authority(folder, name="ca"):
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            f"{name}.key", "-out", f"{name}.crt", "-days", 2, "-subj", "/CN=redstart test authority")
    os.chmod(f"{folder}/{name}.crt", 0o644)


def password_hash(password):
    run = subprocess.run(["htpasswd", "-nbBC", "10", "", password], capture_output=True, text=True, check=True,
                         timeout=30)
    return run.stdout.strip().lstrip(":")


def write(path, text):
    """Replaces a file at once, readable to the collector's user."""
    new = pathlib.Path(f"{path}.new")
    new.write_text(text)
    new.chmod(0o644)
    new.replace(path)


@contextlib.contextmanager
def folder_with(config):
    """A folder of certificates and the web.yml that the text gives."""
    with tempfile.TemporaryDirectory(prefix="redstart-web-") as folder:
        os.chmod(folder, 0o755)
        authority(folder)
        certificate(folder, "server", "localhost", "serverAuth")
        certificate(folder, "client", "prometheus.example", "clientAuth")
        write(f"{folder}/web.yml", config)
        yield folder


@contextlib.contextmanager
def serving(folder, *arguments):
    with harness.Redstart("--web-config", f"{folder}/web.yml", *arguments) as redstart:
        yield redstart


def get(redstart, folder, path="/metrics", authorization=None, client=None, authority_file="ca.crt", method="GET"):
    """(status, headers, body), or the name of the TLS error."""
    context = ssl.create_default_context(cafile=f"{folder}/{authority_file}")
    if client:
        context.load_cert_chain(f"{folder}/{client}.crt", f"{folder}/{client}.key")
    connection = http.client.HTTPSConnection("localhost", redstart.port, timeout=10, context=context)
    headers = {"Authorization": authorization} if authorization else {}
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    except (ssl.SSLError, ConnectionError) as error:
        return type(error).__name__, {}, ""
    finally:
        connection.close()


def basic(user=USER, password=PASSWORD):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def curl(folder, port, *arguments):
    command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", f"{folder}/ca.crt",
               *arguments, f"https://localhost:{port}/metrics"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=30)
    return run.stdout, run.returncode


def case_curl_with_tls_and_password():
    users = f"basic_auth_users: {{{USER}: {password_hash(PASSWORD)}}}\n"
    with folder_with(TLS % "" + users + "http_server_config: {headers: {X-Frame-Options: deny}}\n") as folder, \
            serving(folder) as redstart:
        judged = subprocess.run(["promtool", "check", "web-config", f"{folder}/web.yml"], capture_output=True,
                                timeout=20)
        check_equal(judged.returncode, 0, f"promtool about the same file: {judged.stderr}")
        check_equal(curl(folder, redstart.port), ("401", 0), "without a password")
        check_equal(curl(folder, redstart.port, "-u", f"{USER}:wrong"), ("401", 0), "with a wrong one")
        check_equal(curl(folder, redstart.port, "-u", f"{USER}:{PASSWORD}"), ("200", 0), "with the right one")
        check_equal(curl(folder, redstart.port, "-u", f"bob:{PASSWORD}"), ("401", 0), "another user")
        check_equal(curl(folder, redstart.port, "--tls-max", "1.1"), ("000", 35), "TLS 1.1")
        check_equal(curl(folder, redstart.port, "--tls-max", "1.2", "-u", f"{USER}:{PASSWORD}"), ("200", 0), "TLS 1.2")
        for path in ("/metrics", "/healthz", "/readyz", "/nothing"):  # as in exporter-toolkit: all of them
            status, headers, _ = get(redstart, folder, path)
            check_equal((status, headers.get("WWW-Authenticate"), headers.get("X-Frame-Options")),
                        (401, 'Basic realm="redstart"', "deny"), f"{path} without a password")
        for path, expected in (("/healthz", 200), ("/readyz", 200), ("/nothing", 404)):
            status, headers, _ = get(redstart, folder, path, basic())
            check_equal((status, headers.get("X-Frame-Options")), (expected, "deny"), path)
        check_equal(get(redstart, folder, authorization=basic(), method="POST")[0], 405, "POST")
        for other in ("Basic", "Basic !", "Basic " + "A" * 3000, "Bearer x", basic("", ""), basic(USER, "")):
            check_equal(get(redstart, folder, authorization=other)[0], 401, f"Authorization: {other[:20]}")
        begin = time.monotonic()
        check_equal(get(redstart, folder, authorization=basic())[0], 200, "again")
        check_between(time.monotonic() - begin, 0, 0.06, "seconds with a password that is known")
        check("refused a request" in redstart.log_text(), f"no log line: {redstart.log_text()}")
        said = redstart.log_text().replace("a wrong password", "")
        check(PASSWORD not in said and "wrong" not in said, "a password in the log")


def case_client_certificates():
    with folder_with(MUTUAL) as folder, serving(folder) as redstart:
        authority(folder, "other")
        os.rename(f"{folder}/ca.crt", f"{folder}/kept.crt")
        os.rename(f"{folder}/ca.key", f"{folder}/kept.key")
        for kind in ("crt", "key"):
            os.rename(f"{folder}/other.{kind}", f"{folder}/ca.{kind}")
        certificate(folder, "stranger", "prometheus.example", "clientAuth")
        for kind in ("crt", "key"):
            os.rename(f"{folder}/kept.{kind}", f"{folder}/ca.{kind}")
        certificate(folder, "server-like", "prometheus.example", "serverAuth")
        check_equal(get(redstart, folder, client="client")[0], 200, "with the certificate")
        for client in (None, "stranger", "server-like"):
            status = get(redstart, folder, client=client)[0]
            check(isinstance(status, str), f"with {client}: expected the handshake to fail, saw {status}")
        check_equal(get(redstart, folder, client="client")[0], 200, "after the others")


def case_client_names():
    for names, expected in (("[x.example, prometheus.example]", True), ("[127.0.0.1]", True), ("[x.example]", False)):
        config = MUTUAL.replace("}", f", client_allowed_sans: {names}}}")
        with folder_with(config) as folder, serving(folder) as redstart:
            status = get(redstart, folder, client="client")[0]
            check_equal(status == 200, expected, f"client_allowed_sans: {names}, saw {status}")


def case_prometheus_with_both():
    users = f"basic_auth_users: {{{USER}: {password_hash(PASSWORD)}}}\n"
    with folder_with(MUTUAL + users) as folder, services.go() as service, \
            serving(folder, "--port", service.port) as redstart:
        for _ in range(7):
            wire.request(service.port, "GET", "/hello")
        files = ", ".join(f"{what}_file: {folder}/{name}" for what, name in
                          (("ca", "ca.crt"), ("cert", "client.crt"), ("key", "client.key")))
        how = (f", scheme: https, basic_auth: {{username: {USER}, password: '{PASSWORD}'}}"
               f", tls_config: {{{files}, server_name: localhost}}")
        with prometheus_server.start(redstart.port, more=how) as server:
            wait_value(server, "sum(http_server_request_duration_seconds_count)", 7, "scraped with TLS and password")
            check_target(server)
            check_equal(value_of(server, "up"), 1, "up")
            check(ask(server, "targets")["activeTargets"][0]["scrapeUrl"].startswith("https://"), "not by https")


def harness_wait(condition, what, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, f"waited {seconds} s for {what}")
        time.sleep(0.1)


def served_serial(redstart, folder):
    context = ssl.create_default_context(cafile=f"{folder}/ca.crt")
    with socket.create_connection(("127.0.0.1", redstart.port), 5) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as session:
            return session.getpeercert()["serialNumber"]


def case_what_changes_is_taken():
    """Certificates and users, without a restart; a mistake leaves the old ones; an open connection goes on."""
    users = "basic_auth_users: {%s: %s}\n"
    first, second = password_hash(PASSWORD), password_hash("second")
    with folder_with(TLS % "" + users % (USER, first)) as folder, serving(folder) as redstart:
        check_equal(get(redstart, folder, authorization=basic())[0], 200, "at first")
        before = served_serial(redstart, folder)
        context = ssl.create_default_context(cafile=f"{folder}/ca.crt")
        kept = http.client.HTTPSConnection("localhost", redstart.port, timeout=10, context=context)
        kept.request("GET", "/healthz", headers={"Authorization": basic()})
        check_equal(kept.getresponse().read(), b"ok\n", "a connection that stays open")
        certificate(folder, "server", "localhost", "serverAuth")
        harness_wait(lambda: served_serial(redstart, folder) != before, "the new certificate", 5)
        kept.request("GET", "/healthz", headers={"Authorization": basic()})
        check_equal(kept.getresponse().read(), b"ok\n", "that connection, with the old certificate")
        kept.close()

        write(f"{folder}/web.yml", TLS % "" + users % (USER, second))
        harness_wait(lambda: get(redstart, folder, authorization=basic(USER, "second"))[0] == 200,
                     "the new password", 5)
        check_equal(get(redstart, folder, authorization=basic())[0], 401, "the old password")

        write(f"{folder}/web.yml", TLS % "" + users % (USER, "plain"))
        harness_wait(lambda: get(redstart, folder, authorization=basic(USER, "second")) and
                     "bcrypt hash" in redstart.log_text(), "an error about the mistake", 5)
        check_equal(get(redstart, folder, authorization=basic(USER, "second"))[0], 200, "with a mistake in the file")
        write(f"{folder}/web.yml", TLS % "" + users % (USER, first))
        harness_wait(lambda: get(redstart, folder, authorization=basic())[0] == 200, "the file once it is right", 5)


def case_slow_handshakes():
    """500 clients that begin a handshake and do not go on: a reader in earnest waits some seconds, memory stays."""
    with folder_with(TLS % "") as folder, services.go() as service, serving(folder, "--port", service.port) as redstart:
        check_equal(get(redstart, folder)[0], 200, "before")
        collector = redstart.collector()
        before = processes.resident_kib(collector)
        with contextlib.ExitStack() as stack:
            for number in range(HALF_OPEN):
                half = stack.enter_context(socket.create_connection(("127.0.0.1", redstart.port), 5))
                if number % 2:
                    half.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01")  # the head of a ClientHello
            for _ in range(20):
                wire.request(service.port, "GET", "/hello")
            begin = time.monotonic()
            harness_wait(lambda: get(redstart, folder)[0] == 200, "a page beside them", 20)
            waited = time.monotonic() - begin
            grown = processes.resident_kib(collector) - before
        redstart.wait_spans(20, harness.server_port_is(service.port))
        limit = 40 if harness.sanitized() else 4
        check_between(grown, -1 << 20, limit << 10, "KiB of memory for 500 half-open clients")
        print(f"       a page beside {HALF_OPEN} half-open clients after {waited:.1f} s, {grown} KiB more",
              flush=True)


def case_many_wrong_passwords():
    """They neither hold up the data path nor readers whose password is known."""
    users = f"basic_auth_users: {{{USER}: {password_hash(PASSWORD)}}}\n"
    with folder_with(TLS % "" + users) as folder, services.go() as service, \
            serving(folder, "--port", service.port) as redstart:
        check_equal(get(redstart, folder, authorization=basic())[0], 200, "known from here")
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            guesses = [pool.submit(get, redstart, folder, "/metrics", basic(USER, f"guess{n}")) for n in range(40)]
            longest = 0
            for _ in range(10):
                begin = time.monotonic()
                check_equal(get(redstart, folder, authorization=basic())[0], 200, "beside guesses")
                longest = max(longest, time.monotonic() - begin)
                wire.request(service.port, "GET", "/hello")
            statuses = {guess.result()[0] for guess in guesses}
        check(statuses <= {401, 503}, f"answers to guesses: {statuses}")
        check_between(longest, 0, 1, "seconds for a page beside guesses")
        redstart.wait_spans(10, harness.server_port_is(service.port))
        redstart_lost = get(redstart, folder, authorization=basic())[2]
        lost = harness.Metrics(redstart_lost).sum("redstart_records_lost_total")
        check_equal(lost, 0, "records lost")


def case_rate_limit():
    with folder_with(TLS % "" + "rate_limit: {interval: 10s, burst: 3}\n") as folder, serving(folder) as redstart:
        statuses = [get(redstart, folder)[0] for _ in range(5)]
        check_equal(statuses, [200, 200, 200, 429, 429], "answers")


def case_password_without_tls():
    users = f"basic_auth_users: {{{USER}: {password_hash(PASSWORD)}}}\n"
    with folder_with(users) as folder, serving(folder) as redstart:
        check_equal(redstart.page()[0], 401, "without a password")
        run = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-u", f"{USER}:{PASSWORD}",
                              f"http://localhost:{redstart.port}/metrics"], capture_output=True, text=True, timeout=30)
        check_equal(run.stdout, "200", "with it")


# What the collector says, and what `redstart check`, which has no TLS library and may not read everything.
MISTAKES = {
    "tls_server_config: {cert_file: none.crt, key_file: server.key}":
        ("none.crt: cannot be read: No such file", "tls_server_config.cert_file: FOLDER/none.crt: No such file"),
    "tls_server_config: {cert_file: server.crt, key_file: client.key}": ("server.crt and ", None),
    "tls_server_config: {cert_file: web.yml, key_file: server.key}":
        ("web.yml and ", "tls_server_config.cert_file: FOLDER/web.yml: expected a PEM file with certificates"),
    "tls_server_config: {cert_file: server.crt, key_file: ca.key}": ("ca.key: cannot be read: Permission denied", None),
    "basic_auth_users: {alice: secret}":
        ("web.yml:1:27: basic_auth_users.alice: expected a password's bcrypt hash",) * 2,
    "tls_server_config: {": ("web.yml:2:1: ",) * 2,
    "nonsense: 1": ("nonsense: no such key",) * 2,
}


def case_mistakes():
    """Each names the file, and what is wrong; the exit code is 2."""
    with folder_with("") as folder:
        os.chmod(f"{folder}/ca.key", 0o600)
        for text, (expected, checked) in MISTAKES.items():
            write(f"{folder}/web.yml", text + "\n")
            check_refused(f"{folder}/web.yml", expected)
            check_checked(f"{folder}/web.yml", checked and checked.replace("FOLDER", folder))
        for judge in check_refused, check_checked:
            judge(f"{folder}/none.yml", "none.yml: cannot be read: No such file")
        os.chmod(f"{folder}/web.yml", 0o600)
        check_checked(f"{folder}/web.yml", None)
    refused = harness.Redstart("--web-config", "x", prometheus=False, wait_ready=False)
    check_equal(refused.process.wait(harness.STOP_TIMEOUT_S), 2, "exit code without --prometheus")
    refused.stop()
    check("--web-config x: only with --prometheus" in refused.log_text(), f"log: {refused.log_text()}")


def check_refused(path, expected):
    refused = harness.Redstart("--web-config", path, wait_ready=False)
    code = refused.process.wait(harness.STOP_TIMEOUT_S)
    refused.stop()
    check_equal(code, 2, f"exit code, expecting {expected!r}: {refused.log_text()}")
    check(expected in refused.log_text(), f"expected {expected!r} in {refused.log_text()}")


def check_checked(path, expected):
    """By `redstart check`, which reads as nobody; None: it finds nothing wrong."""
    done = subprocess.run([harness.BIN / "redstart", "check", "--prometheus", "1", "--web-config", path],
                          capture_output=True, text=True, timeout=harness.STOP_TIMEOUT_S)
    check_equal(done.returncode, 2 if expected else 0, f"exit code of check: {done.stderr}")
    check((expected or "") in done.stderr and not (not expected and done.stderr), f"{expected!r} in {done.stderr!r}")


CASES = [case_curl_with_tls_and_password, case_client_certificates, case_client_names, case_prometheus_with_both,
         case_what_changes_is_taken, case_slow_handshakes, case_many_wrong_passwords, case_rate_limit,
         case_password_without_tls, case_mistakes]

if __name__ == "__main__":
    sys.exit(harness.run_named(CASES, sys.argv[1:]))
