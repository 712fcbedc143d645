#!/usr/bin/python3
"""HTTP/1 however its bytes are carried: every way to read and to write, heads in pieces, workers, threads, sockets
passed on, every address family. Each response that a client got is one span, by value."""
import sys
import time

import harness
import wire
import wire_peer
from harness import check, check_equal
from wire_peer import BODY

READ_MODES = ("recv", "recv_into", "recvfrom", "read", "readv", "recvmsg", "recvmsg vector", "peek", "peek one",
              "bytewise")
WRITE_MODES = ("sendall", "write", "head then body", "writev", "sendmsg", "sendfile", "splice", "bytewise")
UNREADABLE_MODES = ("sendfile", "splice")  # of bodies
SHORT_GAP_S = 0.003


def case_read_modes(bench, mode):
    name = f"read {mode}"
    with wire.Connection(bench.port(name)) as connection:
        done = [connection.exchange("GET", "/hello"), connection.exchange("POST", "/echo", BODY),
                connection.exchange("GET", "/hello", pieces=[5, 20], piece_gap=0.01),
                connection.exchange("GET", "/hello")]
    bench.compare(name, *done)
    bench.count(name, len(done))


def case_write_modes(bench, mode):
    name = f"write {mode}"
    with wire.Connection(bench.port(name)) as connection:
        done = [connection.exchange("GET", "/hello"), connection.exchange("POST", "/echo", BODY),
                connection.exchange("GET", "/chunked"), connection.exchange("GET", "/204"),
                connection.exchange("GET", "/chunked-empty")]
        if mode not in UNREADABLE_MODES:
            bench.compare(name, *done)  # while the connection is open: its end would tell that the last one is complete
    if mode in UNREADABLE_MODES:
        bench.compare(name, *done)
    bench.count(name, len(done))


def case_splice_read(bench):
    """No hook sees a read by splice: no span, and each answer counts as one whose request was not seen."""
    def unparsed():
        return bench.redstart.metrics().sum("redstart_unparsed_total", protocol="http")
    before = unparsed()
    with wire.Connection(bench.port("read splice")) as connection:
        for _ in range(5):
            connection.exchange("GET", "/hello")
    time.sleep(1)
    check_equal((bench.spans_of("read splice"), unparsed() - before), (0, 5), "spans, and what was counted instead")
    check_equal(bench.redstart.metrics().sum("redstart_unparsed_total", cause="no_request"), 5, "of these: no_request")


def case_head_byte_by_byte(bench):
    done = []
    with wire.Connection(bench.port("plain")) as connection:
        for _ in range(2):
            size = len(connection.head("GET", "/hello?id=99999"))
            done.append(connection.exchange("GET", "/hello", pieces=[1] * size, piece_gap=0.001))
    bench.compare("plain", *done)


def case_head_split_everywhere(bench):
    """A short request cut at every byte: on one connection, and each on a new one."""
    before, target = bench.spans_of("plain"), b"GET /s HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = b"HTTP/1.1 200 Whatever\r\nContent-Length: 6\r\n\r\nhello\n"

    def split_at(connection, at):
        connection.sendall(target[:at])
        time.sleep(SHORT_GAP_S)
        connection.sendall(target[at:])
        check_equal(connection.recv(4096), answer, "answer")

    with wire.Connection(bench.port("plain")) as connection:
        for at in range(1, len(target)):
            split_at(connection.socket, at)
    for at in range(1, len(target)):
        with wire.Connection(bench.port("plain")) as connection:
            split_at(connection.socket, at)
    requests = 2 * (len(target) - 1)
    spans = bench.count("plain", before + requests)[-requests:]
    for span in spans:
        a = span["attributes"]
        check_equal((a["http.request.method"], a["url.path"], a["http.response.status_code"],
                     a["http.request.body.size"], a["http.response.body.size"], a["server.address"]),
                    ("GET", "/s", 200, 0, 6, "x"), "split request")


def case_forked(bench):
    """Workers that were forked after listen(), and before."""
    done = [wire.request(bench.port("forked"), "GET", "/hello") for _ in range(30)]
    spans = bench.compare("forked", *done)
    check(len({span["attributes"]["process.pid"] for span in spans}) >= 2, "all requests have the same process.pid")


def case_passed(bench):
    """Accepted by one process, served by another one that does not listen."""
    done = [wire.request(bench.port("passed"), "GET", "/hello") for _ in range(5)]
    with wire.Connection(bench.port("passed")) as connection:
        done += [connection.exchange("POST", "/echo", BODY) for _ in range(5)]
    spans = bench.compare("passed", *done)
    check(all(span["attributes"]["process.pid"] != bench.peer.pid for span in spans),
          "process.pid is the process that accepted, not the one that served")


def case_two_threads(bench):
    with wire.Connection(bench.port("two threads")) as connection:
        bench.compare("two threads", *[connection.exchange("POST", "/echo", BODY) for _ in range(5)])


def case_addresses(bench):
    done = [wire.request(bench.port("ipv6"), "GET", "/hello", address="::1") for _ in range(3)]
    for span in bench.compare("ipv6", *done, address="::1"):
        check_equal(span["attributes"]["client.address"], "::1", "client.address")
    done = [wire.request(bench.port("mapped"), "GET", "/hello", address="127.0.0.1") for _ in range(3)]
    bench.compare("mapped", *done)
    done = [wire.request(bench.port("mapped"), "GET", "/hello", address="::1") for _ in range(3)]
    bench.compare("mapped", *done, address="::1")


def case_unix(bench):
    """A Unix stream socket of the observed process: server.address is its path."""
    path = bench.peer.ports["unix"]
    with harness.Redstart("--pid", bench.peer.pid) as redstart:
        with wire.Connection(None, path) as connection:
            done = [connection.exchange("GET", "/hello"), connection.exchange("POST", "/echo", BODY),
                    connection.exchange("GET", "/late")]
        for exchange in done:
            [span] = redstart.wait_spans(1, harness.query_is(exchange.query), settle=0)
            a = span["attributes"]
            check_equal((a["server.address"], a["http.request.method"], a["http.response.status_code"],
                         a["http.request.body.size"], a["http.response.body.size"], a.get("server.port")),
                        (path, exchange.method, 200, exchange.request_size, exchange.response_size, None), "unix span")
            harness.check_times(span, exchange, "unix")
        redstart.wait_spans(len(done))


TABLE = [(f"read by {mode}", case_read_modes, mode) for mode in READ_MODES]
TABLE += [(f"write by {mode}", case_write_modes, mode) for mode in WRITE_MODES]
TABLE += wire_peer.case_table([case_splice_read, case_head_byte_by_byte, case_head_split_everywhere, case_forked,
                               case_passed, case_two_threads, case_addresses, case_unix])

if __name__ == "__main__":
    sys.exit(wire_peer.run(TABLE, sys.argv[1:]))
