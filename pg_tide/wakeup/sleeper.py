"""One pipeline's sense of when to poll its outbox again: pauses that grow, then sleep.

It polls by itself only while pauses are short. Later somebody looks for all that wait.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from pg_tide.position import Lease, Snapshot

SHORTEST, LONGEST = 0.001, 0.05  # seconds between empty polls
SHARE = 0.2  # of the time without work so far: what a pause may add to a message's latency
EACH, LONGEST_GATHERING = 0.00008, 0.003  # seconds a message of the last page, and at most
AWAKE = 1.0  # seconds without work before the flag is raised


class Bell(Protocol):
    """What a sleeper needs of those that wake it, by setting its `rung`."""

    async def ask(self, outbox_id: int, sleeper: "Sleeper") -> int | None:
        """Have publishers notify; the transaction id drawn after that, or None if they may not."""

    async def dismiss(self, outbox_id: int, sleeper: "Sleeper") -> None:
        """This sleeper is awake."""

    async def look_often(self, sleeper: "Sleeper") -> None:
        """Wait until it is rung, within LONGEST of the commit of a message."""

    async def look_seldom(self, sleeper: "Sleeper") -> None:
        """Wait until it is rung, soon by those who may notify."""


class Sleeper:
    """Of one pipeline, under one lease; `done` is what its last poll in vain saw.

    At first it has had no work for long.
    """

    def __init__(
        self,
        wakeup: Bell,
        outbox_id: int,
        lease: Lease,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.outbox_id = outbox_id
        self.group_id, self.epoch = lease.group_id, lease.epoch
        self.done = lease.position.done
        self._wakeup = wakeup
        self._clock = clock
        self._idle_since = float("-inf")
        self._drawn: int | None = None  # the xid drawn after the flag was raised
        self._drawn_at = 0.0
        self.rung = asyncio.Event()

    async def work(self, gathering: int = 0) -> None:
        """A poll brought messages; called when they are on their way.

        `gathering` is how many, where there were no more: the more they are, the longer others
        may gather before the next poll, for what each poll costs is then shared by more of them.
        """
        await self.leave()
        if (pause := min(gathering * EACH, LONGEST_GATHERING)) >= SHORTEST:
            await self._wait(self.rung.wait(), pause)
        self._idle_since = self._clock()

    async def pause(self, done: Snapshot) -> None:
        """Wait after a poll that brought nothing; `done` is the snapshot that it saw."""
        self.done = done
        now = self._clock()
        idle, asked = now - self._idle_since, now - self._drawn_at
        if idle < AWAKE:
            await self._doze(max(idle * SHARE, SHORTEST), AWAKE - idle)
        elif self._drawn is None:
            await self._ask()
        elif xmin_of(done) <= self._drawn and asked < AWAKE:
            await self._wait(self._wakeup.look_often(self), AWAKE - asked)
        else:
            await self._wait(self._wakeup.look_seldom(self))

    async def _doze(self, seconds: float, at_most: float) -> None:
        if seconds < LONGEST:
            await self._wait(self.rung.wait(), seconds)
        else:
            await self._wait(self._wakeup.look_often(self), at_most)

    async def _ask(self) -> None:
        self.rung.clear()
        self._drawn = await self._wakeup.ask(self.outbox_id, self)
        self._drawn_at = self._clock()
        if self._drawn is None:
            await self._wait(self._wakeup.look_often(self))

    async def _wait(self, rung: Awaitable[object], seconds: float | None = None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await rung
            self.rung.clear()
            self._drawn = None  # another relay may have lowered the flag: without work, ask anew

    async def leave(self) -> None:
        """Publishers need not notify for this pipeline."""
        self._drawn = None
        await self._wakeup.dismiss(self.outbox_id, self)


def xmin_of(snapshot: Snapshot) -> int:
    """The oldest transaction that was running: all below are over."""
    return int(snapshot.partition(":")[0])
