"""A server that handles one connection at a time and takes 100 ms for each request. Usage: serial.py PORT close|alive

close: accepts one connection, answers its one request, closes it, accepts the next. alive: takes the first request of
whichever connection has one, in order of arrival, and keeps all of them open.

Prints a line for each request: its target, and time.monotonic() before and after it was read, before and after the
answer was sent.
"""
import collections
import select
import socket
import sys
import time

WORK_S = 0.1
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n"


def answer(connection, last):
    """Reads one request whole (the test sends each in one piece); False at the end of the connection."""
    times = [time.monotonic()]
    request = connection.recv(65536)
    times.append(time.monotonic())
    if not request:
        return False
    time.sleep(WORK_S)
    times.append(time.monotonic())
    connection.sendall(ANSWER + (b"Connection: close\r\n" if last else b"") + b"\r\nhello\n")
    times.append(time.monotonic())
    print(request.split()[1].decode(), *times, flush=True)
    return True


def serve_close(listener):
    while True:
        with listener.accept()[0] as connection:
            answer(connection, last=True)


def accept_waiting(listener):
    """None: nobody waits."""
    try:
        connection = listener.accept()[0]
    except BlockingIOError:
        return None
    connection.setblocking(True)
    return connection


def serve_alive(listener):
    """Readiness is edge-triggered, so that the queue is in order of arrival even while the server works."""
    poll, connections, queue = select.epoll(), {}, collections.deque()
    listener.setblocking(False)
    poll.register(listener, select.EPOLLIN | select.EPOLLET)
    while True:
        for fd, _ in poll.poll(0 if queue else -1):
            queue.append(fd)
        fd = queue.popleft()
        if fd == listener.fileno():
            for connection in iter(lambda: accept_waiting(listener), None):
                connections[connection.fileno()] = connection
                poll.register(connection, select.EPOLLIN | select.EPOLLET)
        elif not answer(connections[fd], last=False):
            connections.pop(fd).close()


with socket.socket() as server:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", int(sys.argv[1])))
    server.listen(64)
    (serve_close if sys.argv[2] == "close" else serve_alive)(server)
