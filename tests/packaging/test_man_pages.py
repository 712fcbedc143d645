#!/usr/bin/python3
"""Man pages and --help name the same options."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MAN = ROOT / "packaging/man"
# A program and its commands, its own page, pages that it refers to for the rest.
PROGRAMS = [
    ("redstart", ["", "run", "check"], "redstart.1", []),
    ("redstart-loader", [""], "redstart-loader.8", []),
    ("redstart-collector", [""], "redstart-collector.8", ["redstart.1"]),
]


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text))


def page_options(name):
    return options((MAN / name).read_text().replace("\\-", "-"))


def main(build):
    problems = []
    for program, commands, own, others in PROGRAMS:
        helped = set()
        for command in commands:
            done = subprocess.run([pathlib.Path(build, "bin", program), *command.split(), "--help"], check=True,
                                  capture_output=True, text=True)
            helped |= options(done.stdout)
        written = page_options(own)
        missing = helped - written.union(*(page_options(other) for other in others))
        problems += [f"{own} lacks {option} of {program} --help" for option in sorted(missing)]
        problems += [f"{program} --help lacks {option} of {own}" for option in sorted(written - helped)]
        print(f"       {program}: {len(helped)} options")
    for problem in problems:
        print(f"FAILED {problem}")
    print(f"{0 if problems else 1} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
