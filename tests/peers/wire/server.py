"""A raw-socket server that does on purpose what real servers do now and then; for tests/e2e/wire_peer.py.

Every mode listens on a port of its own; the ports go to standard output as one JSON object, name to port (a path for
the Unix socket). A mode is a way to read and a way to write (transfer.py); the request's path chooses the answer
(answers.py).
Processes: this one with a thread per connection; `forked`: three workers that accept; `passed`: one that gets
accepted sockets over a Unix socket. Usage: server.py FOLDER (for sockets and the file that sendfile sends)
"""
import array
import json
import os
import pathlib
import socket
import sys
import threading

import answers
from transfer import READERS, WRITERS, TransferError

WORKERS = 3


def serve(connection, read, write):
    """Requests of one connection, one after the other, until someone closes."""
    with connection:
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            answers.converse(connection, read, write)
        except (ConnectionError, EOFError, TransferError):
            pass  # the client is done


def accept_forever(listener, handle):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=handle, args=(connection,), daemon=True).start()


def listen(address="127.0.0.1", family=socket.AF_INET, dual_stack=False):
    listener = socket.socket(family)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dual_stack else 1)
    listener.bind((address, 0) if family != socket.AF_UNIX else address)
    listener.listen(128)
    return listener


def mode(ports, name, listener, handle):
    ports[name] = listener.getsockname()[1] if listener.family != socket.AF_UNIX else listener.getsockname()
    threading.Thread(target=accept_forever, args=(listener, handle), daemon=True).start()


def plain(connection):
    serve(connection, READERS["recv"], WRITERS["sendall"])


def fork_workers(ports):
    """Three children accept on a listener that they inherited."""
    listener = listen()
    for _ in range(WORKERS):
        if os.fork() == 0:
            while True:
                plain(listener.accept()[0])
    ports["forked"] = listener.getsockname()[1]


def fork_receiver():
    """A child made before any listener exists: it serves the sockets that it is sent. Returns our end."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        while True:
            _, control, _, _ = theirs.recvmsg(1, socket.CMSG_SPACE(4))
            if not control:
                os._exit(0)
            plain(socket.socket(fileno=array.array("i", control[0][2])[0]))
    theirs.close()
    return ours


def two_threads(connection):
    """One thread reads, another writes."""
    def write(target, data):
        writer = threading.Thread(target=WRITERS["sendall"], args=(target, data))
        writer.start()
        writer.join()
    serve(connection, READERS["recv"], write)


def not_http(connection):
    """A line protocol whose server talks first."""
    with connection:
        connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
        while data := connection.recv(4096):
            connection.sendall(b"\x16\x03\x01" + data)


def main(folder):
    ports = {}
    receiver = fork_receiver()
    fork_workers(ports)
    passing = listen()

    def hand_over(connection):
        with connection:
            receiver.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [connection.fileno()]))])

    mode(ports, "passed", passing, hand_over)
    for name, read in READERS.items():
        mode(ports, f"read {name}", listen(),
             lambda connection, read=read: serve(connection, read, WRITERS["sendall"]))
    for name, write in WRITERS.items():
        mode(ports, f"write {name}", listen(),
             lambda connection, write=write: serve(connection, READERS["recv"], write))
    mode(ports, "plain", listen(), plain)
    mode(ports, "two threads", listen(), two_threads)
    mode(ports, "ipv6", listen("::1", socket.AF_INET6), plain)
    mode(ports, "mapped", listen("::", socket.AF_INET6, dual_stack=True), plain)
    mode(ports, "unix", listen(str(pathlib.Path(folder, "wire.sock")), socket.AF_UNIX), plain)
    mode(ports, "not http", listen(), not_http)
    print(json.dumps(ports), flush=True)
    threading.Event().wait()


main(sys.argv[1])
