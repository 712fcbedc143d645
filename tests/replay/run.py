#!/usr/bin/python3
"""Plays a recording and compares what it gives with the files beside it, to the letter.

    run.py NAME           plays NAME.rec; spans as in NAME.spans.json, the page of metrics as in NAME.metrics
    run.py --write NAME   writes those two files instead, after a change that is meant: look at the difference
    run.py --damaged      plays damaged files: each is refused with its place named, nothing crashes

Random ids and the version are masked, nothing else. REDSTART_BIN_DIR names the folder of the programs (default:
build/bin). Needs no privilege; as root, the collector is started as another user, which it insists on.
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("REDSTART_BIN_DIR", HERE.parent.parent / "build/bin"))
NOBODY = 65534
TIMEOUT_S = 60
HEADER, ENTRY = 32, 16  # bytes, see collector/intake/recording.h
MASKS = [
    (re.compile(r'"span_id":"[0-9a-f]{16}"'), '"span_id":"*"'),
    # A trace that began elsewhere keeps its id: that one is compared.
    (re.compile(r'"trace_id":"[0-9a-f]{32}"(?=,"span_id":"\*","parent_span_id":"")'), '"trace_id":"*"'),
    (re.compile(r'^(redstart_build_info)\{version="[^"]+",commit="[^"]+"\} 1$', re.M), r'\1{version="*",commit="*"} 1'),
]


def play(recording, *outputs):
    """(exit code, standard output, standard error) of the collector on the open file."""
    # By descriptor: the other user may not be able to reach the build folder.
    with open(BIN / "redstart-collector", "rb") as program:
        as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        sanitizer = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        done = subprocess.run(["redstart-collector", "--replay", "-", *outputs],
                              executable=f"/proc/self/fd/{program.fileno()}", pass_fds=[program.fileno()],
                              stdin=recording, capture_output=True, timeout=TIMEOUT_S, env=sanitizer, **as_nobody)
    return done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace")


def play_whole(path):
    """What a recording gives: {suffix: text}, masked."""
    with open(path, "rb") as recording:
        code, text, errors = play(recording, "--print-traces=json", "--replay-metrics")
    if code != 0 or errors:
        sys.exit(f"FAILED {path.name}: exit code {code}, standard error: {errors or '(nothing)'}")
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    spans = [line for line in text.splitlines(keepends=True) if line.startswith("{")]
    if not text.startswith("".join(spans)):
        sys.exit(f"FAILED {path.name}: spans and metrics are mixed")
    return {".spans.json": "".join(spans), ".metrics": text[sum(map(len, spans)):]}


def compare(name):
    failed = False
    for suffix, seen in play_whole(HERE / f"{name}.rec").items():
        expected = (HERE / (name + suffix)).read_text()
        if seen != expected:
            failed = True
            sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), seen.splitlines(True),
                                                       f"{name}{suffix}", "seen"))
    print(f"{'FAILED' if failed else 'ok    '} {name}")
    return 1 if failed else 0


def write(name):
    for suffix, seen in play_whole(HERE / f"{name}.rec").items():
        (HERE / (name + suffix)).write_text(seen)
    return 0


def damaged_files(good):
    """(what, bytes, place that must be named)"""
    yield "nothing", b"", 0
    yield "text", b"GET / HTTP/1.1\r\n\r\n" * 10, 0
    yield "another version", good[:16] + b"\xff\xff\xff\x7f" + good[20:], 0
    yield "cut in its first entry", good[:HEADER + 5], HEADER
    yield "impossible size", good[:HEADER + 12] + b"\xff\xff\xff\xff" + good[HEADER + 16:], HEADER
    yield "impossible kind", good[:HEADER + 8] + b"\x63\0\0\0" + good[HEADER + 12:], HEADER
    yield "garbage at its end", good + b"\xff" * ENTRY, len(good)
    yield "time that goes back", good + b"\0" * ENTRY, len(good)


def damaged():
    failed = 0
    for what, content, place in damaged_files((HERE / "nginx.rec").read_bytes()):
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.seek(0)
            code, _, errors = play(file, "--replay-metrics")
        wrong = code != 1 or f"byte {place}: " not in errors or len(errors.splitlines()) != 1
        failed += wrong
        print(f"{'FAILED' if wrong else 'ok    '} {what}: exit code {code}, {errors.strip()}")
    return 1 if failed else 0


def main(arguments):
    if arguments == ["--damaged"]:
        return damaged()
    if len(arguments) == 2 and arguments[0] == "--write":
        return write(arguments[1])
    if len(arguments) == 1 and not arguments[0].startswith("-"):
        return compare(arguments[0])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
