"""A raw-socket HTTP/1.1 client that knows every byte it sent and got: what the tests compare spans with.

An Exchange is what really happened, as the client felt it; harness.check_span compares it with what redstart showed.
"""
import dataclasses
import itertools
import socket
import time

USER_AGENT = "redstart-e2e/1"
_ids = itertools.count(1)


@dataclasses.dataclass
class Exchange:
    method: str
    path: str
    query: str
    status: int = 0
    request_size: int = 0
    response_size: int = 0
    body: bytes = b""
    client_address: str = ""
    client_port: int = 0
    server_address: str = ""
    started: float = 0.0  # time.time()
    elapsed: float = 0.0  # seconds, felt by the client
    begun: float = 0.0    # time.monotonic(): before its first byte was sent,
    sent: float = 0.0     # and when all was handed to the kernel


class Connection:
    """One connection; `host` goes into the Host header."""

    def __init__(self, port, address="127.0.0.1", host="shop.example", timeout=10):
        if port is None:  # a Unix socket's path
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection((address, port), timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port, self.address, self.host = port, address, host
        self._buffer = b""

    def head(self, method, target, headers=()):
        host = self.host if self.port is None else f"{self.host}:{self.port}"
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", f"User-Agent: {USER_AGENT}", *headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def exchange(self, method, target, body=None, headers=(), pieces=None, piece_gap=0.0):
        """One request and its answer. An id in the query tells requests apart. pieces: lengths to cut the bytes in."""
        path, _, query = target.partition("?")
        query = f"{query}&id={next(_ids)}" if query else f"id={next(_ids)}"
        if body is not None:
            headers = [*headers, f"Content-Length: {len(body)}"]
        data = self.head(method, f"{path}?{query}", headers) + (body or b"")
        result = Exchange(method, path, query, request_size=len(body or b""))
        self.name_ends(result)
        result.begun, result.started = time.monotonic(), time.time()
        for piece in cut(data, pieces):
            self.socket.sendall(piece)
            if piece_gap and pieces:
                time.sleep(piece_gap)
        result.sent = time.monotonic()
        self.read_response(result)
        result.elapsed = time.monotonic() - result.begun
        return result

    def name_ends(self, result):
        if self.port is not None:
            result.client_address, result.client_port = self.socket.getsockname()[:2]
        result.server_address = self.host

    def read_response(self, result):
        """Fills in status, response_size (bytes on the wire after the head) and body."""
        while True:
            head = self._take_until(b"\r\n\r\n")
            status = int(head.split(b" ", 2)[1])
            if status >= 200 or status == 101:
                break
        headers = {}
        for line in head.decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        result.status = status
        if result.method in ("HEAD", "CONNECT") or status in (101, 204, 304):
            return
        if headers.get("transfer-encoding", "").lower() == "chunked":
            result.body, result.response_size = self._take_chunks()
        elif "content-length" in headers:
            result.body = self._take(int(headers["content-length"]))
            result.response_size = len(result.body)
        else:
            result.body = self._take_all()
            result.response_size = len(result.body)

    def _take_chunks(self):
        body, size = b"", 0
        while True:
            line = self._take_until(b"\r\n")
            length = int(line.split(b";")[0], 16)
            chunk = self._take(length + 2)
            body, size = body + chunk[:-2], size + len(line) + len(chunk)
            if length == 0:
                return body, size

    def _fill(self):
        data = self.socket.recv(65536)
        self._buffer += data
        return bool(data)

    def _take(self, length):
        while len(self._buffer) < length:
            if not self._fill():
                raise EOFError(f"closed after {len(self._buffer)} of {length} bytes")
        data, self._buffer = self._buffer[:length], self._buffer[length:]
        return data

    def _take_until(self, mark):
        while mark not in self._buffer:
            if not self._fill():
                raise EOFError(f"closed before {mark!r}, after {self._buffer!r}")
        return self._take(self._buffer.index(mark) + len(mark))

    def _take_all(self):
        while self._fill():
            pass
        data, self._buffer = self._buffer, b""
        return data

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def cut(data, lengths):
    """data in pieces of these lengths; the rest, if any, is the last."""
    if not lengths:
        return [data]
    pieces, at = [], 0
    for length in lengths:
        pieces.append(data[at:at + length])
        at += length
    return [piece for piece in [*pieces, data[at:]] if piece]


def request(port, method, target, body=None, headers=(), **connection):
    """One exchange on a connection of its own, which the client asks to close."""
    with Connection(port, **connection) as one:
        return one.exchange(method, target, body, [*headers, "Connection: close"])
