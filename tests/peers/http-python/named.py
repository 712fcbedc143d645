"""A peer that changes: named.py fork PORT WORKERS    forked workers accept on the parent's listener
                       named.py exec PORT NAME        at GET /next it executes itself anew, with OTEL_SERVICE_NAME=NAME"""
import os
import socket
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n"


def serve_one(listener):
    """The path that was asked for."""
    connection, _ = listener.accept()
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            part = connection.recv(4096)
            if not part:
                return ""
            head += part
        connection.sendall(ANSWER)
    return head.split(b" ")[1].decode()


def main(how, port, last):
    listener = socket.create_server(("127.0.0.1", int(port)))
    if how == "fork":
        for _ in range(int(last) - 1):
            if os.fork() == 0:
                break
    while not (serve_one(listener).startswith("/next") and how == "exec"):
        pass
    listener.close()
    os.execve(sys.executable, [sys.executable, __file__, how, port, last], {**os.environ, "OTEL_SERVICE_NAME": last})


main(*sys.argv[1:])
