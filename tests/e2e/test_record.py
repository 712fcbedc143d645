#!/usr/bin/python3
"""--record: what a run sees is played again to the same spans; the file is private and never over another one."""
import json
import os
import pathlib
import stat
import subprocess
import sys
import tempfile

import harness
import services
import wire
from harness import check, check_equal

sys.path.append(str(harness.ROOT / "tests/replay"))
import run as replay  # noqa: E402

REQUESTS = 2000


def without_ids(span):
    return {name: value for name, value in span.items() if name not in ("trace_id", "span_id", "time")}


def case_played_again(folder):
    """Also under some load: requests on several connections while the recorder writes."""
    path = pathlib.Path(folder, "load.rec")
    with services.go() as service, harness.Redstart("--port", service.port, "--record", path) as redstart:
        subprocess.run(["ab", "-q", "-k", "-c", "8", "-n", str(REQUESTS), f"http://127.0.0.1:{service.port}/hello"],
                       check=True, stdout=subprocess.DEVNULL, timeout=60)
        wire.request(service.port, "POST", "/echo", b"abc")
        redstart.wait_spans(REQUESTS + 1)
        redstart.check_nothing_lost()
    check_equal(stat.S_IMODE(path.stat().st_mode), 0o600, "mode of the file")
    with open(path, "rb") as recording:
        code, text, errors = replay.play(recording, "--print-traces=json")
    check_equal((code, errors), (0, ""), "exit code and standard error of the replay")
    played = [without_ids(json.loads(line)) for line in text.splitlines()]
    check(played == list(map(without_ids, redstart.spans)), "the spans played are not those of the run")


def case_not_over_another(folder):
    path = pathlib.Path(folder, "taken")
    path.write_text("mine")
    with services.python_threaded() as service:
        redstart = harness.Redstart("--port", service.port, "--record", path, wait_ready=False, prometheus=False)
        check_equal(redstart.process.wait(harness.STOP_TIMEOUT_S), 1, "exit code")
        redstart.stop()
    check(any(f"cannot create {path}: File exists; remove it" in line for line in redstart.log), redstart.log_text())
    check_equal(path.read_text(), "mine", "the file that was there")


def main():
    harness.require_privilege()
    cases = harness.Cases()
    with tempfile.TemporaryDirectory(prefix="redstart-record-") as folder:
        os.chmod(folder, 0o1733)  # the collector's user creates the file
        with cases.case("played again"):
            case_played_again(folder)
        with cases.case("not over another file"):
            case_not_over_another(folder)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
