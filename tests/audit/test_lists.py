#!/usr/bin/python3
"""AUDIT.md against the code: each list between its marks is the code's table, each function and file that is named exists."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MARK = re.compile(r"<!-- list: (\S+) (.+?) -->\n(.*?)<!-- end -->", re.DOTALL)
LISTS_MIN = 11


def body(text, begin, end):
    """Between the first match of begin and the next `end` after it, without comments and preprocessor."""
    match = re.search(begin, text)
    if not match:
        raise SystemExit(f"FAILED: there is no {begin} any more: change this test and AUDIT.md")
    part = text[match.end():text.index(end, match.end())]
    return re.sub(r"//.*|/\*.*?\*/|^#.*", "", part, flags=re.MULTILINE)


def code_list(path, name):
    text = (ROOT / path).read_text()
    if name.startswith("SANDBOX_"):  # X(read) X(write) ..., over continued lines
        macro = re.search(rf"#define {name}\(X\)(.*?[^\\])\n", text, re.DOTALL).group(1)
        return re.findall(r"X\((\w+)\)", macro)
    if name == "tied":
        return re.findall(r"static const struct tied_call \w+ = \{SYS_(\w+),", text)
    if name.startswith("enum "):
        return [kind for kind in re.findall(r"^\s*(\w+),", body(text, re.escape(name) + r" \{", "}"), re.MULTILINE)
                if not kind.endswith("_NONE")]
    table = body(text, rf"\b{name}\[\] = \{{", "};")
    return re.findall(r"\b(?:SYS_)?((?<=SYS_)\w+|CAP_\w+)", table)


def page_list(text):
    """What stands in backticks in the first column of a table; in all of a text that is no table."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")] or [text]
    return re.findall(r"`(\w+)`", " ".join(rows))


def check_lists(page):
    problems = []
    lists = MARK.findall(page)
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
    cases = (ROOT / "tests/e2e/test_loader.py").read_text()
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
