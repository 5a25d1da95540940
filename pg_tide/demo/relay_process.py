"""The relay of the demo: the program `pg-tide` itself, as a process of its own."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from pg_tide.demo.ports import free_port
from pg_tide.demo.watchdog import Watchdog
from pg_tide.errors import PgTideError

_DRAIN_SECONDS = 5
_STOP_SECONDS = 10.0
_TAIL = 20  # lines


class RelayProcess:
    """The relay from the moment this exists until `close()`.

    `folder`, with its log, is removed with it, even when this process is killed.
    """

    def __init__(self, url: str, relay_group: str) -> None:
        self.http = f"127.0.0.1:{free_port()}"
        self.folder = Path(tempfile.mkdtemp(prefix="pg-tide-"))
        self.log = self.folder / "relay.log"
        self._watchdog = Watchdog(signal.SIGTERM, self.folder)
        own = {
            "PG_TIDE_POSTGRES_URL": url,  # not an argument: those are for everyone to see
            "PG_TIDE_HTTP": self.http,
            "PG_TIDE_RELAY_GROUP": relay_group,
            "PG_TIDE_SHUTDOWN_TIMEOUT": str(_DRAIN_SECONDS),
        }
        try:
            self._process = self._run(own)
        except BaseException:
            self._watchdog.close()
            raise
        self._watchdog.guard(self._process.pid)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def check(self) -> None:
        """Raise PgTideError, with the end of its log, if it ended."""
        code = self._process.poll()
        if code is None:
            return
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL:]
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        raise PgTideError("\n  ".join([f"the relay ended, {how}; the end of its log:", *lines]))

    def close(self) -> None:
        """Have it drain and end, and remove its folder."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._watchdog.guard(None)
        self._watchdog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, own: Mapping[str, str]) -> subprocess.Popen[bytes]:
        # Options that the user's environment sets are for other relays.
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("PG_TIDE_")
        }
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "pg_tide"],  # -P: whatever lies in this folder
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**inherited, **own},
                start_new_session=True,  # a Ctrl-C in the terminal is not meant for it
            )
