#!/usr/bin/env python3
"""Writes the seeds of corpus/otlp, corpus/http1, corpus/conn, corpus/recording, corpus/ring ...

Run it again after a change of the record's layout (ABI_VERSION)."""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"
HTTP1, END = 1, 2
CLOSED, IDLE, NO_RESPONSE, NO_REQUEST, NEXT = 1, 2, 4, 8, 64
PID = 0x70000000

GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

TRACED = (b"GET /a HTTP/1.1\r\nHost: shop.example\r\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-"
          b"b7ad6b7169203331-%02d\r\nTracestate: a=b\r\n\r\n")
DATED = b"HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 14:02:%02d GMT\r\nContent-Length: 5\r\n\r\nhello"

HEADS = {
    "get": b"GET /hello?a=b HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/8.1\r\nAccept: */*\r\n\r\n",
    "post": b"POST /p HTTP/1.1\r\nhost:\tx \r\ncontent-length:  6 \r\nConnection: close, upgrade\r\n\r\nabcdef",
    "bare_lf": b"\r\n\nPUT /p HTTP/1.0\nContent-Length: 5, 5\n\n",
    "connect": b"CONNECT example.org:443 HTTP/1.1\r\n\r\n",
    "absolute": b"GET http://u:p@a.example:81/x?y HTTP/1.1\r\nForwarded: for=1;proto=\"https\", x\r\n\r\n",
    "options": b"OPTIONS * HTTP/1.1\r\nX-Forwarded-Proto: https, http\r\n\r\n",
    "trace": b"GET / HTTP/1.1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n",
    "chunked": b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "ok": WHOLE,
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
    "switch": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x01x",
}


def record(kind, sequence, flags, request, response, more=0, tail=b"", pid=PID, family=2, role=1, path=b"", wait=0):
    size = 144 + len(request) + len(response) + len(path)
    return struct.pack(
        "<HHBBHIIQIHH16s16sQQQQQQQ8sHHHHHhI", kind, size, family, role, flags, pid, 1, 7, sequence, 8080, 50000,
        bytes([127, 0, 0, 1]), bytes([127, 0, 0, 2]), 5000, 1000, 1500, 2000, 3000, len(request) + 0,
        len(response) + more, tail.rjust(8, b"\0"), len(request), len(request), len(response), len(path),
        len(request) + len(response), 104, wait) + request + response + path


