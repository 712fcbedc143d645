#!/usr/bin/python3
"""HTTP/1 answers as they are in the world: interim ones, empty ones, tunnels, endings of every kind, pipelining, what
is not HTTP at all, and text that tries to break out. Each response that a client got is one span, by value."""
import socket
import struct
import sys
import threading
import time

import harness
import wire
import wire_peer
from harness import check, check_between, check_equal
from wire_peer import BODY

SHORT_GAP_S = 0.003


def case_responses(bench):
    """Kinds of response on one connection, one after the other."""
    with wire.Connection(bench.port("plain")) as connection:
        done = [connection.exchange(method, path, body) for method, path, body in (
            ("GET", "/204", None), ("GET", "/304", None), ("HEAD", "/head", None), ("GET", "/103", None),
            ("GET", "/103-together", None), ("GET", "/chunked", None), ("GET", "/large", None),
            ("GET", "/long-head", None), ("GET", "/error", None), ("GET", "/pieces", None), ("DELETE", "/hello", None),
            ("PUT", "/echo", BODY), ("PATCH", "/echo", b"x"), ("OPTIONS", "/hello", None), ("GET", "/hello", None))]
    bench.compare("plain", *done)


def case_unknown_method(bench):
    with wire.Connection(bench.port("plain")) as connection:
        done = [connection.exchange("BREW", "/hello"), connection.exchange("get", "/hello")]
    for exchange in done:
        [span] = bench.redstart.wait_spans(1, harness.query_is(exchange.query), settle=0)
        attributes = span["attributes"]
        check_equal((attributes["http.request.method"], attributes.get("http.request.method_original")),
                    ("_OTHER", exchange.method), "method")


