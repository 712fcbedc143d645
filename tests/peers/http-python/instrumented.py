"""A service that sends telemetry of its own. Usage: instrumented.py PORT COLLECTOR_URL

GET /push/traces, /push/metrics, /push/logs: posts an empty export of that signal to COLLECTOR_URL/v1/SIGNAL first.
Anything else: hello.
"""
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        path = self.path.split("?")[0]
        if path.startswith("/push/"):
            headers = {"Content-Type": "application/x-protobuf"}
            url = f"{sys.argv[2]}/v1/{path.rsplit('/', 1)[1]}"
            urllib.request.urlopen(urllib.request.Request(url, b"", headers, method="POST")).read()
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"hello\n")

    def log_message(self, *arguments):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
