#!/usr/bin/python3
"""The commands of AUDIT.md, run as they stand against a running pair; each line of output as it is written there, * is
anything."""
import os
import re
import subprocess
import sys

import harness
import pair
import processes
from harness import check

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
COMMANDS_MIN = 15
COMMAND_TIMEOUT_S = 20


def commands(page):
    """(command, expected lines) of all console blocks."""
    found = []
    for block in BLOCK.findall(page):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def matches(seen, expected):
    pattern = ".*".join(re.escape(part) for part in expected.split("*"))
    return re.fullmatch(pattern, seen.rstrip()) is not None


def run(command, expected, environment):
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True,
                          timeout=COMMAND_TIMEOUT_S)
    lines = done.stdout.splitlines()
    check(not done.stderr and len(lines) == len(expected) and all(map(matches, lines, expected)),
          f"expected {expected}, saw {lines} {done.stderr.strip()}")


def main():
    harness.require_privilege()
    cases = harness.Cases()
    table = commands((harness.ROOT / "AUDIT.md").read_text())
    with pair.Loader() as loader, pair.Collector(loader.socket) as collector:
        environment = {**os.environ, "LC_ALL": "C", "LOADER": str(loader.pid), "COLLECTOR": str(collector.pid),
                       "RESOLVER": str(processes.children(loader.pid)[0]), "PINS": str(loader.pins),
                       "SOCKET": loader.socket}
        for command, expected in table:
            with cases.case(command):
                run(command, expected, environment)
    with cases.case(f"{len(table)} commands in AUDIT.md"):
        check(len(table) >= COMMANDS_MIN, f"at least {COMMANDS_MIN} were expected")
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
