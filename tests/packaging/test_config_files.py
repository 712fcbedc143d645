#!/usr/bin/python3
"""What is shipped about redstart.yaml is what the program does: JSON schema and man page are current, the installed
file is taken, `redstart check` answers as promised. Usage: test_config_files.py BUILD"""
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
AGAIN = "make it again: see packaging/README.md"


def check(condition, message):
    if not condition:
        sys.exit(f"FAILED: {message}")


def run(program, *arguments, stdin=None, env=None):
    return subprocess.run([str(program), *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=30,
                          env=env or {"PATH": "/usr/bin:/bin"})


def check_generated(redstart):
    schema = run(redstart, "check", "--json-schema").stdout
    check(json.loads(schema)["title"] == "redstart.yaml", "not a schema")
    check((ROOT / "packaging/redstart.schema.json").read_text() == schema, f"packaging/redstart.schema.json: {AGAIN}")
    page = run("/usr/bin/python3", ROOT / "packaging/man/make_config_page.py", stdin=schema).stdout
    check((ROOT / "packaging/man/redstart.yaml.5").read_text() == page, f"packaging/man/redstart.yaml.5: {AGAIN}")


def value(seen, path):
    """(value, where from) of a line of `redstart check`."""
    for line in seen.stdout.splitlines():
        if line.split(" ")[0] == path:
            shown, source = line[len(path):].split("# ", 1)
            return shown.strip(), source
    sys.exit(f"FAILED: no {path} in {seen.stdout} {seen.stderr}")


def check_shipped(redstart):
    path = ROOT / "packaging/systemd/redstart.yaml"
    seen = run(redstart, "check", "--config", path)
    check(seen.returncode in (0, 3), f"exit code {seen.returncode}: {seen.stderr}")
    check(value(seen, "prometheus.listen") == ("localhost:9464", f"{path}:5"), seen.stdout)
    uncommented = path.read_text().split("\n\n")[1].replace("# ", "")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(uncommented)
        file.flush()
        seen = run(redstart, "check", "--config", file.name)
        check(seen.returncode in (0, 3), f"what is commented out is no good: {seen.stderr}")
        check(value(seen, "otlp[0]")[0] == "http://127.0.0.1:4318/v1/metrics", seen.stdout)
        seen = run(redstart, "check", "--loader-conf", "--config", file.name)
        check(seen.stdout == "rule = port=8080,9000-9010 exe=*java*\n", f"loader.conf: {seen.stdout} {seen.stderr}")


def check_origins(redstart):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write("metrics:\n  series_max: 5\n  interval: 7s\nlog: {level: warn}\n")
        file.flush()
        seen = run(redstart, "check", f"--config={file.name}", "--log-level", "debug",
                   env={"OTEL_METRIC_EXPORT_INTERVAL": "250", "OTEL_LOG_LEVEL": "error"})
        for path, expected in {"log.level": ("debug", "option --log-level"),
                               "metrics.interval": ("250ms", "variable OTEL_METRIC_EXPORT_INTERVAL"),
                               "metrics.series_max": ("5", f"{file.name}:2"),
                               "metrics.series_ttl": ("5m", "default")}.items():
            check(value(seen, path) == expected, f"{path}: {value(seen, path)}, expected {expected}")
        file.write("nonsense: 1\nlog: {}\n")
        file.flush()
        seen = run(redstart, "check", "--config", file.name)
        check(seen.returncode == 2, f"exit code {seen.returncode}")
        check(seen.stderr == f"redstart check: {file.name}:6:1: log: stands here for the second time; the first is in "
                             "line 4\n",
              seen.stderr)
    for arguments in (["--nonsense"], ["--config", "/nonexistent"], ["--loader-conf"], ["stray"], ["--from-beyla"]):
        seen = run(redstart, "check", *arguments)
        check(seen.returncode == 2 and seen.stderr.startswith("redstart check: "), f"{arguments}: {seen}")


def check_from_beyla(redstart):
    """Our file on standard output, taken by ourselves; what has no equivalent on standard error."""
    seen = run(redstart, "check", "--from-beyla", ROOT / "tests/fuzz/corpus/beyla/whole", env={"PORTS": "81"})
    check(seen.returncode == 0 and "ebpf: no equivalent\n" in seen.stderr, f"{seen}")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(seen.stdout)
        file.flush()
        ours = run(redstart, "check", "--config", file.name)
        check(ours.returncode in (0, 3), f"exit code {ours.returncode}: {ours.stderr}")
        check(value(ours, "prometheus.listen")[0] == ":8999", ours.stdout)
    check(run(redstart, "check", "--from-beyla", "/nonexistent").returncode == 2, "a missing file was taken")


def main():
    redstart = pathlib.Path(sys.argv[1]) / "bin/redstart"
    check_generated(redstart)
    check_shipped(redstart)
    check_origins(redstart)
    check_from_beyla(redstart)
    print("ok")


if __name__ == "__main__":
    main()
