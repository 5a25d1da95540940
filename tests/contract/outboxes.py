"""Where an outbox is: in PostgreSQL, or in memory. Both are used in one way."""

import json
from collections.abc import Mapping, Sequence
from typing import Protocol

from pg_tide.message import Batch, Rejected
from pg_tide.outbox import NOTHING
from pg_tide.position import Position
from pg_tide.testing import FakeOutbox, FakeTransaction
from tests.fixtures.sql import Connection
from tests.integration.rules.stage import Stage

PUBLISH = (
    "select tide.outbox_publish('orders', $1::jsonb, key => $2, headers => $3::jsonb, op => $4)"
)
OF_MESSAGE = "(select max(id) from tide.dead_letter where message_id = $1)"


class Reader(Protocol):
    """What stands before the pipeline: `Outbox`, or its fake."""

    name: str
    position: Position
    snapshot_xmin: int

    async def poll(self, max_messages: int, max_bytes: int) -> Batch: ...

    async def commit(
        self,
        end: Position | None,
        delivered: int,
        filtered: int,
        aside: Sequence[Rejected] = (),
        replayed: Mapping[str, Sequence[int]] = NOTHING,
    ) -> set[str]: ...

    async def retries(self, max_messages: int, max_bytes: int) -> Batch: ...

    async def parked_keys(self, at_most: int) -> list[str]: ...


class Publisher(Protocol):
    """A publisher's open transaction."""

    async def publish(
        self,
        payload: bytes | None = b"{}",
        key: str | None = None,
        headers: dict[str, str] | None = None,
        op: str = "insert",
    ) -> int: ...

    async def xid(self) -> int: ...

    async def commit(self) -> None: ...

    async def rollback(self) -> None: ...


class Place(Protocol):
    """One outbox, `orders`, with one consumer group."""

    async def begin(self) -> Publisher: ...

    async def reader(self) -> Reader: ...

    async def written(self) -> tuple[Position, int, int]:
        """The position and the counts, delivered and filtered, that are written."""

    async def letters(self) -> list[tuple[int, str, str]]:
        """The id, state and reason of every dead letter, in order."""

    async def retry(self, message_id: int) -> None:
        """An operator asks to try a dead letter again."""

    async def discard(self, message_id: int) -> None:
        """An operator gives a dead letter up."""


class RealPublisher:
    """A transaction on a connection, which it gives back when it ends."""

    def __init__(self, connection: Connection, free: list[Connection]) -> None:
        self._connection = connection
        self._free = free

    async def publish(
        self,
        payload: bytes | None = b"{}",
        key: str | None = None,
        headers: dict[str, str] | None = None,
        op: str = "insert",
    ) -> int:
        text = None if payload is None else payload.decode()
        packed = None if headers is None else json.dumps(headers)
        message_id: int = await self._connection.fetchval(PUBLISH, text, key, packed, op)
        return message_id

    async def xid(self) -> int:
        return int(await self._connection.fetchval("select pg_current_xact_id()::text"))

    async def commit(self) -> None:
        await self._end("commit")

    async def rollback(self) -> None:
        await self._end("rollback")

    async def _end(self, how: str) -> None:
        await self._connection.execute(how)
        self._free.append(self._connection)


class RealPlace:
    """An outbox in PostgreSQL."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._free: list[Connection] = []

    async def begin(self) -> RealPublisher:
        connection = self._free.pop() if self._free else await self._stage.connect()
        await connection.execute("begin")
        return RealPublisher(connection, self._free)

    async def reader(self) -> Reader:
        return await self._stage.reader()

    async def written(self) -> tuple[Position, int, int]:
        row = await self._stage.db.fetchrow(
            "select done::text, page::text, last_id, delivered, filtered from tide.position"
        )
        assert row is not None
        return Position(*row[:3]), row[3], row[4]

    async def letters(self) -> list[tuple[int, str, str]]:
        rows = await self._stage.db.fetch(
            "select message_id, state, reason from tide.dead_letter order by id"
        )
        return [tuple(row) for row in rows]

    async def retry(self, message_id: int) -> None:
        await self._stage.db.execute(f"select tide.dead_letter_retry({OF_MESSAGE})", message_id)

    async def discard(self, message_id: int) -> None:
        await self._stage.db.execute(f"select tide.dead_letter_discard({OF_MESSAGE})", message_id)


class FakePublisher:
    """A transaction in memory."""

    def __init__(self, transaction: FakeTransaction) -> None:
        self._transaction = transaction

    async def publish(
        self,
        payload: bytes | None = b"{}",
        key: str | None = None,
        headers: dict[str, str] | None = None,
        op: str = "insert",
    ) -> int:
        return self._transaction.publish(payload, key=key, headers=headers, op=op)

    async def xid(self) -> int:
        assert self._transaction.xid is not None
        return self._transaction.xid

    async def commit(self) -> None:
        self._transaction.commit()

    async def rollback(self) -> None:
        self._transaction.rollback()


class FakePlace:
    """An outbox in memory."""

    def __init__(self) -> None:
        self._outbox = FakeOutbox("orders")

    async def begin(self) -> Publisher:
        return FakePublisher(self._outbox.begin())

    async def reader(self) -> Reader:
        self._outbox = self._outbox.take_over()
        return self._outbox

    async def written(self) -> tuple[Position, int, int]:
        written = self._outbox.written
        return written.position, written.delivered, written.filtered

    async def letters(self) -> list[tuple[int, str, str]]:
        letters = self._outbox.written.letters
        return [(one.message.id, one.state, one.error.reason) for one in letters]

    async def retry(self, message_id: int) -> None:
        self._outbox.retry(message_id)

    async def discard(self, message_id: int) -> None:
        self._outbox.discard(message_id)