def case_continue(bench):
    """The final status counts; the interim one is not part of the size."""
    with wire.Connection(bench.port("plain")) as connection:
        exchange = wire.Exchange("POST", "/echo", "id=continue", request_size=len(BODY))
        connection.name_ends(exchange)
        begin, exchange.started = time.monotonic(), time.time()
        connection.socket.sendall(connection.head("POST", "/echo?id=continue", [f"Content-Length: {len(BODY)}",
                                                                                "Expect: 100-continue"]))
        check_equal(connection._take_until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n", "interim answer")
        connection.socket.sendall(BODY)
        connection.read_response(exchange)
        exchange.elapsed = time.monotonic() - begin
        bench.compare("plain", exchange, connection.exchange("GET", "/hello"))


def case_chunked_request(bench):
    with wire.Connection(bench.port("plain")) as connection:
        chunks = b"6\r\nabcdef\r\n0\r\n\r\n"
        exchange = wire.Exchange("POST", "/chunked", "id=chunks", request_size=len(chunks))
        connection.name_ends(exchange)
        begin, exchange.started = time.monotonic(), time.time()
        connection.socket.sendall(connection.head("POST", "/chunked?id=chunks", ["Transfer-Encoding: chunked"]))
        for at in range(0, len(chunks), 5):
            time.sleep(SHORT_GAP_S)
            connection.socket.sendall(chunks[at:at + 5])
        connection.read_response(exchange)
        exchange.elapsed = time.monotonic() - begin
        check_equal(exchange.body, b"one\nabcdefthree\n", "the peer's answer")
        bench.compare("plain", exchange, connection.exchange("GET", "/hello"))


def case_upgrade(bench):
    """One exchange; afterwards the connection is no longer HTTP, even when it looks so."""
    before = bench.spans_of("plain")
    with wire.Connection(bench.port("plain")) as connection:
        exchange = connection.exchange("GET", "/upgrade", headers=["Connection: Upgrade", "Upgrade: chat"])
        for noise in (b"\x81\x05hello", b"GET /not-a-request HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"):
            connection.socket.sendall(noise)
            check_equal(connection._take(len(noise)), noise, "echo")
    check_equal(exchange.status, 101, "status")
    bench.compare("plain", exchange, without=("http.response.body.size", "http.request.body.size"))
    bench.count("plain", before + 1)


def case_connect(bench):
    before = bench.spans_of("plain")
    with wire.Connection(bench.port("plain")) as connection:
        connection.socket.sendall(b"CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n")
        check(connection._take_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200"), "CONNECT was refused")
        for noise in (b"\x16\x03\x01\x02\x00\x01", b"GET /inside HTTP/1.1\r\nHost: x\r\n\r\n"):
            connection.socket.sendall(noise)
            check_equal(connection._take(len(noise)), noise, "echo")
    span = bench.count("plain", before + 1)[-1]
    check_equal((span["attributes"]["http.request.method"], span["attributes"]["http.response.status_code"]),
                ("CONNECT", 200), "method and status")


def case_early_answer(bench):
    """Answered before the request's body was there; the size is what came in the end, the next request is seen."""
    with wire.Connection(bench.port("plain")) as connection:
        exchange = wire.Exchange("POST", "/413", "id=early", request_size=100000)
        connection.name_ends(exchange)
        begin, exchange.started = time.monotonic(), time.time()
        connection.socket.sendall(connection.head("POST", "/413?id=early", ["Content-Length: 100000"]))
        connection.read_response(exchange)
        exchange.elapsed = time.monotonic() - begin
        connection.socket.sendall(b"x" * 100000)
        time.sleep(0.1)  # read together with the body's end, it would be counted in redstart_unparsed_total instead
        following = connection.exchange("GET", "/hello")
    check_equal(exchange.status, 413, "status")
    bench.compare("plain", exchange, without=("http.request.body.size",))
    bench.compare("plain", following)


def case_until_close(bench):
    exchange = wire.request(bench.port("plain"), "GET", "/until-close")
    check_equal(exchange.body, b"hello\n" * 3, "the peer's answer")
    bench.compare("plain", exchange)


def case_client_goes_away(bench):
    """By close, or by reset, before the answer: one span, with the status that was still handed to the kernel or an
    error. (On loopback the closed client's reset comes back within the server's send: both are right for the first.)"""
    for name, reset in (("fin", False), ("rst", True)):
        with wire.Connection(bench.port("plain")) as connection:
            if reset:
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.socket.sendall(connection.head("GET", f"/late?id=away-{name}"))
            time.sleep(0.1)
        [span] = bench.redstart.wait_spans(1, harness.query_is(f"id=away-{name}"))
        status, error = (span["attributes"].get(key) for key in ("http.response.status_code", "error.type"))
        check((status, error) == (200, None) and not reset or status is None and error,
              f"{name}: status {status} and error.type {error}")


def case_no_answer(bench):
    """The server closes, or resets: one span without a status, with error.type, until the connection's end."""
    for path in ("/nothing", "/reset"):
        with wire.Connection(bench.port("plain")) as connection:
            begin = time.monotonic()
            connection.socket.sendall(connection.head("GET", f"{path}?id=none{path[1:]}"))
            try:
                check_equal(connection.socket.recv(100), b"", f"{path}: answer")
            except ConnectionResetError:
                pass
            elapsed = time.monotonic() - begin
        [span] = bench.redstart.wait_spans(1, harness.query_is(f"id=none{path[1:]}"))
        attributes = span["attributes"]
        check("http.response.status_code" not in attributes, f"{path}: has a status: {attributes}")
        check(attributes.get("error.type"), f"{path}: no error.type: {attributes}")
        check_between(span["duration_ns"] / 1e9, 0, elapsed + 0.1, f"{path}: duration in s")


def case_idle_is_reported(bench):
    """Many pieces on a connection that then stays open and idle: reported within 2 s of the last byte."""
    for path in ("/pieces", "/pieces-chunked"):
        with wire.Connection(bench.port("plain")) as connection:
            exchange = connection.exchange("GET", path)
            last = time.monotonic()
            [span] = bench.compare("plain", exchange, timeout=3)
            check_between(time.monotonic() - last, 0, 2.0 + harness.SETTLE_S, f"{path}: reported after, in s")
            check_between(span["duration_ns"] / 1e9, 0.19, 0.35, f"{path}: duration in s")


def case_no_length(bench):
    """Pieces without length or chunks, on a connection that the server keeps open: the response ends with the
    connection, its time with the last byte."""
    with wire.Connection(bench.port("plain")) as connection:
        connection.socket.sendall(connection.head("GET", "/endless?id=endless"))
        connection._take_until(b"\r\n\r\n")
        connection._take(60)
        time.sleep(1)
    [span] = bench.redstart.wait_spans(1, harness.query_is("id=endless"))
    check_between(span["duration_ns"] / 1e9, 0.19, 0.35, "duration in s")
    check_equal(span["attributes"]["http.response.body.size"], 60, "body size")


def case_pause(bench):
    """3 s of silence in the middle of an answer: still one span, with its whole duration and size."""
    ends = []

    def pausing(path):
        with wire.Connection(bench.port("plain")) as connection:
            ends.append(connection.exchange("GET", path))

    threads = [threading.Thread(target=pausing, args=(path,)) for path in ("/pause", "/pause-chunked")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check_equal(len(ends), 2, "answers")
    for span in bench.compare("plain", *ends):
        check_between(span["duration_ns"] / 1e9, 3.0, 3.1, "duration in s")


def case_pipelining(bench):
    """Four requests in one send, answered one by one or together. All within what is captured of a request: spans and
    redstart_unparsed_total account for all. Some beyond it: one by one still, together the counter shows a loss."""
    def unparsed():
        return bench.redstart.metrics().sum("redstart_unparsed_total", protocol="http")

    padding = ["X-Pad: " + "p" * 60]
    for path, headers, exact in (("/hello", (), True), ("/together", (), True), ("/hello", padding, True),
                                 ("/together", padding, False)):
        spans, counted = bench.spans_of("plain"), unparsed()
        with wire.Connection(bench.port("plain")) as connection:
            heads = [pipelined_head(target, headers) for target in (path, "/hello", "/hello", "/hello")]
            connection.socket.sendall(b"".join(heads))
            for _ in heads:
                connection.read_response(wire.Exchange("GET", path, ""))
        time.sleep(1)
        spans, counted = bench.spans_of("plain") - spans, unparsed() - counted
        what = f"{path}, {len(heads[0])} bytes each: spans ({spans}) and counted as unparsed ({counted})"
        check(spans >= 1 and (spans + counted == 4 if exact else counted >= 1 and spans + counted <= 4), what)


def pipelined_head(target, headers):
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def case_not_http(bench):
    for opening in (b"SSH-2.0-client\r\n", b"\x00\x01\x02\x03" * 20, b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
                    b"*1\r\n$4\r\nPING\r\n", b"GETTING /somewhere\r\n"):
        with wire.Connection(bench.port("not http")) as connection:
            connection._take_until(b"\r\n")
            connection.socket.sendall(opening)
            connection._take(len(opening) + 3)
    time.sleep(1)
    check_equal(bench.spans_of("not http"), 0, "spans of a port that does not speak HTTP")


HOSTILE_PATHS = [
    (b"/quo\"te\\back", "/quo\"te\\back"), (b"/{}[]|^`<>", "/{}[]|^`<>"), (b"/\xc3\xa9", "/\u00e9"),
    (b"/\xff\xfe\xc3", None), (b"/\x01\x1b[31m\x7f", None), (b"/\xed\xa0\x80\xf4\x90\x80\x80", None),
]


def case_hostile_text(bench):
    """Whatever is in path and headers: JSON lines stay valid (the harness reads them strictly), so does the page."""
    before = bench.spans_of("plain")
    for raw, _ in HOSTILE_PATHS:
        with wire.Connection(bench.port("plain")) as connection:
            connection.socket.sendall(b"GET " + raw + b" HTTP/1.1\r\nHost: sh\"op\xff\x01\\x\r\n"
                                      b"User-Agent: \x1b]0;\xff\"\\\r\n\r\n")
            check(connection._take_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200"), "the peer's answer")
            connection._take(6)
    spans = bench.count("plain", before + len(HOSTILE_PATHS))[-len(HOSTILE_PATHS):]
    for (raw, text), span in zip(HOSTILE_PATHS, spans):
        seen = span["attributes"]["url.path"]
        check(seen.startswith("/") and (text is None or seen == text), f"path {raw!r} is shown as {seen!r}")
    bench.redstart.metrics()


def case_long_path(bench):
    before = bench.spans_of("plain")
    path = "/" + "p" * 2000
    with wire.Connection(bench.port("plain")) as connection:
        connection.exchange("GET", path)
    span = bench.count("plain", before + 1)[-1]
    seen = span["attributes"]["url.path"]
    check(path.startswith(seen) and len(seen) >= 100, f"path is shown as {seen!r}")
    check_equal(span["attributes"].get("redstart.truncated"), True, "redstart.truncated")


TABLE = wire_peer.case_table([
    case_responses, case_unknown_method, case_continue, case_chunked_request, case_upgrade, case_connect,
    case_early_answer, case_until_close, case_client_goes_away, case_no_answer, case_idle_is_reported, case_no_length,
    case_pause, case_pipelining, case_not_http, case_hostile_text, case_long_path])

if __name__ == "__main__":
    sys.exit(wire_peer.run(TABLE, sys.argv[1:]))
