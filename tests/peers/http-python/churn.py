"""Many small HTTP servers, forked: each listens on a port of its own, and lives until the parent ends.

Usage: churn.py COUNT
Prints "ready FIRST_PID" and a line with all ports. Each answers any request with "hello\\n".
"""
import os
import signal
import socket
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n"


def serve(listener):
    while True:
        connection, _ = listener.accept()
        with connection:
            while b"\r\n\r\n" in connection.recv(4096):
                connection.sendall(ANSWER)


listeners = []
for _ in range(int(sys.argv[1])):
    listener = socket.create_server(("127.0.0.1", 0))
    listeners.append(listener.getsockname()[1])
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        serve(listener)
    listener.close()
print(f"ready {os.getpid()}")
print(*listeners, flush=True)
sys.stdin.read()
os.killpg(0, signal.SIGTERM)
