"""Histories of publishers and one reader, step by step in any order: none may lose a message.

Every step is a whole statement or a few, so that a seed tells a history again. Windows are walked
from the floor however small they are, for a small one would be found without.
"""

import random
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from pg_tide.outbox import COMMIT, Outbox
from tests.fixtures.sql import Connection
from tests.integration.rules.stage import Stage, drain, poll

WALKED = {
    "tide._last_id_drawn() - floor_id > 20000\n"
    "      and tide._is_walked(outbox_id, done, floor_id, max_messages)": "true"
}
SORTED = {
    "tide._last_id_drawn() - last_id > 100000\n"
    "      and tide._is_sparse(outbox_id, done, last_id, max_messages)": "true"
}
SEEK = "select tide.consumer_group_seek('orders', 'relay', 'earliest')"
FLOOR = "select floor_id from tide.position where group_id = 1"
EPOCH = "select epoch from tide.position where group_id = 1"
Step = Callable[[], Awaitable[None]]


class Lost(NamedTuple):
    """Messages that were committed and never came, and the seed of that history."""

    seed: int
    ids: set[int]


async def write_on(writer: Connection, reader: Outbox) -> None:
    """Write where a reader is, in the transaction that a connection has open."""
    epoch, at = await writer.fetchval(EPOCH), reader.position
    values = (1, epoch, reader.row_ctid, at.done, at.page, at.last_id, 0, 0)
    reader.row_ctid, reader.written = await writer.fetchval(COMMIT, *values), at


class Publisher:
    """An application's connection, in the middle of a transaction or not."""

    def __init__(self, stage: Stage, connection: Connection) -> None:
        self._stage = stage
        self._connection = connection
        self._open = False
        self._published: list[int] = []
        self._kept: int | None = None  # how many were published before the savepoint
        self.committed: set[int] = set()

    def steps(self) -> dict[Step, float]:
        """What may come next, and how often."""
        return {
            self.begin: 3,
            self.publish: 3,
            self.savepoint: 0.5,
            self.undo: 0.5,
            self.commit: 1.5,
            self.rollback: 0.5,
        }

    async def begin(self) -> None:
        if not self._open:
            self._open = True
            await self._connection.execute("begin; select pg_current_xact_id()")

    async def publish(self) -> None:
        await self.begin()
        self._published.append(await self._stage.publish(by=self._connection))

    async def savepoint(self) -> None:
        await self.begin()
        self._kept = len(self._published)
        await self._connection.execute("savepoint here")

    async def undo(self) -> None:
        if self._kept is not None:
            del self._published[self._kept :]
            await self._connection.execute("rollback to here")

    async def commit(self) -> None:
        await self._end("commit")
        self.committed.update(self._published)
        self._published.clear()

    async def rollback(self) -> None:
        await self._end("rollback")
        self._published.clear()

    async def _end(self, how: str) -> None:
        if self._open:
            await self._connection.execute(how)
        self._open, self._kept = False, None


class History:
    """A reader that takes over, reads, writes its position early or late, and is told to seek."""

    def __init__(self, stage: Stage, publishers: list[Publisher], writer: Connection) -> None:
        self._stage = stage
        self.publishers = publishers
        self._writer = writer
        self._writes = False
        self._reader: Outbox | None = None
        self.delivered: set[int] = set()
        self.highest_floor = 0

    @classmethod
    async def on(cls, stage: Stage) -> "History":
        """A history that begins now, with connections of its own."""
        publishers = [Publisher(stage, await stage.connect()) for _ in range(3)]
        return cls(stage, publishers, await stage.connect())

    async def reader(self) -> Outbox:
        if self._reader is None:
            self._reader = await self._stage.reader()
        return self._reader

    async def take_over(self) -> None:
        if self._writes:
            await self._writer.execute("rollback")
        self._writes, self._reader = False, None
        await self.reader()

    async def seek(self) -> None:
        await self.take_over()
        await self._stage.db.execute(SEEK)
        self.delivered.clear()
        await self.take_over()

    async def poll(self) -> None:
        self.delivered.update(await poll(await self.reader(), 2))

    async def drain(self) -> None:
        self.delivered.update(await drain(await self.reader(), 3))

    async def write(self) -> None:
        reader = await self.reader()
        await reader.commit(reader.position, 0, 0)

    async def begin_to_write(self) -> None:
        """Draw the xid of a write long before it: as one does that puts messages aside first."""
        if not self._writes:
            self._writes = True
            await self._writer.execute("begin; select pg_current_xact_id()")

    async def end_to_write(self) -> None:
        if not self._writes:
            return
        await write_on(self._writer, await self.reader())
        await self._writer.execute("commit")
        self._writes = False

    async def run(self, seed: int, steps: int = 40) -> Lost | None:
        """Go so many steps, then let all end, and see whether anything is missing."""
        await self._begin()
        chance = random.Random(seed)
        for _ in range(steps):
            who = chance.choice(self.publishers)
            steps_of_both = {**self._steps(), **who.steps()}
            step, *_ = chance.choices(list(steps_of_both), list(steps_of_both.values()))
            await step()
        await self.end_to_write()
        for who in self.publishers:
            await who.commit()
        await self.drain()
        self.highest_floor = max(self.highest_floor, await self._stage.db.fetchval(FLOOR))
        committed = set[int]().union(*(who.committed for who in self.publishers))
        missing = committed - self.delivered
        return Lost(seed, missing) if missing else None

    async def _begin(self) -> None:
        """Begin with an empty outbox."""
        await self._stage.db.execute("truncate tide.message")
        self.delivered.clear()
        for who in self.publishers:
            who.committed.clear()

    def _steps(self) -> dict[Step, float]:
        """What may come next, and how often."""
        return {
            self.poll: 0.5,
            self.drain: 5,
            self.write: 5,
            self.begin_to_write: 1,
            self.end_to_write: 2,
            self.take_over: 0.3,
            self.seek: 0.3,
        }


async def first_loss(stage: Stage, histories: int) -> Lost | None:
    """Run so many histories, one after another over the same messages; the first loss, if any."""
    history = await History.on(stage)
    for seed in range(histories):
        if lost := await history.run(seed):
            return lost
    assert history.highest_floor > 0, "no floor ever rose"
    return None
