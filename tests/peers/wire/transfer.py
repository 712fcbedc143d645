"""Every way that Python has to read from and write to a socket. A reader returns some bytes (b"" at the end), a writer
writes all of its bytes."""
import os
import socket
import tempfile


class TransferError(Exception):
    """A call did less than it should have."""


def read_into(connection):
    space = bytearray(65536)
    return bytes(space[:connection.recv_into(space)])


def read_vector(connection):
    parts = [bytearray(7), bytearray(65536)]
    size = os.readv(connection.fileno(), parts)
    return b"".join(map(bytes, parts))[:size]


def read_message_vector(connection):
    parts = [bytearray(3), bytearray(5), bytearray(65536)]
    size = connection.recvmsg_into(parts)[0]
    return b"".join(map(bytes, parts))[:size]


def read_after_peek(connection):
    connection.recv(65536, socket.MSG_PEEK)
    connection.recv(10, socket.MSG_PEEK)
    return connection.recv(65536)


def read_after_truncating_peek(connection):
    connection.recv(1, socket.MSG_PEEK)
    return connection.recv(1) + connection.recv(65536)


def read_spliced(connection):
    """Through a pipe: the kernel side has no buffer to read the request from."""
    out, into = os.pipe()
    try:
        size = os.splice(connection.fileno(), into, 65536)
        return os.read(out, size) if size else b""
    finally:
        os.close(out)
        os.close(into)


READERS = {
    "recv": lambda connection: connection.recv(65536),
    "recv_into": read_into,
    "recvfrom": lambda connection: connection.recvfrom(65536)[0],
    "read": lambda connection: os.read(connection.fileno(), 65536),
    "readv": read_vector,
    "recvmsg": lambda connection: connection.recvmsg(65536)[0],
    "recvmsg vector": read_message_vector,
    "peek": read_after_peek,
    "peek one": read_after_truncating_peek,
    "bytewise": lambda connection: connection.recv(1),
    "splice": read_spliced,
}


def split_head(data):
    """Head and body apart, as most servers have them."""
    at = data.find(b"\r\n\r\n") + 4
    return [part for part in (data[:at], data[at:]) if part]


def write_all(data, send):
    while data:
        data = data[send(data):]


def write_whole_vector(connection, data, send):
    """The vector in one call; short writes do not happen with the sizes of these tests."""
    if send(split_head(data)) != len(data):
        raise TransferError("short vector write")


def write_with_sendfile(connection, data):
    """The head by send, the body from a file."""
    head, *body = split_head(data)
    connection.sendall(head)
    for part in body:
        with tempfile.TemporaryFile() as file:
            file.write(part)
            file.flush()
            sent = 0
            while sent < len(part):
                sent += os.sendfile(connection.fileno(), file.fileno(), sent, len(part) - sent)


def write_spliced(connection, data):
    """The head by send, the body out of a pipe."""
    head, *body = split_head(data)
    connection.sendall(head)
    for part in body:
        out, into = os.pipe()
        try:
            for at in range(0, len(part), 4096):
                size = os.write(into, part[at:at + 4096])
                while size:
                    size -= os.splice(out, connection.fileno(), size)
        finally:
            os.close(out)
            os.close(into)


def write_bytewise(connection, data):
    for at in range(len(data)):
        connection.sendall(data[at:at + 1])


WRITERS = {
    "sendall": lambda connection, data: connection.sendall(data),
    "write": lambda connection, data: write_all(data, lambda rest: os.write(connection.fileno(), rest)),
    "head then body": lambda connection, data: [connection.sendall(part) for part in split_head(data)],
    "writev": lambda connection, data: write_whole_vector(connection, data,
                                                          lambda parts: os.writev(connection.fileno(), parts)),
    "sendmsg": lambda connection, data: write_whole_vector(connection, data, connection.sendmsg),
    "sendfile": write_with_sendfile,
    "splice": write_spliced,
    "bytewise": write_bytewise,
}
