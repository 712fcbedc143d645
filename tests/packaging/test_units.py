#!/usr/bin/python3
"""Installs a build into an empty tree and looks at what came: paths, modes, the units by `systemd-analyze verify` and
their exposure by `systemd-analyze security`, the users by `systemd-sysusers`. Usage: test_units.py BUILD"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

UNIT_DIR = "lib/systemd/system"
EXPOSURE_MAX = {"redstart-loader": 3.5, "redstart-collector": 1.5}  # promised
# Of the host: without them systemd finds neither the targets a unit names nor the shell it starts.
HOST_FILES = ["/bin/sh", "/bin/rmdir", "/bin/kill", "/usr/bin/install", "/lib/systemd/system",
              "/usr/lib/systemd/system"]


def run(*command, **more):
    return subprocess.run([str(part) for part in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60, **more)


def check(condition, message):
    if not condition:
        sys.exit(f"FAILED: {message}")


def install(build, tree):
    seen = run("cmake", "--install", build, env={**os.environ, "DESTDIR": str(tree)})
    check(seen.returncode == 0, f"cmake --install: {seen.stdout}")


def prefix_of(build):
    cache = (build / "CMakeCache.txt").read_text()
    return re.search(r"^CMAKE_INSTALL_PREFIX:PATH=(.*)$", cache, re.MULTILINE).group(1)


def check_files(tree, prefix):
    libexec = f"{prefix}/libexec/redstart"
    for path, mode in ((f"{prefix}/bin/redstart", 0o755), (f"{libexec}/redstart-loader", 0o755),
                       (f"{libexec}/redstart-collector", 0o755), (f"{libexec}/redstart-resolver", 0o755),
                       (f"{prefix}/{UNIT_DIR}/redstart-loader.service", 0o644),
                       (f"{prefix}/{UNIT_DIR}/redstart-collector.service", 0o644),
                       (f"{prefix}/lib/sysusers.d/redstart.conf", 0o644), ("/etc/redstart/loader.conf", 0o644),
                       ("/etc/redstart/redstart.yaml", 0o644)):
        file = pathlib.Path(f"{tree}{path}")
        check(file.is_file() and file.stat().st_mode & 0o7777 == mode, f"{path} is not there with mode {mode:o}")
        check(file.suffix != ".service" or not re.search("@[A-Z_]+@", file.read_text()), f"{path}: not filled in")


def check_changes_stay(build, tree):
    changed = pathlib.Path(f"{tree}/etc/redstart/loader.conf")
    changed.write_text("port = 8080\n")
    install(build, tree)
    check(changed.read_text() == "port = 8080\n", "installing again changed loader.conf")


def check_verify(tree, prefix):
    """In the tree's own root, so that the programs are where the units say."""
    for path in HOST_FILES:
        if os.path.lexists(path) and not os.path.lexists(f"{tree}{path}"):
            pathlib.Path(f"{tree}{path}").parent.mkdir(parents=True, exist_ok=True)
            if os.path.isdir(path):
                shutil.copytree(path, f"{tree}{path}", symlinks=True, ignore_dangling_symlinks=True)
            else:
                shutil.copy(path, f"{tree}{path}")
    seen = run("systemd-analyze", "verify", "--man=no", f"--root={tree}", *(f"{name}.service" for name in EXPOSURE_MAX))
    check(seen.returncode == 0 and not seen.stdout.strip(), f"systemd-analyze verify: {seen.stdout}")


def check_exposure(tree, prefix):
    for name, most in EXPOSURE_MAX.items():
        seen = run("systemd-analyze", "security", "--no-pager", "--offline=true",
                   f"{tree}{prefix}/{UNIT_DIR}/{name}.service")
        level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", seen.stdout)
        check(level and float(level.group(1)) <= most, f"{name}: exposure above {most}: {seen.stdout}")
        print(f"{name}: exposure {level.group(1)} (at most {most})")


def check_users(tree, prefix):
    """Two users, each in a group of its own only."""
    seen = run("systemd-sysusers", "--dry-run", f"--root={tree}", f"{tree}{prefix}/lib/sysusers.d/redstart.conf").stdout
    users = re.findall(r"^Creating user '([^']+)' \(.*\) with UID (\d+) and GID (\d+)", seen, re.MULTILINE)
    check(sorted(name for name, _, _ in users) == ["redstart", "redstart-loader"], f"users: {seen}")
    check(len({uid for _, uid, _ in users}) == 2 and len({gid for _, _, gid in users}) == 2, f"users share ids: {seen}")


def main():
    build = pathlib.Path(sys.argv[1])
    check(shutil.which("systemd-analyze"), "systemd-analyze is not there: install the package systemd")
    with tempfile.TemporaryDirectory(prefix="redstart-units-") as tree:
        prefix = prefix_of(build)
        install(build, tree)
        check_files(tree, prefix)
        check_changes_stay(build, tree)
        check_exposure(tree, prefix)
        check_users(tree, prefix)
        check_verify(tree, prefix)
    print("ok")


if __name__ == "__main__":
    main()
