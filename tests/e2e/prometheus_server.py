"""A real Prometheus that scrapes what a test runs, and what it answers to queries. Used by the tests of /metrics."""
import contextlib
import http.client
import http.server
import json
import pathlib
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import services
from harness import check_equal

SCRAPE_TIMEOUT_S = 15


def start(target, native=False, more=""):
    """A real Prometheus that scrapes this port every second; a context manager. more: of its scrape configuration."""
    folder = tempfile.mkdtemp(prefix="redstart-prometheus-")
    port = services.free_port()
    config = pathlib.Path(folder, "prometheus.yml")
    config.write_text("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n"
                      f"- {{job_name: redstart, static_configs: [{{targets: ['127.0.0.1:{target}']}}]{more}}}\n")
    features = "native-histograms,exemplar-storage" if native else "exemplar-storage"
    server = services.Service(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                               f"--web.listen-address=127.0.0.1:{port}", f"--enable-feature={features}"],
                              port, folder=folder)
    end = time.monotonic() + SCRAPE_TIMEOUT_S
    while not is_ready(port) and time.monotonic() < end:
        time.sleep(0.1)
    return server


def is_ready(port):
    with contextlib.suppress(OSError):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5) as answer:
            return answer.status == 200
    return False


def ask(server, path, **parameters):
    url = f"http://127.0.0.1:{server.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        result = json.load(answer)
    check_equal(result["status"], "success", f"{path} {parameters}")
    return result["data"]


def value_of(server, query):
    result = ask(server, "query", query=query)["result"]
    return float(result[0]["value"][1]) if result else None


def wait_value(server, query, expected, what):
    end = time.monotonic() + SCRAPE_TIMEOUT_S
    while (seen := value_of(server, query)) != expected and time.monotonic() < end:
        time.sleep(0.3)
    check_equal(seen, expected, f"{what}: {query}")


def check_target(server):
    [target] = ask(server, "targets")["activeTargets"]
    check_equal((target["health"], target["lastError"]), ("up", ""), "the target in Prometheus")


class Asking(contextlib.AbstractContextManager):
    """A proxy in front of /metrics that asks in one format, for a Prometheus that cannot be told what to ask for, and
    that remembers what was answered."""

    def __init__(self, port, accept):
        self.answers = answers = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", self.path, headers={"Accept": accept, "Accept-Encoding": "gzip"})
                answer = connection.getresponse()
                body = answer.read()
                answers.append((answer.status, answer.getheader("Content-Type"), answer.getheader("Content-Encoding")))
                self.send_response(answer.status)
                for header in ("Content-Type", "Content-Encoding"):
                    if answer.getheader(header):
                        self.send_header(header, answer.getheader(header))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                connection.close()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
