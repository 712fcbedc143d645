#!/usr/bin/python3
"""What the tests found on each kernel, kept in results/, and the table of README.md that is made from it.

    results.py record KERNEL FILE    keep what tests/vm/run (http1 and verifier) said as what is to be expected
    results.py compare KERNEL FILE   exit code 1 if scenarios differ from it; names programs that grew by > 20 %
    results.py readme [--check]      write README.md's table, or exit 1 if it is not current
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
README = HERE.parent.parent / "README.md"
BEGIN, END = "<!-- kernels: made by tests/vm/results.py from what the tests found -->\n", "<!-- end of kernels -->\n"
KERNELS = ["5.10", "6.1", "6.12", "6.12-arm64", "6.18", "7"]
VARIANTS = ["sockio-tp", "sockio-fentry", "sockio-sys"]
GROWTH = 1.2
OUTCOME = re.compile(r"^(ok|counted|second|unseen|unavailable|FAILED) (sockio-\w+) ?([^:]*)")
PROGRAM = re.compile(r"^\d+ (sockio-\w+) (\w+) (\d+) (\d+)$")
# What an outcome besides ok means to a user.
MEANS = {
    ("counted", "io_uring"): "io_uring is counted, not shown",
    ("unseen", "io_uring"): "io_uring is not seen",
    ("unseen", "unix socket"): "Unix sockets are not seen",
    ("second", "existing connection"): "who waits in a read when redstart starts is seen from the next request on",
}


def scenarios(text):
    """{(variant, case): outcome}; the case is empty where the variant is not to be had."""
    return {(m[2], m[3].strip()): m[1] for m in map(OUTCOME.match, text.splitlines()) if m}


def programs(text):
    """{(variant, program): (instructions, stack)}, the largest of each."""
    found = {}
    for m in filter(None, map(PROGRAM.match, text.splitlines())):
        key, value = (m[1], m[2]), (int(m[3]), int(m[4]))
        found[key] = max(value, found.get(key, value))
    return found


def kept(kernel, kind):
    path = HERE / "results" / f"{kernel}.{kind}"
    return path.read_text() if path.exists() else ""


def record(kernel, text):
    (HERE / "results").mkdir(exist_ok=True)
    seen, sizes = scenarios(text), programs(text)
    if seen:
        lines = [f"{outcome} {variant} {case}".rstrip() for (variant, case), outcome in seen.items()]
        (HERE / "results" / f"{kernel}.http1").write_text("\n".join(lines) + "\n")
    if sizes:
        lines = [f"0 {variant} {program} {n} {stack}" for (variant, program), (n, stack) in sizes.items()]
        (HERE / "results" / f"{kernel}.verifier").write_text("\n".join(lines) + "\n")


def compare(kernel, text):
    expected, seen = scenarios(kept(kernel, "http1")), scenarios(text)
    lacking = {variant for variant, case in expected if not case}  # another machine with this kernel may have them
    differences = [f"FAILED {kernel} {' '.join(key).strip()}: expected {expected.get(key)}, saw {seen.get(key)}"
                   for key in {**expected, **seen} if key[0] not in lacking and expected.get(key) != seen.get(key)]
    for key, (n, stack) in programs(text).items():
        before = programs(kept(kernel, "verifier")).get(key, (n, stack))
        if n > GROWTH * before[0]:
            print(f"WARNING {kernel} {' '.join(key)}: the verifier looks at {n} instructions, before {before[0]}")
    print("\n".join(differences) or f"ok     {kernel}: {len(seen)} outcomes as expected")
    return bool(differences) or not seen


def table():
    rows = ["| Linux | hooks | HTTP/1 scenarios passed | what differs |", "|---|---|---|---|"]
    for kernel in KERNELS:
        seen = scenarios(kept(kernel, "http1"))
        there = [v for v in VARIANTS if any(variant == v and case for variant, case in seen)]
        for variant in there:
            mine = {case: outcome for (v, case), outcome in seen.items() if v == variant and case}
            passed = sum(outcome == "ok" for outcome in mine.values())
            means = [MEANS.get((outcome, case), f"{case}: {outcome}") for case, outcome in mine.items()
                     if outcome != "ok"]
            first = variant == there[0]
            rows.append(f"| {kernel if first else ''} | {variant}{', by default' if first else ''} | "
                        f"{passed} of {len(mine)} | {'; '.join(means) or 'nothing'} |")
    return "\n".join(rows) + "\n"


def readme(check):
    text = README.read_text()
    before, rest = text.split(BEGIN)
    whole = before + BEGIN + table() + END + rest.split(END)[1]
    if check:
        print("ok     README.md's table is current" if whole == text
              else "FAILED README.md: run tests/vm/results.py readme")
        return whole != text
    README.write_text(whole)
    return 0


def main(arguments):
    match arguments:
        case ["record", kernel, path]:
            return record(kernel, pathlib.Path(path).read_text())
        case ["compare", kernel, path]:
            return compare(kernel, pathlib.Path(path).read_text())
        case ["readme"] | ["readme", "--check"]:
            return readme("--check" in arguments)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
