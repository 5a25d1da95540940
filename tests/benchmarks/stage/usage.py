"""CPU time and memory of processes, from /proc."""

import os
from collections.abc import Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
# Places in /proc/pid/stat behind the name; the times are user's, system's, and those of children.
_PARENT, _USER, _SYSTEM, _USER_OF_CHILDREN, _AFTER = 1, 11, 12, 13, 15


class Usage:
    """CPU time of servers since this was made, by name, each with the processes it started."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before = self._now()

    def seconds(self) -> dict[str, float]:
        """Return user and system time of all their threads, in seconds."""
        return {name: now - self._before[name] for name, now in self._now().items()}

    def _now(self) -> dict[str, float]:
        return {name: _cpu_seconds(pid) for name, pid in self._pids.items()}


def memory(pid: int) -> int:
    """Return the bytes of memory that a process has resident."""
    return _status(pid, "VmRSS")


def peak_memory(pid: int) -> int:
    """Return the most bytes of memory that a process has had resident."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} has no {name}")


def _cpu_seconds(pid: int) -> float:
    """Return the time of a process and of its children, those that ended included."""
    own = _stat(pid)
    while True:
        ticks = sum(own[_USER:_AFTER]) + _of_living_children(pid)
        before, own = own, _stat(pid)
        # A child that ended meanwhile may be counted twice, or not at all.
        if own[_USER_OF_CHILDREN:_AFTER] == before[_USER_OF_CHILDREN:_AFTER]:
            return ticks / _TICKS


def _of_living_children(pid: int) -> int:
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found = _stat(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if found[_PARENT] == pid:
            ticks += found[_USER] + found[_SYSTEM]
    return ticks


def _stat(pid: int) -> list[int]:
    """Return the fields behind the name and the state, which is given as 0."""
    text = Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2 :].split()
    return [0, *map(int, fields[1:])]
