"""What the wire server answers, by the request's path: one function per odd behaviour."""
import socket
import struct
import time

PIECE_GAP_S = 0.02
PAUSE_S = 3.0


class Request:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ", 2)
        self.path = self.target.partition("?")[0]
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self.body = b""


class Stream:
    """Bytes of one connection through one way of reading and one of writing."""

    def __init__(self, connection, read, write):
        self.connection, self._read, self._write, self._buffer = connection, read, write, b""

    def fill(self):
        data = self._read(self.connection)
        if not data:
            raise EOFError
        self._buffer += data

    def take(self, size):
        while len(self._buffer) < size:
            self.fill()
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def take_until(self, mark):
        while mark not in self._buffer:
            self.fill()
        return self.take(self._buffer.index(mark) + len(mark))

    def take_chunks(self):
        body = b""
        while size := int(self.take_until(b"\r\n"), 16):
            body += self.take(size)
            self.take(2)
        self.take(2)
        return body

    @property
    def has_more(self):
        return bool(self._buffer)

    def write(self, data):
        self._write(self.connection, data)


def fixed(status, body, *headers):
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def answer_hello(stream, request):
    stream.write(fixed(200, b"" if request.method == "HEAD" else b"hello\n"))


def answer_head(stream, request):
    """The length that GET would have, and no body."""
    stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")


def answer_empty(stream, request):
    stream.write(b"HTTP/1.1 204 No Content\r\n\r\n")


def answer_not_modified(stream, request):
    stream.write(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: \"a\"\r\n\r\n")


def answer_early_hints(stream, request):
    stream.write(b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n")
    time.sleep(PIECE_GAP_S)
    stream.write(fixed(200, b"hello\n"))


def answer_hints_together(stream, request):
    stream.write(b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\n" + fixed(200, b"hello\n"))


def answer_chunked(stream, request):
    stream.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for chunk in (b"one\n", request.body or b"two\n", b"three\n"):
        stream.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
    stream.write(b"0\r\n\r\n")


def answer_chunked_empty(stream, request):
    """Head and end in one write: a body shorter than the tail that is kept of it."""
    stream.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")


def answer_echo(stream, request):
    stream.write(fixed(200, request.body))


def answer_large(stream, request):
    stream.write(fixed(200, b"x" * 200000))


def answer_long_head(stream, request):
    """A head longer than what is captured of it."""
    stream.write(fixed(200, b"hello\n", *(f"X-Header-{i}: {'v' * 40}" for i in range(20))))


def answer_pieces(stream, request):
    stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n")
    for _ in range(10):
        time.sleep(PIECE_GAP_S)
        stream.write(b"hello\n")


def answer_pieces_chunked(stream, request):
    """Each chunk's length and content apart, as some frameworks send them."""
    stream.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(10):
        time.sleep(PIECE_GAP_S)
        stream.write(b"6\r\n")
        stream.write(b"hello\n\r\n")
    stream.write(b"0\r\n\r\n")


def answer_endless(stream, request):
    """Pieces without a length, then nothing until the client goes."""
    stream.write(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n")
    for _ in range(10):
        time.sleep(PIECE_GAP_S)
        stream.write(b"hello\n")
    stream.fill()


def answer_pause(stream, request):
    stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello\n")
    time.sleep(PAUSE_S)
    stream.write(b"world\n")


def answer_pause_chunked(stream, request):
    stream.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello\n\r\n")
    time.sleep(PAUSE_S)
    stream.write(b"6\r\nworld\n\r\n0\r\n\r\n")


def answer_until_close(stream, request):
    stream.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(3):
        time.sleep(PIECE_GAP_S)
        stream.write(b"hello\n")
    raise EOFError


def answer_upgrade(stream, request):
    stream.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: Upgrade\r\n\r\n")
    talk(stream)


def answer_connect(stream, request):
    stream.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    talk(stream)


def talk(stream):
    """Whatever comes goes back: the connection is no longer HTTP, even where it looks so."""
    while True:
        stream.fill()
        stream.write(stream.take(len(stream._buffer)))


def answer_nothing(stream, request):
    raise EOFError


def answer_reset(stream, request):
    stream.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise EOFError


def answer_late(stream, request):
    time.sleep(0.3)
    stream.write(fixed(200, b"hello\n"))


def answer_too_large(stream, request):
    """Before the body is there; then the rest is read, as a polite server does."""
    stream.write(fixed(413, b"no\n"))
    stream.take(int(request.headers["content-length"]))


def answer_error(stream, request):
    stream.write(fixed(503, b"busy\n"))


ANSWERS = {
    "/head": answer_head, "/204": answer_empty, "/304": answer_not_modified, "/103": answer_early_hints,
    "/103-together": answer_hints_together, "/chunked": answer_chunked,
    "/chunked-empty": answer_chunked_empty, "/echo": answer_echo, "/large": answer_large,
    "/long-head": answer_long_head, "/pieces": answer_pieces, "/pieces-chunked": answer_pieces_chunked,
    "/endless": answer_endless, "/pause": answer_pause, "/pause-chunked": answer_pause_chunked,
    "/until-close": answer_until_close, "/upgrade": answer_upgrade,
    "/nothing": answer_nothing, "/reset": answer_reset, "/late": answer_late, "/error": answer_error,
}


def take_body(stream, request):
    if request.headers.get("expect") == "100-continue":
        stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if request.headers.get("transfer-encoding") == "chunked":
        request.body = stream.take_chunks()
    else:
        request.body = stream.take(int(request.headers.get("content-length", 0)))


def converse(connection, read, write):
    stream = Stream(connection, read, write)
    while True:
        request = Request(stream.take_until(b"\r\n\r\n"))
        if request.path == "/413":
            answer_too_large(stream, request)
            continue
        take_body(stream, request)
        if request.path == "/together":
            answer_together(stream)
            continue
        answer = answer_connect if request.method == "CONNECT" else ANSWERS.get(request.path, answer_hello)
        answer(stream, request)
        if request.headers.get("connection") == "close":
            return


def answer_together(stream):
    """Pipelined requests, read together, are answered in one send."""
    answered = 1
    while stream.has_more:
        stream.take_until(b"\r\n\r\n")
        answered += 1
    stream.write(fixed(200, b"hello\n") * answered)
