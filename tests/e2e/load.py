"""A steady load on a service, from threads of this process: requests on connections that stay open, at a given rate,
that can be paused at any moment with nothing in flight. Each answer is read whole; anything but a 200 is an error."""
import socket
import threading
import time

REQUEST = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
TURN_S = 0.01


class Load:
    def __init__(self, port, rate, connections=4):
        self.errors = []
        self._sent = [0] * connections
        self._resumed, self._ending = threading.Event(), False
        self._idle = [threading.Event() for _ in range(connections)]
        self._threads = [threading.Thread(target=self._run, args=(port, rate / connections, i), daemon=True)
                         for i in range(connections)]
        for thread in self._threads:
            thread.start()
        self.pause()

    @property
    def sent(self):
        """Answered with 200."""
        return sum(self._sent)

    def _exchange(self, connection):
        connection.sendall(REQUEST)
        answer = b""
        while b"\r\n\r\n" not in answer or len(answer.split(b"\r\n\r\n", 1)[1]) < len(b"hello\n"):
            part = connection.recv(4096)
            if not part:
                raise ConnectionError(f"the connection ended within an answer: {answer!r}")
            answer += part
        if not answer.startswith(b"HTTP/1.1 200 ") or not answer.endswith(b"\r\n\r\nhello\n"):
            raise ConnectionError(f"not the answer: {answer!r}")

    def _run(self, port, rate, number):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not self._ending:
                if not self._resumed.is_set():
                    self._idle[number].set()
                    self._resumed.wait(0.05)
                    continue
                begin = time.monotonic()
                for _ in range(max(1, round(rate * TURN_S))):
                    try:
                        self._exchange(connection)
                    except OSError as error:
                        self.errors.append(repr(error))
                        return
                    self._sent[number] += 1
                time.sleep(max(0, begin + TURN_S - time.monotonic()))
        self._idle[number].set()

    def resume(self):
        for idle in self._idle:
            idle.clear()
        self._resumed.set()

    def pause(self):
        """Returns when no request is in flight."""
        self._resumed.clear()
        for idle, thread in zip(self._idle, self._threads):
            while not idle.wait(0.05) and thread.is_alive():
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ending = True
        self.pause()
        for thread in self._threads:
            thread.join(5)
