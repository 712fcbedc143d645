#!/usr/bin/python3
"""An OTLP endpoint that does wrong what an endpoint can do wrong: server.py FOLDER CASE...

Each CASE is "PROTOCOL[+CERTIFICATE] STEP...": http or grpc (or connect, a proxy that takes any step for a tunnel);
  plain, or TLS with one of the certificates that are made in FOLDER, or +unix for the socket FOLDER/INDEX instead of a
  port; one step for each request, the last one for all that follow. A line "PORT" for each case, in order, then a line
  "INDEX" for each request that came. Steps of both protocols: 503      that HTTP status, no body          close    end
  of the connection     late     an answer after 4 s rst      a reset of the connection          slow     an answer
  after 0.2 s     noise    bytes of another protocol partial  one span rejected                  huge     5 MiB of
  answer           ok       accepted of http: html     200 with a page of text            cut      200, less body than
  said  busy     503, Retry-After: 2 text     400 with a sentence                     status   400 with a
  google.rpc.Status of grpc: g14 t14  that grpc-status, in trailers or alone      none     trailers without a
  grpc-status info     RESOURCE_EXHAUSTED with RetryInfo of 2 s    goaway   the stream was not taken; the connection
  ends stream8  RST_STREAM with that code                   gzip     an answer that says it is compressed
"""
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

STATUS = b"\x08\x03\x12\x08too late"  # google.rpc.Status{code: 3, message: "too late"}
PARTIAL = b"\x0a\x07\x08\x01\x12\x03no\n"
HUGE = 5 << 20
# google.rpc.Status{code: 8, details: [RetryInfo{retry_delay: 2 s}]}
INFO = b"CAgaMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgIIAg"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Gone(Exception):
    """The connection is over."""


def read(connection, n):
    content = b""
    while len(content) < n:
        more = connection.recv(n - len(content))
        if not more:
            raise Gone
        content += more
    return content


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    raise Gone


def common(connection, step):
    """Steps that know no protocol."""
    if step == "close":
        raise Gone
    if step == "rst":
        reset(connection)
    if step == "noise":
        connection.sendall(b"SSH-2.0-x\r\n")
        raise Gone
    time.sleep({"late": 4, "slow": 0.2}.get(step, 0))


class Http:
    """HTTP/1.1, one connection."""
    alpn = None

    def __init__(self, connection):
        self.connection = connection

    def request(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += read(self.connection, 1)
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
        read(self.connection, int(fields[b"content-length"]))

    def answer(self, step):
        bodies = {"partial": PARTIAL, "huge": bytes(HUGE), "html": b"<html>fine</html>", "cut": b"abc",
                  "text": b"out of order sample\n", "status": STATUS}
        body = bodies.get(step, b"")
        status = int(step) if step.isdigit() else {"busy": 503, "text": 400, "status": 400}.get(step, 200)
        length = 10 if step == "cut" else len(body)
        extra = "Retry-After: 2\r\n" if step == "busy" else "Location: /elsewhere\r\n" if 300 <= status < 400 else ""
        extra += {"text": "Content-Type: text/plain\r\n",
                  "status": "Content-Type: application/x-protobuf\r\n"}.get(step, "")
        self.connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{extra}\r\n".encode() + body)
        if step == "cut":
            raise Gone


class Connect:
    """A proxy: one tunnel for each connection."""
    alpn = None

    def __init__(self, connection):
        self.connection = connection
        self.target = None

    def request(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += read(self.connection, 1)
        method, target, _ = head.split(b" ", 2)
        if method != b"CONNECT":
            raise Gone
        host, _, port = target.decode().rpartition(":")
        self.target = socket.create_connection((host, int(port)))

    def answer(self, _step):
        self.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        back = threading.Thread(target=self.pipe, args=(self.target, self.connection), daemon=True)
        back.start()
        self.pipe(self.connection, self.target)
        back.join()
        raise Gone

    @staticmethod
    def pipe(source, sink):
        try:
            while content := source.recv(65536):
                sink.sendall(content)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Grpc:
    """HTTP/2 as far as one call needs it: what a client sends is skipped over, headers are sent as plain literals."""
    alpn = ["h2"]

    def __init__(self, connection):
        self.connection = connection
        self.stream = 0
        if read(connection, len(PREFACE)) != PREFACE:
            raise Gone
        self.send(SETTINGS, 0, 0, struct.pack(">HI", 4, 1 << 24))  # a window for a whole request
        self.send(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 24))

    def send(self, kind, flags, stream, content=b""):
        head = struct.pack(">I", len(content))[1:] + struct.pack(">BBI", kind, flags, stream)
        self.connection.sendall(head + content)

    def request(self):
        while True:
            head = read(self.connection, 9)
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            read(self.connection, int.from_bytes(head[:3], "big"))
            if kind == SETTINGS and not flags & ACK:
                self.send(SETTINGS, ACK, 0)
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                self.stream = stream
                return

    def headers(self, fields, end=False):
        block = b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in fields)
        self.send(HEADERS, END_HEADERS | (END_STREAM if end else 0), self.stream, block)

    def answer(self, step):
        kind, number = step.rstrip("0123456789"), step.lstrip("abcdefghijklmnopqrstuvwxyz")
        if step == "goaway":
            self.send(GOAWAY, 0, 0, struct.pack(">II", 0, 0))
            raise Gone
        if kind == "stream":
            self.send(RST_STREAM, 0, self.stream, struct.pack(">I", int(number)))
            return
        start = [(b":status", number.encode() if step.isdigit() else b"200"), (b"content-type", b"application/grpc")]
        status = [(b"grpc-status", number.encode() if number else b"8" if step == "info" else b"0")]
        if step.isdigit() or kind == "t":
            self.headers(start + ([] if step.isdigit() else status + [(b"grpc-message", b"no%20room")]), end=True)
            return
        self.headers(start)
        message = PARTIAL if step == "partial" else bytes(HUGE) if step == "huge" else b""
        frame = struct.pack(">BI", step == "gzip", len(message)) + message
        for at in range(0, len(frame), 16384):
            self.send(DATA, 0, self.stream, frame[at:at + 16384])
        trailers = [] if step == "none" else status + ([(b"grpc-status-details-bin", INFO)] if step == "info" else [])
        self.headers(trailers or [(b"x", b"y")], end=True)


