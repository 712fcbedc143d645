#!/usr/bin/python3
"""redstart.yaml(5) from the JSON schema, so that the page says what the program checks:
    redstart check --json-schema | packaging/man/make_config_page.py > packaging/man/redstart.yaml.5
tests/packaging/test_config_files.py sees to it that this was done."""
import json
import sys

HEAD = r""".\" Made by packaging/man/make_config_page.py; change that, or collector/conf/schema.c.
.TH REDSTART.YAML 5 "" "redstart 0.1.0" "File Formats"
.SH NAME
redstart.yaml \- configuration of redstart
.SH SYNOPSIS
.B redstart run \-\-config
.I FILE
.br
.B redstart check \-\-config
.I FILE
.br
.I /etc/redstart/redstart.yaml
.SH DESCRIPTION
One YAML document in UTF-8 of at most 1 MiB, with at most 32768 values in 16 levels; aliases, tags and keys that stand twice are
errors. An empty file, and a key without a value, mean the defaults. Patterns with braces are quoted:
.BR \(dq/users/{id}\(dq .
A list of one may be written as the one.
.PP
An option wins over an environment variable, that over the file, that over the default, each value by itself.
.B redstart check \-\-config
.I FILE
shows what would be in force and where each value comes from, or everything that is wrong with the file, with line and column, and
exits with 0 or 2.
.PP
SIGHUP, to
.B redstart run
or to
.BR redstart\-collector ,
and
.B systemctl reload redstart\-collector
read the file again. No request and no series is lost by that. What is marked (start) stays as it was, and the log says so; a file with a
mistake changes nothing.
.PP
With
.B redstart run
the rules also select what is observed; the file may be readable by root only, and is parsed by a process without privilege. For the
installed pair
.I /etc/redstart/loader.conf
selects, which is root's;
.B redstart check \-\-loader\-conf \-\-config
.I FILE
prints one from the rules of a file.
.SH KEYS
"""

TAIL = r""".SH EXAMPLE
.nf
discovery:
  rules:
    \- ports: [8080, 9000\-9010]
      exe: "*java*"
  exclude:
    \- exe: "*prometheus*"
prometheus:
  listen: localhost:9464
otlp:
  \- endpoint: http://127.0.0.1:4318
    headers: {authorization: Bearer abc}
.fi
.SH SEE ALSO
.BR redstart (1),
.BR redstart\-collector (8),
.BR redstart\-loader (8)
"""


def escape(text):
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace('"', "\\(dq")


def rows(properties, path=""):
    """(path, schema) of each key that has a value."""
    for key, schema in properties.items():
        inner = schema.get("items", schema)
        name = f"{path}{key}" + ("[]" if "items" in schema else "")
        any_key = inner.get("additionalProperties")
        if isinstance(any_key, dict) and "properties" in any_key:
            yield from rows(any_key["properties"], name + ".*.")
        elif "properties" in inner:
            yield from rows(inner["properties"], name + ".")
        else:
            yield name, schema


def entry(path, schema):
    many = any("items" in choice for choice in schema["anyOf"])
    expected = ("one or a list of: " if many else "") + schema["x-expected"]
    lines = [".TP", f".B {escape(path)}", escape(schema["description"])]
    facts = [f"Takes {expected}."]
    if "x-default" in schema:
        facts.append(f"Default: {schema['x-default']}.")
    if "x-option" in schema:
        facts.append(f"Option: {schema['x-option']}.")
    if "x-variables" in schema:
        facts.append(f"Variables: {', '.join(schema['x-variables'])}.")
    if schema.get("x-at-start"):
        facts.append("(start)")
    return "\n".join([*lines, *(escape(fact) for fact in facts)]) + "\n"


def main():
    schema = json.load(sys.stdin)["allOf"][0]
    sys.stdout.write(HEAD + "".join(entry(path, row) for path, row in rows(schema["properties"])) + TAIL)


if __name__ == "__main__":
    main()
