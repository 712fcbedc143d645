"""The Python client of the end-to-end tests. Usage: call.py urllib|client URL COUNT METHOD [BODY]

urllib: a connection for each request; client: http.client on one connection.
"""
import http.client
import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit


def call_urllib(url, count, method, body):
    for _ in range(count):
        request = urllib.request.Request(url, body, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                print(response.status, len(response.read()))
        except urllib.error.HTTPError as error:
            print(error.code, len(error.read()))


def call_client(url, count, method, body):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    for _ in range(count):
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body)
        response = connection.getresponse()
        print(response.status, len(response.read()))
    connection.close()


how, url, count, method, *body = sys.argv[1:]
(call_urllib if how == "urllib" else call_client)(url, int(count), method, body[0].encode() if body else None)
