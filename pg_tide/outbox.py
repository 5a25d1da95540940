"""Reads an outbox page by page as one consumer group, and writes that group's position.

Both are refused by PostgreSQL once the lease is lost. The place read from runs ahead of the
position written; what is between the two is in flight.
"""

from typing import Any

import orjson

from pg_tide.message import Batch, Message
from pg_tide.position import Lease, Position, Snapshot, window_of
from pg_tide.postgres import Postgres

OPEN_WINDOW = "SELECT * FROM tide._open_window($1, $2, $3, $4::text::pg_snapshot, $5, $6)"
NEXT_PAGE = (
    "SELECT * FROM tide._next_page($1, $2, $3, $4::text::pg_snapshot, $5::text::pg_snapshot,"
    " $6, $7, $8)"
)
COMMIT = (
    "SELECT tide._commit($1, $2, $3::text::tid, $4::text::pg_snapshot, $5::text::pg_snapshot,"
    " $6, $7, $8)::text"
)


class Outbox:
    """One outbox, as one consumer group sees it under one lease."""

    def __init__(self, postgres: Postgres, outbox_id: int, name: str, lease: Lease) -> None:
        self.name = name
        self._postgres = postgres
        self._outbox_id = outbox_id
        self._lease = lease
        self._row_ctid = lease.row_ctid
        self.position = lease.position
        self.snapshot_xmin = 0

    async def poll(self, max_messages: int, max_bytes: int) -> Batch:
        """The next page: at least one message if there is one that no earlier page brought.

        An empty batch says that there is none. Limits below one are taken for one. Raises
        LeaseLost, TransientError or FatalError; the page is then to be read again under a new
        lease.
        """
        max_messages, max_bytes = max(max_messages, 1), max(max_bytes, 1)
        in_window = self.position.page is not None
        batch = await self._page(max_messages, max_bytes)
        if in_window and not batch.messages:  # that window was dry: what came after it?
            batch = await self._page(max_messages, max_bytes)
        return batch

    async def _page(self, max_messages: int, max_bytes: int) -> Batch:
        at = self.position
        head = (self._lease.group_id, self._lease.epoch, self._outbox_id, at.done)
        async with self._postgres.transaction(read_only=True) as connection:
            if at.page is None:
                rows = await connection.rows(OPEN_WINDOW, *head, max_messages, max_bytes)
            else:
                rows = await connection.rows(
                    NEXT_PAGE, *head, at.page, at.last_id, max_messages, max_bytes
                )
        return self._batch(rows, max_messages, max_bytes)

    def _batch(self, rows: list[Any], max_messages: int, max_bytes: int) -> Batch:
        snapshot = Snapshot(rows[0]["snapshot"])
        self.snapshot_xmin = int(snapshot.partition(":")[0])
        window = window_of(self.position, snapshot)
        name = self.name
        messages = [
            Message(
                row[0],
                name,
                row[1],
                row[2],
                row[3],
                row[4],
                row[5] and orjson.loads(row[5]),
                row[6],
                row[7],
                row[8],
                row[9],
            )
            for row in rows[1:]
        ]
        size = rows[-1]["bytes_so_far"]
        full = len(messages) >= max_messages or size >= max_bytes
        end = window.until(messages[-1].id) if messages and full else window.finished()
        self.position = end
        return Batch(messages, window, end, size, full)

    async def commit(self, end: Position, delivered: int, filtered: int) -> None:
        """Write the position: every message up to `end` has its end.

        Raises LeaseLost when another relay has the group, or may have.
        """
        async with self._postgres.transaction() as connection:
            self._row_ctid = await connection.value(
                COMMIT,
                self._lease.group_id,
                self._lease.epoch,
                self._row_ctid,
                end.done,
                end.page,
                end.last_id,
                delivered,
                filtered,
            )
