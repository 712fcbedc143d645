"""The asyncio Python peer: one thread, HTTP/1.1 by hand on asyncio streams. Usage: streams.py PORT"""
import asyncio
import sys

import endpoints


def head_parse(head):
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    return method, target, headers


async def serve(reader, writer):
    try:
        while True:
            method, target, headers = head_parse(await reader.readuntil(b"\r\n\r\n"))
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            status, content, delay = endpoints.answer(method, target, body)
            await asyncio.sleep(delay)
            writer.write(b"HTTP/1.1 %d Whatever\r\nContent-Type: text/plain\r\n" % status)
            if content is None:
                writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
                for chunk in endpoints.CHUNKS:
                    writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                writer.write(b"0\r\n\r\n")
            else:
                writer.write(b"Content-Length: %d\r\n\r\n" % len(content))
                writer.write(b"" if method == "HEAD" else content)
            await writer.drain()
            if headers.get("connection") == "close":
                return
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client is done
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=128)
    await server.serve_forever()


asyncio.run(main())
