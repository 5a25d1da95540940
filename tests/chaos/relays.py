"""Relays that are started again whenever they end, as a supervisor of processes does."""

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Self

from tests.fixtures.kill_points import DIE, TELL, Deed, program
from tests.fixtures.relay_process import RelayProcess, until

# What a process may end with: asked to, environment not fit to start in, killed.
EXPECTED = {0, 3, -signal.SIGKILL, -signal.SIGTERM}
IN_ORDER = {0, 3, -signal.SIGTERM}  # the last before it can know signals
_LOOK = 0.1  # seconds
_OFTEN = 0.3  # seconds between an end and the next start


class Relay:
    """One place for a relay: while it is not held down there is a process, or soon another."""

    def __init__(self, url: str, log: Path, *arguments: str) -> None:
        self._url = url
        self.log = log
        self._arguments = arguments
        self._process: RelayProcess | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self.surprises: list[str] = []

    async def __aenter__(self) -> Self:
        self._up.set()
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        if self._process is not None:
            self._process.close()
            self._ended()

    async def _keep(self) -> None:
        while True:
            await self._up.wait()
            if self._process is None:
                self._start()
            elif self._ended():
                await asyncio.sleep(_OFTEN)
            await asyncio.sleep(_LOOK)

    def _start(self, at: str | None = None, deed: Deed = DIE) -> RelayProcess:
        runs = program(at, deed=deed)
        self._process = RelayProcess(self._url, self.log, *self._arguments, program=runs).start()
        return self._process

    def _ended(self) -> bool:
        """Whether it has ended; it is taken note of, once."""
        process = self._process
        if process is None or process.exit_code is None:
            return False
        if process.exit_code not in EXPECTED:
            self.surprises.append(f"exit code {process.exit_code}: {process.words}")
        process.close()
        self._process = None
        return True

    @property
    def pid(self) -> int | None:
        """The process there is."""
        return None if self._process is None else self._process.process.pid

    def down(self) -> None:
        """Start it no more; what runs goes on."""
        self._up.clear()

    def up(self) -> None:
        self._up.set()

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    async def stop(self, seconds: float) -> None:
        """SIGTERM, and it must end with 0 before so many seconds are over."""
        process = self._process
        if process is None or process.exit_code is not None:
            return
        process.send(signal.SIGTERM)
        try:
            code = await process.ended(seconds)
        except AssertionError as error:
            process.send(TELL)
            await asyncio.sleep(1)
            self.surprises.append(f"SIGTERM was not heeded: {error}; what it waits for: {self.log}")
            process.kill()
        else:
            if code not in IN_ORDER:
                self.surprises.append(f"exit code {code} when told to stop: {process.words}")
        if self._process is process:
            self._ended()

    def send(self, number: signal.Signals) -> bool:
        """Signal the process there is; whether there was one."""
        if self._process is None or self._process.exit_code is not None:
            return False
        self._process.send(number)
        return True

    async def die_at(self, point: str, seconds: float) -> bool:
        """Start it to die at a point; whether it did in time. It must be held down."""
        process = self._start(point)
        try:
            died = await process.ended(seconds) == -signal.SIGKILL
        except AssertionError:  # it runs still
            process.kill()
            died = False
        self._ended()
        return died

    async def freeze_at(self, point: str, seconds: float) -> bool:
        """Start it to freeze at a point; whether it did in time. It must be held down."""
        process = self._start(point, Deed("STOP"))
        return await self._leads_to(process.process.pid, "T", seconds)

    async def kill_at(self, point: str, deed: Deed, seconds: float) -> bool:
        """Start it to kill another process at a point; whether that ended in time."""
        assert deed.pid is not None
        self._start(point, deed)
        return await self._leads_to(deed.pid, "Z", seconds)

    async def _leads_to(self, pid: int, state: str, seconds: float) -> bool:
        """Wait until a process is in a state, as the kernel calls them; else kill the relay."""
        process = self._process

        async def there() -> bool:
            ended = process is None or process.exit_code is not None  # it may not even have started
            return ended or state_of(pid) == state

        with contextlib.suppress(AssertionError):
            await until(there, seconds)
        if state_of(pid) == state:
            return True
        self.kill()  # it must not come there later
        return False


def state_of(pid: int) -> str:
    """What a process does; "" where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