STREAMS = {
    "whole": record(HTTP1, 1, 0, GET, WHOLE) + record(END, 1, CLOSED, b"", b"", len(WHOLE)),
    "long": record(HTTP1, 1, 0, GET, LONG, 10) + record(END, 1, IDLE, b"", b"", 500, wait=900)
    + record(END, 1, NEXT, b"", b"", 1100),
    "chunked": (record(HTTP1, 1, 0, GET, CHUNKED, 300, b"abc\r\n") +
                record(END, 1, IDLE, b"", b"", 500, b"\r\n0\r\n\r\n")),
    "pieces": record(HTTP1, 1, 0, GET, b"HTTP/1.1 200") + record(END, 1, IDLE, GET, WHOLE),
    "pipelined": record(HTTP1, 1, 0, GET * 3, WHOLE) + record(HTTP1, 2, NO_REQUEST, b"", WHOLE)
    + record(HTTP1, 3, NO_REQUEST, b"", LONG, 5) + record(END, 3, CLOSED, b"", b"", 2000),
    "body_like": record(HTTP1, 1, 0, GET, LONG, 10) + record(HTTP1, 2, NO_REQUEST, b"", WHOLE)
    + record(END, 2, IDLE, b"", b"", 990),
    "no_answer": record(HTTP1, 1, NO_RESPONSE | CLOSED, GET * 2, b""),
    "parked": record(HTTP1, 1, 0, GET, WHOLE, pid=5, wait=400) + record(HTTP1, 2, 0, GET, WHOLE, wait=800),
    "unix": record(HTTP1, 1, 0, GET, WHOLE, family=1, path=b"/run/app.sock") + record(HTTP1, 2, 0, GET, LONG, family=1,
                                                                                       path=b"\0name"),
    "alike": b"".join(record(HTTP1, i, 0, TRACED % (i % 2), DATED % i) for i in range(1, 4)),
    "alike_chunked": b"".join(record(HTTP1, i, 0, TRACED % 1, CHUNKED, 300, b"\r\n0\r\n\r\n") for i in range(1, 4))
    + b"".join(record(HTTP1, i, 0, TRACED % 1, CHUNKED + b"0\r\n\r\n") for i in range(4, 7)),
    "alike_but_one": record(HTTP1, 1, 0, TRACED % 1, DATED % 1) + record(HTTP1, 2, 0, TRACED % 1, LONG, 10)
    + record(HTTP1, 3, 0, TRACED % 1, DATED % 2) + record(HTTP1, 4, 0, TRACED % 1, DATED % 2, role=2),
    "client": record(HTTP1, 1, 0, GET, b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", family=10, role=2),
}

# As collector/intake/recording.h has it.
(ATTACHED, DETACHED, RECORD, PROCESS, EXIT, CMDLINE, COUNTERS, TICK, EXECUTABLE, ENVIRONMENT, EXECUTED,
 CGROUP) = range(1, 13)
ABI_VERSION = 5


def entry(kind, time, data=b""):
    return struct.pack("<QII", time, kind, len(data)) + data + bytes(-len(data) % 8)


def process(exe, pid=PID, parent=1, port=8080, comm=b"x"):
    return struct.pack("<IIQHHHH", pid, parent, 9, port, len(exe), len(comm), 0) + exe + comm


def said(name, attributes, pid=PID):
    return struct.pack("<IHHQ", pid, len(name), len(attributes), 9) + name + attributes


def recording(*entries):
    return struct.pack("<16sIIq", b"redstart record\n", ABI_VERSION, 0, 10**18) + b"".join(entries)


def executable(language, version=b"", module=b"", pid=PID):
    return struct.pack("<IIQHBBBBBB32s20s68s", pid, 0, 9, 62, 64, 1, language, len(version), 0, len(module), version,
                       b"",
                       module)


PYTHON = process(b"/usr/bin/python3")
RECORDINGS = {
    "empty": recording(),
    "every_kind": recording(
        entry(ATTACHED, 1), entry(PROCESS, 2, PYTHON),
        entry(CMDLINE, 2, struct.pack("<I", PID) + b"python3\0/srv/a.py\0"),
        entry(EXECUTABLE, 2, executable(10, b"3.11")),
        entry(ENVIRONMENT, 2, said(b"shop", b"service.namespace=eu,a=b%20c")),
        entry(EXECUTED, 2, struct.pack("<IIQ", PID, 9, 9) + b"/docker/x"),
        entry(CGROUP, 2, struct.pack("<I", PID) + b"0::/docker/" + b"0123456789abcdef" * 4 + b"\n"),
        entry(RECORD, 3, STREAMS["whole"][:144 + len(GET) + len(WHOLE)]), entry(COUNTERS, 4, bytes(264)),
        entry(TICK, 4, struct.pack("<q", -5)), entry(EXIT, 5, struct.pack("<I", PID)), entry(DETACHED, 6)),
    "parked": recording(entry(RECORD, 1, record(HTTP1, 1, 0, GET, LONG, 10)), entry(PROCESS, 2, process(b"/srv/x")),
                        entry(TICK, 3, bytes(8)), entry(TICK, 3 * 10**9, bytes(8))),
    "other_cmdline": recording(entry(PROCESS, 1, PYTHON), entry(CMDLINE, 1, struct.pack("<I", 7) + b"x")),
    "many_processes": recording(*(entry(PROCESS, pid, process(b"/srv/%d" % pid, pid)) for pid in range(1, 7))),
    "environment_first": recording(entry(ENVIRONMENT, 1, said(b"shop", b"")), entry(PROCESS, 1, PYTHON),
                                   entry(ENVIRONMENT, 1, said(b"", b""))),
    "bad_environment": recording(entry(ENVIRONMENT, 1, said(b"shop", b"")[:-1])),
    "bad_executable": recording(entry(PROCESS, 1, PYTHON), entry(EXECUTABLE, 1, executable(200))),
    "bad_record": recording(entry(RECORD, 1, record(HTTP1, 1, 0, GET, WHOLE)[:-1])),
    "back_in_time": recording(entry(TICK, 5, bytes(8)), entry(TICK, 4, bytes(8))),
}

# As common/ipc/message.h has them, in the form of loader_fuzz.c.
HELLO, MAP, READY, TOLD, GONE, BUSY, FOUND, WALK = range(1, 9)


def message(*numbers, more=b"", fd=0):
    content = struct.pack(f"<{len(numbers)}I", *numbers) + more
    return bytes([len(content) // 2, fd]) + content


MAPS = message(MAP, 1, 0, 512, fd=1) + message(MAP, 0, 0, 1 << 20, fd=1)
TOLD_PYTHON = message(TOLD, PID, 1, 8080 | 16 << 16, more=struct.pack("<Q16s256s", 9, b"python3", b"/usr/bin/python3"))
FOUND_GO = message(FOUND, PID, more=executable(5, b"go1.22.3", b"shop.example v1.2.3")[8:])
LOADERS = {
    "executables": MAPS + message(READY, 1) + TOLD_PYTHON + FOUND_GO
    + message(FOUND, PID, more=executable(200)[8:]),
    "executable_too_early": FOUND_GO,
    "conversation": MAPS + message(READY, 1) + TOLD_PYTHON + message(GONE, PID) + TOLD_PYTHON,
    "walks": MAPS + message(READY, 1) + message(WALK, 0) + TOLD_PYTHON + message(WALK, 1) + message(WALK, 2),
    "walk_too_early": MAPS + message(WALK, 0),
    "busy": message(BUSY, 0),
    "map_without_fd": message(MAP, 0, 0, 4096),
    "map_after_ready": MAPS + message(READY, 1) + MAPS,
    "ready_with_fd": message(READY, 1, fd=1),
    "ready_for_many": message(READY, 65),
    "process_too_early": TOLD_PYTHON,
    "long_exe": MAPS + message(READY, 1) + message(TOLD, PID, 1, 8080 | 257 << 16, more=bytes(280)),
    "hello": message(HELLO, 0x52445354, ABI_VERSION, 0),
    "empty_message": bytes(2) + MAPS,
    "short": MAPS[:9],
}

def ring(*records, fill=None, busy=False):
    """As the kernel lays records out: length and a reserved word, then the record, in units of eight bytes."""
    data = b"".join(struct.pack("<II", len(r) | (1 << 31 if busy else 0), 0) + r + bytes(-len(r) % 8) for r in records)
    return struct.pack("<H", len(data) if fill is None else fill) + data


UNIX_RECORD = record(HTTP1, 1, 0, GET, WHOLE, family=1, path=b"/run/app.sock")
RINGS = {
    "records": ring(record(HTTP1, 1, 0, GET, WHOLE), record(END, 1, CLOSED, b"", b"", len(WHOLE)), UNIX_RECORD),
    "busy": ring(record(HTTP1, 1, 0, GET, WHOLE), busy=True),
    "too_far": ring(record(HTTP1, 1, 0, GET, WHOLE), fill=65528),
    "half_a_header": ring(record(HTTP1, 1, 0, GET, WHOLE), fill=4),
    "short_record": ring(record(HTTP1, 1, 0, GET, WHOLE)[:100], b"", b"x"),
    "wrong_size": ring(record(HTTP1, 1, 0, GET, WHOLE) + bytes(16)),
}

CGROUPS = {
    "unified": b"0::/system.slice/my\\x2dshop@a.service/worker\n",
    "hybrid": b"12:pids:/docker/" + b"0123456789abcdef" * 4 + b"\n1:name=systemd:/x.service\n0::/../../y (deleted)\n",
    "pod": b"0::/kubepods.slice/kubepods-podd7ecb146_0b4b_4f4c_8bb5_9d4c6b5e2f10.slice/cri-containerd-"
    + b"0123456789abcdef" * 4 + b".scope\n",
    "mixed": b"5:cpu:/a.service/kubepods-podd7ecb146_0b4b_4f4c_8bb5_9d4c6b5e2f10.slice:cri-containerd:"
    + b"0123456789abcdef" * 4,
    "nul": b"0::/lxc/a/\0\0b.service\n",
    "fargate": b"1:cpu:/ecs/" + b"0123456789abcdef" * 2 + b"/" + b"0123456789abcdef" * 2 + b"-123\n",
    "lxc": b"0::/lxc.payload.web/init.scope\n0::/lxc/a/b.service\n",
    "machine": b"0::/machine.slice/systemd-nspawn@web.service/payload\n0::/machine.slice/machine-a.scope",
}
IDENTITIES = {
    "python": b"shop\0service.namespace=eu,a%20b=c%2Cd\0/usr/bin/python3\0python3\0-m\0http.server",
    "odd": b"\xff\n\0a=%,=b,c=%00,d=\xc2\x9b\0/usr/bin/java (deleted)\0java\0-jar\0x.jar",
    "kubernetes": b"\0k8s.deployment.name=d,k8s.namespace.name=n,service.instance.id=i\0/app\0",
    "nothing": b"\0\0\0",
}

# What an endpoint answers: p an export response, f one in a gRPC frame, h lines of headers.
PARTIAL = b"\x0a\x07\x08\x01\x12\x03no\n"
DETAILS = b"CA4aNgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIKCggIAhCAyrXuAQ"
ANSWERS = {
    "partial": b"p" + PARTIAL,
    "empty": b"p",
    "text": b"pnot found\n",
    "frame": b"f" + struct.pack(">BI", 0, len(PARTIAL)) + PARTIAL,
    "frame_cut": b"f" + struct.pack(">BI", 0, 99) + PARTIAL,
    "headers": b"hHTTP/2 200\r\ncontent-type: application/grpc\r\ngrpc-status: 14\r\ngrpc-message: no%20room%zz%4\r\n"
    b"grpc-status-details-bin: " + DETAILS + b"==\r\n",
    "details_cut": b"hgrpc-status-details-bin:" + DETAILS[:40],
}

B3_IDS = b"463ac35c9f6413ad48485a3953bb6124", b"a2fb4a1d1a96d312"
W3C = b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: a=1\r\n"
CONTEXTS = {
    "b3": b"b3: " + b"-".join(B3_IDS) + b"-1-05e3ac9a4f6e3b90\r\n",
    "b3_narrow": b"b3: " + b"-".join(B3_IDS)[16:] + b"-d\r\n",
    "b3_decision": b"B3: 0\r\n",
    "b3_multi": b"X-B3-TraceId: %s\r\nX-B3-SpanId: %s\r\nX-B3-Sampled: 1\r\nX-B3-Flags: 1\r\n" % B3_IDS,
    "b3_bad_then_multi": b"b3: x\r\nX-B3-TraceId: %s\r\nX-B3-SpanId: %s\r\nX-B3-Sampled: false\r\n" % B3_IDS,
    "both": W3C + b"b3: " + b"-".join(B3_IDS) + b"\r\n",
    "w3c": W3C,
}
CONTEXTS = {name: b"GET / HTTP/1.1\r\n" + lines + b"\r\n" for name, lines in CONTEXTS.items()}

HASH = b"$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
WEB_CONFIGS = {
    "users": b"basic_auth_users:\n  alice: " + HASH + b"\n",
    "tls": b"tls_server_config:\n  cert_file: c.pem\n  key_file: /k.pem\n"
    b"  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: a\n  client_allowed_sans: [x.example]\n"
    b"  min_version: TLS13\n  curve_preferences: [X25519]\n",
    "inline": b"tls_server_config:\n  cert: |\n    -----BEGIN CERTIFICATE-----\n  key: '-----BEGIN '\n"
    b"  max_version: TLS12\n",
    "http": b"http_server_config: {http2: false, headers: {X-Frame-Options: deny}}\n"
    b"rate_limit: {interval: 1s, burst: 2}\n",
    "mistakes": b"tls: 1\nbasic_auth_users: {a: b}\nrate_limit: {burst: -1}\n"
    b"tls_server_config: {cipher_suites: [x]}\n",
}

for folder, seeds in (("ring", RINGS), ("http1", HEADS), ("conn", STREAMS), ("recording", RECORDINGS),
                      ("loader", LOADERS),
                      ("cgroup", CGROUPS), ("identity", IDENTITIES),
                      ("otlp", ANSWERS), ("trace_context", CONTEXTS),
                      ("web_config", WEB_CONFIGS)):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    for name, content in seeds.items():
        (CORPUS / folder / name).write_bytes(content)
