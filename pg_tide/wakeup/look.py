"""One look for all that sleep: which of them has something to read.

It takes part of them at a time, for a transaction keeps what it locked of each until its end.
"""

import asyncio
from collections.abc import Sequence

from pg_tide.errors import PgTideError
from pg_tide.position import Snapshot
from pg_tide.postgres import Postgres
from pg_tide.wakeup.sleeper import Sleeper

TOGETHER = 50  # outboxes, each with some tables and indexes: PostgreSQL has room for thousands
HAVE_WORK = (
    "SELECT group_id, snapshot"
    " FROM tide._have_work($1::int[], $2::uuid[], $3::int[], $4::text[]::pg_snapshot[])"
)


class Look:
    """Looks every so many seconds while anybody waits, and rings those that have work."""

    def __init__(self, postgres: Postgres, every: float) -> None:
        self._postgres = postgres
        self._every = every
        self._seen: dict[Sleeper, Snapshot] = {}  # all that this shows is delivered
        self._somebody = asyncio.Event()

    async def wait(self, sleeper: Sleeper) -> None:
        """Wait until this sleeper is rung, by whomever."""
        self._seen[sleeper] = sleeper.done
        self._somebody.set()
        try:
            await sleeper.rung.wait()
        finally:
            del self._seen[sleeper]

    def ring_all(self) -> None:
        """Have everybody look for himself."""
        for sleeper in self._seen:
            sleeper.rung.set()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self._somebody.wait()
            await asyncio.sleep(self._every)
            waiting = [one for one in self._seen if not one.rung.is_set()]
            for first in range(0, len(waiting), TOGETHER):
                await self._look(waiting[first : first + TOGETHER])
            if not self._seen:
                self._somebody.clear()

    async def _look(self, sleepers: Sequence[Sleeper]) -> None:
        seen = [self._seen.get(one, one.done) for one in sleepers]
        try:
            work, snapshot = await self._ask(sleepers, seen)
        except PgTideError:  # each finds out for itself what that means for it
            work, snapshot = {one.group_id for one in sleepers}, None
        for one, before in zip(sleepers, seen, strict=True):
            if one.group_id in work:
                one.rung.set()
            elif snapshot is not None and self._seen.get(one) == before:
                self._seen[one] = snapshot

    async def _ask(
        self, sleepers: Sequence[Sleeper], seen: Sequence[Snapshot]
    ) -> tuple[set[int], Snapshot]:
        """The groups that have work; and what the others have been looked for in vain in."""
        groups, epochs, outboxes = zip(
            *((one.group_id, one.epoch, one.outbox_id) for one in sleepers), strict=True
        )
        head, *found = await self._postgres.rows(HAVE_WORK, groups, epochs, outboxes, seen)
        return {row["group_id"] for row in found}, head["snapshot"]
