"""When to poll again: at once while there is work, then less often, then when a publisher says so.

A NOTIFY in every publishing transaction would cost publishers dearly, so they notify only while
a flag is up, which a relay raises after a second without work. Order matters, or a message that
is published in between waits for the slow poll: LISTEN is committed first, then the flag is
raised, then a transaction id drawn; whoever had one before may not have seen the flag, so polls
stay short until all of those are over.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable

from pg_tide.errors import PgTideError
from pg_tide.postgres import Postgres, connect

SHORTEST, LONGEST = 0.001, 0.05  # seconds between empty polls
SHARE = 0.2  # of the time without work so far: what a pause may add to a message's latency
AWAKE = 1.0  # seconds without work before the flag is raised
NET = 5.0  # seconds between polls while asleep
FLAG = 30  # seconds that a flag stands
RENEW = 20.0  # seconds between renewals
ANSWER = 5.0  # seconds that the listening connection may take to answer


class Sleeper:
    """One pipeline's sense of when to poll its outbox again."""

    def __init__(
        self, wakeup: "Wakeup", outbox_id: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._wakeup = wakeup
        self._outbox_id = outbox_id
        self._clock = clock
        self._idle_since = clock()
        self._drawn: int | None = None  # the xid drawn after the flag was raised
        self._drawn_at = 0.0
        self.rung = asyncio.Event()

    async def work(self) -> None:
        """A poll brought messages; called when they are on their way."""
        self._idle_since = self._clock()
        await self.leave()

    async def pause(self, snapshot_xmin: int) -> None:
        """Wait after a poll that brought nothing; `snapshot_xmin` is that of its snapshot."""
        now = self._clock()
        idle = now - self._idle_since
        if idle < AWAKE:
            await self._nap(min(max(idle * SHARE, SHORTEST), LONGEST))
        elif self._drawn is None:
            await self._ask()
        elif snapshot_xmin <= self._drawn and now - self._drawn_at < AWAKE:
            await self._nap(LONGEST)
        else:
            await self._nap(NET)

    async def _ask(self) -> None:
        self.rung.clear()
        self._drawn = await self._wakeup.ask(self._outbox_id, self)
        self._drawn_at = self._clock()
        if self._drawn is None:
            await self._nap(LONGEST)

    async def _nap(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.rung.wait()
            self.rung.clear()
            self._drawn = None  # another relay may have lowered the flag: without work, ask anew

    async def leave(self) -> None:
        """Publishers need not notify for this pipeline."""
        self._drawn = None
        await self._wakeup.dismiss(self._outbox_id, self)


class Wakeup:
    """One relay's ear: hears of publishing and of changed configurations, for all pipelines."""

    def __init__(
        self, postgres: Postgres, direct_url: str, configuration_changed: Callable[[], None]
    ) -> None:
        self._postgres = postgres
        self._direct_url = direct_url
        self._configuration_changed = configuration_changed
        self._listening = False
        self._sleepers: dict[int, set[Sleeper]] = {}
        self._raised_at: dict[int, float] = {}

    async def run(self) -> None:
        """Listen for ever, over however many connections, and renew the flags."""
        while True:
            closed = asyncio.Event()
            try:
                await self._listen(closed)
                await self._renew(closed)
            except (PgTideError, TimeoutError):
                await asyncio.sleep(0.5)
            finally:
                self._listening = False
                self._ring_all()

    async def _listen(self, closed: asyncio.Event) -> None:
        connection = await connect(self._direct_url, application_name="pg-tide listen")
        connection.on_close(closed.set)
        self._connection = connection
        try:
            await connection.listen("tide_wake", self._heard)
            await connection.listen("tide_config", lambda _: self._configuration_changed())
        except BaseException:  # a standby, for one; the next try opens another
            await connection.close()
            raise
        self._listening = True
        self._configuration_changed()  # what was said while nobody listened

    async def _renew(self, closed: asyncio.Event) -> None:
        try:
            while not closed.is_set():
                self._ring_expired()
                if self._sleepers:
                    await self._raise(list(self._sleepers))
                try:
                    async with asyncio.timeout(RENEW):
                        await closed.wait()
                except TimeoutError:
                    await self._answer()
        finally:
            await self._connection.close()

    async def _answer(self) -> None:
        """Raise TimeoutError when the connection is only half open: nobody would be heard."""
        async with asyncio.timeout(ANSWER):
            await self._connection.value("SELECT 1")

    def _heard(self, payload: str) -> None:
        for sleeper in self._sleepers.get(int(payload), ()):
            sleeper.rung.set()

    def _ring_expired(self) -> None:
        """Publishers did not notify for a while: a renewal is a new raise."""
        oldest = time.monotonic() - FLAG
        for outbox_id, sleepers in self._sleepers.items():
            if self._raised_at[outbox_id] < oldest:
                for sleeper in sleepers:
                    sleeper.rung.set()

    def _ring_all(self) -> None:
        for sleepers in self._sleepers.values():
            for sleeper in sleepers:
                sleeper.rung.set()

    async def ask(self, outbox_id: int, sleeper: Sleeper) -> int | None:
        """Have publishers notify; the transaction id drawn after that, or None if they may not."""
        if not self._listening:
            return None
        self._sleepers.setdefault(outbox_id, set()).add(sleeper)
        self._raised_at.setdefault(outbox_id, time.monotonic())
        if not await self._raise([outbox_id]):
            await self.dismiss(outbox_id, sleeper)
            return None
        async with self._postgres.transaction() as connection:
            return int(await connection.value("SELECT tide._draw_xid()::text"))

    async def _raise(self, outbox_ids: list[int]) -> bool:
        asked_at = time.monotonic()
        async with self._postgres.transaction() as connection:
            raised: bool = await connection.value(
                "SELECT tide._raise_flags($1, $2)", outbox_ids, FLAG
            )
        self._raised_at.update(dict.fromkeys(outbox_ids, asked_at))
        return raised

    async def dismiss(self, outbox_id: int, sleeper: Sleeper) -> None:
        """This sleeper is awake; publishers need not notify when it was the last one."""
        sleepers = self._sleepers.get(outbox_id, set())
        if sleeper not in sleepers:
            return
        sleepers.discard(sleeper)
        if not sleepers:
            del self._sleepers[outbox_id]
            async with self._postgres.transaction() as connection:
                await connection.value("SELECT tide._lower_flags($1)", [outbox_id])
