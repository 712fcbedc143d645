#!/usr/bin/env python3
"""A small HTTP service to try redstart on: GET or POST any path; ?status=404 and ?delay=200ms do as they say.

Usage: service.py PORT   (0: any free one; the port is printed on standard output). Listens on localhost only.
"""
import http.server
import re
import sys
import time
import urllib.parse

DELAY_MAX_SECONDS = 10


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        status = query.get("status", ["200"])[0]
        delay = re.fullmatch(r"(\d{1,5})(ms|s)", query.get("delay", ["0ms"])[0])
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not re.fullmatch(r"[2-5]\d\d", status) or not delay:
            status, delay = "400", None
        if delay:
            seconds = int(delay[1]) / (1000 if delay[2] == "ms" else 1)
            time.sleep(min(seconds, DELAY_MAX_SECONDS))
        body = b"" if status in ("204", "304") else b"hello\n"
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
