"""Writes what Kafka transactions change in PostgreSQL: first as intents, then for good.

An intent stands there, durably, before its transaction begins. What it holds is applied once that
was committed, all of it in one transaction, or thrown away.
"""

import asyncio
from collections import deque
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from pg_tide.in_flight import Settled
from pg_tide.intent import Confirmed, Identity
from pg_tide.outbox import Outbox, letter, waiting_no_longer
from pg_tide.position import Lease, Position
from pg_tide.postgres import Postgres

INTENTS = "SELECT number FROM tide._intents($1, $2)"
INTEND = "SELECT tide._intend($1, $2, $3::text::jsonb)"
CONFIRM = "SELECT row_ctid::text, still_parked FROM tide._confirm($1, $2, $3::text::tid, $4)"
SETTLE = "SELECT row_ctid::text, done::text, page::text, last_id FROM tide._settle($1, $2, $3)"


class Ledger:
    """The intents of one pipeline under one lease, which begin where its outbox has written to."""

    def __init__(self, postgres: Postgres, outbox: Outbox, lease: Lease) -> None:
        self._postgres = postgres
        self._outbox = outbox
        self._held = (lease.group_id, lease.epoch)
        self._ends: deque[Position] = deque()  # of those that are not confirmed
        self._turn = asyncio.Lock()  # no write may overtake another

    @property
    def kept(self) -> int:
        """How many intents are not confirmed."""
        return len(self._ends)

    async def intend(self, number: int, token: UUID, identity: Identity, done: Settled) -> None:
        """Write, durably, what a transaction that is about to begin will have changed.

        `done` is what it comes to. Nothing of that counts before the transaction is confirmed.
        Raises LeaseLost when another relay has the group, or may have.
        """
        async with self._turn:
            start = self._ends[-1] if self._ends else self._outbox.written
            end = done.end or start
            intent = {
                "number": number,
                "token": str(token),
                **columns("start", start),
                **columns("end", end),
                "transactional_id": identity.transactional_id,
                "brokers": identity.brokers,
                "delivered": done.delivered,
                "filtered": done.filtered,
                "letters": [letter(one) for one in done.aside] or None,
                "ended": done.ends or None,
            }
            async with waiting_no_longer():
                await self._postgres.value(INTEND, *self._held, orjson.dumps(intent).decode())
            self._ends.append(end)

    async def confirm(self, number: int) -> set[str]:
        """Apply what the first intent holds: its transaction was committed.

        Returns the keys of messages that had been put aside, and now are not, of which others
        still are. Raises LeaseLost when another relay has the group, or may have.
        """
        async with self._turn:
            async with waiting_no_longer():
                row = await self._postgres.row(CONFIRM, *self._held, self._outbox.row_ctid, number)
            self._outbox.row_ctid, self._outbox.written = row[0], self._ends.popleft()
            return set(row[1])


async def settle(postgres: Postgres, lease: Lease, up_to: int) -> Lease:
    """Confirm the kept intents up to a number, discard the others; the lease to go on with.

    A seek that was asked for is applied then. Raises LeaseLost when another relay has the group,
    or may have.
    """
    async with waiting_no_longer():
        row = await postgres.row(SETTLE, lease.group_id, lease.epoch, up_to)
    row_ctid, *place = row
    confirmed = lease.confirmed
    for intent in lease.kept:
        if intent.number <= up_to:
            confirmed = Confirmed(intent.number, intent.token, intent.identity)
    position = Position(*place)
    return replace(lease, row_ctid=row_ctid, position=position, kept=(), confirmed=confirmed)


async def prove(postgres: Postgres, lease: Lease) -> None:
    """Raise LeaseLost unless the group is still held."""
    await postgres.rows(INTENTS, lease.group_id, lease.epoch)


def columns(which: str, at: Position) -> dict[str, Any]:
    """A position, as the columns of an intent are named."""
    return {f"{which}_{name}": value for name, value in at._asdict().items()}
