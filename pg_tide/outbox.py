"""Reads an outbox page by page as one consumer group, and writes that group's position.

With it, in one transaction, goes what is put aside on the way. All is refused by PostgreSQL once
the lease is lost. The place read from runs ahead of the position written; what is between the
two is in flight.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson

from pg_tide.errors import TransientError
from pg_tide.message import Batch, Rejected, Rows
from pg_tide.position import Lease, Position, Snapshot, window_of
from pg_tide.postgres import Postgres

OPEN_WINDOW = (
    "SELECT * FROM tide._open_window($1, $2, $3, $4::text::pg_snapshot, $5, $6, $7, $8::text::tid)"
)
NEXT_PAGE = (
    "SELECT * FROM tide._next_page($1, $2, $3, $4::text::pg_snapshot, $5::text::pg_snapshot,"
    " $6, $7, $8, $9::text::tid)"
)
COMMIT = (
    "SELECT tide._commit($1, $2, $3::text::tid, $4::text::pg_snapshot, $5::text::pg_snapshot,"
    " $6, $7, $8)::text"
)
COMMIT_LETTERS = (
    "SELECT row_ctid::text, still_parked FROM tide._commit_letters($1, $2, $3::text::tid,"
    " $4::text::pg_snapshot, $5::text::pg_snapshot, $6, $7, $8, $9::text::jsonb, $10, $11)"
)
RETRIES = "SELECT * FROM tide._retries($1, $2, $3, $4)"
PARKED_KEYS = "SELECT * FROM tide._parked_keys($1, $2)"
ATTEMPT = "SELECT tide._attempt($1, $2, $3)"
LONGEST_ERROR = 10_000  # characters
NOTHING: Mapping[str, Sequence[int]] = {}


class Outbox:
    """One outbox, as one consumer group sees it under one lease."""

    def __init__(self, postgres: Postgres, outbox_id: int, name: str, lease: Lease) -> None:
        self.name = name
        self._postgres = postgres
        self._outbox_id = outbox_id
        self._lease = lease
        self.row_ctid = lease.row_ctid
        self.position = self.written = lease.position
        self.snapshot_xmin = 0
        self._floor_id: int | None = None  # every message up to it has its end
        self.crashes = lease.crashes
        """How many owners before this one ended without leaving, since the position moved."""
        self.tried_alone = lease.attempt_id
        """The message that the last one tried alone, if it did."""

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
        most, row = (max_messages, max_bytes), self.row_ctid
        if at.page is None:
            rows = await self._postgres.rows(OPEN_WINDOW, *head, *most, self._floor_id, row)
        else:
            rows = await self._postgres.rows(NEXT_PAGE, *head, at.page, at.last_id, *most, row)
        return self._batch(rows, max_messages, max_bytes)

    async def retries(self, max_messages: int, max_bytes: int) -> Batch:
        """Messages that were put aside and shall be tried again now, in order."""
        held = (self._lease.group_id, self._lease.epoch)
        rows = await self._postgres.rows(RETRIES, *held, max_messages, max_bytes)
        here = self.position
        window = window_of(here, here.done)
        size = rows[-1]["bytes_so_far"]
        messages = Rows(self.name, rows[1:])
        full = len(messages) >= max_messages or size >= max_bytes
        return Batch(messages, window, here, size, full, replay=True)

    async def parked_keys(self, at_most: int) -> list[str]:
        """Keys whose messages are put aside, for an earlier one of them is."""
        rows = await self._postgres.rows(PARKED_KEYS, self._lease.group_id, at_most)
        return [row[0] for row in rows]

    async def attempt(self, message_id: int | None) -> int:
        """Write down that a message is about to be tried alone; how often it has been by then.

        None: no message is.
        """
        held = (self._lease.group_id, self._lease.epoch)
        tries: int = await self._postgres.value(ATTEMPT, *held, message_id)
        return tries

    def _batch(self, rows: list[Any], max_messages: int, max_bytes: int) -> Batch:
        snapshot = Snapshot(rows[0]["snapshot"])
        self._floor_id = rows[0]["id"]
        self.snapshot_xmin = int(snapshot.partition(":")[0])
        window = window_of(self.position, snapshot)
        messages = Rows(self.name, rows[1:])
        size = rows[-1]["bytes_so_far"]
        full = len(messages) >= max_messages or size >= max_bytes
        end = window.until(messages[-1].id) if messages and full else window.finished()
        self.position = end
        return Batch(messages, window, end, size, full)

    async def commit(
        self,
        end: Position | None,
        delivered: int,
        filtered: int,
        aside: Sequence[Rejected] = (),
        replayed: Mapping[str, Sequence[int]] = NOTHING,
    ) -> set[str]:
        """Write the position: every message up to `end` has its end; None leaves it where it is.

        `aside` are put aside, in this order. `replayed` has the ids of messages that had been,
        by what became of them now: "delivered" or "filtered". Returns those of their keys of
        which others are still put aside. Raises LeaseLost when another relay has the group, or
        may have.
        """
        end = end or self.written
        held = (self._lease.group_id, self._lease.epoch)
        position = (self.row_ctid, end.done, end.page, end.last_id)
        values = (*held, *position, delivered, filtered)
        async with waiting_no_longer():
            if aside or replayed:
                letters = orjson.dumps([letter(one) for one in aside]).decode()
                ended = (replayed.get("delivered", ()), replayed.get("filtered", ()))
                row_ctid, left = await self._postgres.row(COMMIT_LETTERS, *values, letters, *ended)
            else:
                row_ctid, left = await self._postgres.value(COMMIT, *values), ()
        self.row_ctid, self.written = row_ctid, end
        return set(left)


@contextlib.asynccontextmanager
async def waiting_no_longer() -> AsyncIterator[None]:
    """Say of a lock that is not free that it is the position's."""
    try:
        yield
    except TransientError as error:
        if error.reason != "locked":
            raise
        raise TransientError(
            "a session of somebody else's keeps the position of the consumer group locked, or one "
            "of its dead letters",
            reason="position_locked",
            hint="Perhaps a tide.consumer_group_seek() that was not committed, or a "
            "tide.dead_letter_retry() or tide.dead_letter_discard(): COMMIT or ROLLBACK "
            "it; pg_locks shows who it is.",
        ) from error


def letter(rejected: Rejected) -> dict[str, Any]:
    """What PostgreSQL is told of a message that is put aside: it has the message itself."""
    error = rejected.error
    return {
        "message_id": rejected.message.id,
        "state": "parked" if rejected.follows else "waiting",
        "parks_key": rejected.parks,
        "stage": error.stage,
        "reason": error.reason,
        "error": storable(error.message),
        "attempts": error.attempts,
        "first_at": rejected.at.isoformat(),
    }


def storable(text: str) -> str:
    """A text without what PostgreSQL cannot store, and not too long."""
    return text.replace("\0", "").encode(errors="replace").decode()[:LONGEST_ERROR]