def serve(connection, protocol, case):
    try:
        talk = protocol(connection)
        while True:
            talk.request()
            step = case.next_step()
            common(connection, step)
            talk.answer(step)
    except (Gone, OSError, ValueError):
        connection.close()


class Case:
    def __init__(self, index, text, folder):
        (name, *self.steps), self.index = text.split(), index
        protocol, _, certificate = name.partition("+")
        self.protocol = {"http": Http, "grpc": Grpc, "connect": Connect}[protocol]
        local, self.tls = certificate == "unix", None
        if certificate and not local:
            self.tls = tls_context(folder, certificate, self.protocol.alpn)
        address = f"{folder}/{index}" if local else ("127.0.0.1", 0)
        self.listener = socket.create_server(address, family=socket.AF_UNIX if local else socket.AF_INET)
        self.port = 0 if local else self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def next_step(self):
        os.write(1, f"{self.index}\n".encode())  # whole, whichever thread it comes from
        return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.handshake, args=(connection,), daemon=True).start()

    def handshake(self, connection):
        try:
            serve(self.tls.wrap_socket(connection, server_side=True) if self.tls else connection, self.protocol, self)
        except OSError:
            connection.close()


def tls_context(folder, certificate, alpn):
    """certificate: good, expired, foreign (of an authority that nobody trusts), elsewhere (for another host), mutual
    (good, and asks for the client's)."""
    name = "good" if certificate == "mutual" else certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/{name}.pem", f"{folder}/{name}.key")
    if certificate == "mutual":
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(f"{folder}/ca.pem")
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stderr=subprocess.DEVNULL)


def certificates_make(folder):
    """ca.pem and other.pem are authorities; NAME.pem and NAME.key what the first, or of foreign the second, signed."""
    os.chdir(folder)
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for ca in ("ca", "other"):
        openssl("req", "-x509", *new_key, "-keyout", f"{ca}.key", "-out", f"{ca}.pem", "-subj", f"/CN={ca}",
                "-days", "2")
    for name, ca, host, days in (("good", "ca", "IP:127.0.0.1", "2"), ("expired", "ca", "IP:127.0.0.1", "-1"),
                                 ("foreign", "other", "IP:127.0.0.1", "2"), ("elsewhere", "ca", "DNS:a.example", "2"),
                                 ("client", "ca", "DNS:client", "2")):
        openssl("req", *new_key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        with open("extensions", "w", encoding="ascii") as extensions:
            extensions.write(f"subjectAltName={host}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial",
                "-days", days, "-extfile", "extensions", "-out", f"{name}.pem")


def main(folder, *texts):
    if any("+" in text.split()[0] for text in texts):
        certificates_make(folder)
    cases = [Case(index, text, folder) for index, text in enumerate(texts)]
    for case in cases:
        print(case.port, flush=True)
    sys.stdin.read()  # until whoever started this ends


if __name__ == "__main__":
    main(*sys.argv[1:])
