"""What the two Python peers answer: the endpoints of tests/peers/README.md as a pure function."""
from urllib.parse import parse_qs, urlsplit

LARGE = b"x" * (1 << 20)
CHUNKS = [b"chunk-%d\n" % i for i in range(3)]


def seconds(text):
    """'200ms' or '1s' as seconds."""
    return float(text[:-2]) / 1000 if text.endswith("ms") else float(text.rstrip("s"))


def answer(method, target, body):
    """(status, body, delay in seconds); a body of None means the chunks of /chunked."""
    url = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    first, _, second = url.path.lstrip("/").partition("/")
    delay = seconds(second if first == "delay" else query.get("delay", "0s"))
    status = second if first == "status" else query.get("status")
    if status:
        return int(status), status.encode() + b"\n", delay
    fixed = {"hello": b"hello\n", "delay": b"hello\n", "post": b"", "large": LARGE, "chunked": None}
    if first == "echo" and method == "POST":
        return 200, body, delay
    if first in fixed:
        return 200, fixed[first], delay
    return 404, b"404\n", delay
