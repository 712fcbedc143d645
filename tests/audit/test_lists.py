#!/usr/bin/python3
"""AUDIT.md against the code: each list between its marks is the code's table, each function and file that is named
exists."""
import fnmatch
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MARK = re.compile(r"<!-- list: (\S+) (.+?) -->\n(.*?)<!-- end -->", re.DOTALL)
LISTS_MIN = 11
FILTERS = ("loader/seccomp.c", "resolver/sandbox.c", "collector/cli/plan.c")


def without_comments(text):
    return re.sub(r"//.*|/\*.*?\*/|^#.*", "", text, flags=re.MULTILINE)


def tables(path):
    """{name: [capability or call]} of all tables of them in a C file."""
    text = without_comments((ROOT / path).read_text())
    found = re.findall(r"static const (?:int|uint64_t|struct filter_tied) (\w+)(?:\[\])? =\s(.*?);", text, re.DOTALL)
    return {name: re.findall(r"\b(?:SYS_)?((?<=SYS_)\w+|CAP_\w+)", body) for name, body in found}


def code_list(path, names):
    """names: of tables in the file (* for any), of an X macro, or "enum x"."""
    text = (ROOT / path).read_text()
    if names.startswith("SANDBOX_"):  # X(read) X(write) ..., over continued lines
        macro = re.search(rf"#define {names}\(X\)(.*?[^\\])\n", text, re.DOTALL).group(1)
        return re.findall(r"X\((\w+)\)", macro)
    if names.startswith("enum "):
        body = re.search(re.escape(names) + r" \{(.*?)\}", without_comments(text), re.DOTALL).group(1)
        return [kind for kind in re.findall(r"\w+", body) if not kind.endswith("_NONE")]
    return [entry for name, entries in tables(path).items() for entry in entries
            if any(fnmatch.fnmatch(name, pattern) for pattern in names.split())]


def unlisted(lists):
    """Tables of the filters that no list of AUDIT.md shows."""
    patterns = [(path, pattern) for path, names, _ in lists for pattern in names.split()]
    return [f"{path} {name} is in no list of AUDIT.md" for path in FILTERS for name in tables(path)
            if not any(path == listed and fnmatch.fnmatch(name, pattern) for listed, pattern in patterns)]


def page_list(text):
    """What stands in backticks in the first column of a table; in all of a text that is no table."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")] or [text]
    return re.findall(r"`(\w+)`", " ".join(rows))


def check_lists(page):
    lists = MARK.findall(page)
    problems = unlisted(lists)
    if len(lists) < LISTS_MIN:
        problems.append(f"AUDIT.md has {len(lists)} lists, at least {LISTS_MIN} were expected")
    for path, name, text in lists:
        code, written = code_list(path, name), page_list(text)
        if not code or len(code) != len(set(code)):
            problems.append(f"{path} {name}: cannot be read, or names one twice: {code}")
        if len(written) != len(set(written)):
            problems.append(f"{path} {name}: AUDIT.md names one twice")
        if set(code) != set(written):
            problems.append(f"{path} {name}: only in the code {sorted(set(code) - set(written))}, "
                            f"only in AUDIT.md {sorted(set(written) - set(code))}")
        print(f"       {path} {name}: {len(code)}")
    return problems


def check_names(page):
    """`file.c:function`, `folder/file`, `case_x`."""
    problems = []
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    for path, function in re.findall(r"`([\w/]+\.[ch]):(\w+)`", prose):
        file = ROOT / path
        if not file.exists() or not re.search(rf"^\w[^;\n]*\b{function}\(", file.read_text(), re.MULTILINE):
            problems.append(f"there is no {function} in {path}")
    for path in re.findall(r"`((?:tests|loader|resolver|collector|common)/[\w/]+\.\w+)`", prose):
        if not (ROOT / path).exists():
            problems.append(f"there is no {path}")
    cases = "".join(path.read_text() for path in (ROOT / "tests/e2e").glob("test_*.py"))
    problems += [f"there is no {case}" for case in re.findall(r"`(case_\w+)`", prose) if f"def {case}(" not in cases]
    return problems


def main():
    page = (ROOT / "AUDIT.md").read_text()
    problems = check_lists(page) + check_names(page)
    for problem in problems:
        print(f"FAILED {problem}")
    print(f"{0 if problems else 1} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
