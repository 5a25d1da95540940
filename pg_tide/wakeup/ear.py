"""What wakes those that sleep: notifications of publishers, and looks that all of them share.

A NOTIFY in every publishing transaction would cost publishers dearly, so they notify only while
a flag is up, which a relay raises after a second without work. Order matters, or a message that
is published in between waits for the slow look: LISTEN is committed first, then the flag is
raised, then a transaction id drawn; whoever had one before may not have seen the flag, so looks
stay frequent until all of those are over.
"""

import asyncio
import time
from collections.abc import Callable

from pg_tide.errors import PgTideError
from pg_tide.one_error import one_error
from pg_tide.postgres import Postgres, connect
from pg_tide.wakeup.look import Look
from pg_tide.wakeup.sleeper import LONGEST, Sleeper

NET = 5.0  # seconds between looks at those that are asleep
FLAG = 30  # seconds that a flag stands
RENEW = 20.0  # seconds between renewals
ANSWER = 5.0  # seconds that the listening connection may take to answer


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
        self._to_raise: set[int] = set()
        self._next: asyncio.Task[int | None] | None = None
        self._raising = asyncio.Lock()
        self._often, self._seldom = Look(postgres, LONGEST), Look(postgres, NET)

    async def run(self) -> None:
        """Look and listen for ever."""
        with one_error():
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._often.run())
                tasks.create_task(self._seldom.run())
                tasks.create_task(self._hear())

    async def look_often(self, sleeper: Sleeper) -> None:
        """Wait until it is rung, within LONGEST of the commit of a message."""
        await self._often.wait(sleeper)

    async def look_seldom(self, sleeper: Sleeper) -> None:
        """Wait until it is rung, soon by those who may notify and within NET by others."""
        await self._seldom.wait(sleeper)

    async def _hear(self) -> None:
        """Listen, over however many connections, and renew the flags."""
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
        self._often.ring_all()  # they may have publishers notify now
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
        """Have publishers notify; the transaction id drawn after that, or None if they may not.

        Those that ask while others are answered share one answer.
        """
        if not self._listening:
            return None
        self._sleepers.setdefault(outbox_id, set()).add(sleeper)
        self._raised_at.setdefault(outbox_id, time.monotonic())
        self._to_raise.add(outbox_id)
        if self._next is None:
            self._next = asyncio.create_task(self._answer_all())
            self._next.add_done_callback(_told)
        drawn = await asyncio.shield(self._next)
        if drawn is None:
            await self.dismiss(outbox_id, sleeper)
        return drawn

    async def _answer_all(self) -> int | None:
        """Raise the flags of all that have asked by now, then draw a transaction id."""
        async with self._raising:
            self._next = None
            outbox_ids, self._to_raise = sorted(self._to_raise), set()
            if not await self._raise(outbox_ids):
                return None
            return int(await self._postgres.value("SELECT tide._draw_xid()::text"))

    async def _raise(self, outbox_ids: list[int]) -> bool:
        asked_at = time.monotonic()
        raised: bool = await self._postgres.value(
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
            await self._postgres.value("SELECT tide._lower_flags($1)", [outbox_id])


def _told(answering: asyncio.Task[int | None]) -> None:
    """Take note of an error that nobody waits for any more."""
    if not answering.cancelled():
        answering.exception()
