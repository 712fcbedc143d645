"""What /proc says of processes. Used by the tests here and in tests/hostile, and by tests/bench."""
import contextlib
import pathlib


def status(pid):
    """/proc/PID/status as {field: text}; empty if there is no such process."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {name: rest.strip() for name, _, rest in (line.partition(":") for line in lines)}


def children(pid):
    """Of all its threads."""
    found = []
    with contextlib.suppress(OSError):  # it may end meanwhile
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def family(pid):
    """It, and whatever comes of it."""
    return [pid, *(member for child in children(pid) for member in family(child))]


def named(pids, name):
    """The one of these whose name begins so, or None."""
    return next((pid for pid in pids if status(pid).get("Name", "").startswith(name)), None)


def lives(pid):
    """Also false of one that has ended and that nobody has asked for yet."""
    return status(pid).get("State", "X")[0] not in "ZX"


def resident_kib(pid):
    return int(status(pid)["VmRSS"].split()[0])


def cpu_seconds(*pids):
    """Of all their threads, by schedstat: /proc/PID/stat counts in ticks of 10 ms."""
    tasks = (task for pid in pids for task in pathlib.Path(f"/proc/{pid}/task").iterdir())
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
