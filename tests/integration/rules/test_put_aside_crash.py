"""A dead letter and the position that passes its message are one transaction.

Whenever PostgreSQL is killed, the message is in exactly one place: yet to be delivered, or put
aside with the position past it.
"""

import json
import uuid
from typing import NamedTuple

import pytest

from pg_tide.demo.postgres import EmbeddedPostgres
from tests.fixtures.sql import Connection
from tests.fixtures.standby import kill
from tests.integration.rules.stage import Stage

PIPELINE = (
    "SELECT tide.relay_set_outbox('p', 'orders', 'relay',"
    """ '{"brokers": "localhost:9092", "topic": "t"}')"""
)
LETTER = {
    "state": "waiting",
    "parks_key": False,
    "stage": "encode",
    "reason": "too_large",
    "error": "far too large",
    "attempts": 1,
    "first_at": "2025-01-31T12:00:00Z",
}
TAKE_OVER = "SELECT epoch, row_ctid::text AS place FROM tide._take_over(1, $1)"
PUT_ASIDE = "SELECT tide._put_aside(1, $1, $2)"
PASS = "SELECT tide._commit(1, $1, $2::text::tid, $3::text::pg_snapshot, null, 0, 0, 0, 1)::text"
AWAITED = "SELECT array(SELECT tide._next_ids(1, 100))"
ASIDE = "SELECT array(SELECT message_id FROM tide.dead_letter)"


class Relay(NamedTuple):
    """A relay that has read what there is, and can deliver none of it."""

    connection: Connection
    epoch: uuid.UUID
    place: str
    seen: str

    async def put_aside(self, message_id: int) -> None:
        letters = json.dumps([{"message_id": message_id, **LETTER}])
        await self.connection.execute("SET LOCAL synchronous_commit = off")
        assert await self.connection.fetchval(PUT_ASIDE, self.epoch, letters) == 1

    async def pass_by(self) -> None:
        await self.connection.execute(PASS, self.epoch, self.place, self.seen)


async def relay_on(stage: Stage) -> Relay:
    """Take the group over, and read to the end."""
    keeper = await stage.connect()
    assert await keeper.fetchval("SELECT pg_try_advisory_lock(tide._lock_class(), 1)")
    row = await keeper.fetchrow(TAKE_OVER, uuid.uuid4())
    assert row is not None
    seen = await keeper.fetchval("SELECT pg_current_snapshot()::text")
    return Relay(keeper, row["epoch"], row["place"], seen)


async def killed(server: EmbeddedPostgres, stage: Stage) -> tuple[list[int], list[int]]:
    """Kill PostgreSQL and start it again; what awaits delivery, and what was put aside."""
    kill(server)
    server.start()
    db = await stage.connect()
    return await db.fetchval(AWAITED), await db.fetchval(ASIDE)


@pytest.mark.parametrize("moment", ["before the commit", "before it is written", "after that"])
async def test_the_message_is_in_exactly_one_place(
    own_stage: Stage, own_server: EmbeddedPostgres, moment: str
) -> None:
    await own_stage.db.execute(PIPELINE)
    message_id = await own_stage.publish()
    relay = await relay_on(own_stage)
    await relay.connection.execute("BEGIN")
    await relay.put_aside(message_id)
    await relay.pass_by()
    if moment != "before the commit":
        await relay.connection.execute("COMMIT")
    if moment == "after that":
        await own_stage.db.execute("SELECT tide.outbox_create('other')")  # and all before it
    awaited, aside = await killed(own_server, own_stage)
    assert (awaited, aside) == (
        ([], [message_id]) if moment == "after that" else ([message_id], [])
    )

    again = await relay_on(own_stage)
    if awaited:
        async with again.connection.transaction():
            await again.put_aside(message_id)
            await again.pass_by()
    assert await again.connection.fetchval(AWAITED) == []
    assert await again.connection.fetchval(ASIDE) == [message_id]


async def test_in_two_transactions_it_would_be_in_two_places(
    own_stage: Stage, own_server: EmbeddedPostgres
) -> None:
    await own_stage.db.execute(PIPELINE)
    message_id = await own_stage.publish()
    relay = await relay_on(own_stage)
    async with relay.connection.transaction():
        await relay.put_aside(message_id)
    await own_stage.db.execute("SELECT tide.outbox_create('other')")
    await relay.pass_by()
    assert await killed(own_server, own_stage) == ([message_id], [message_id])
