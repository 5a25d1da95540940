"""Consumer groups start and seek where they are told to, and only their owner moves them."""

import asyncio
import datetime as dt
import json
import random
from typing import Any

import pytest

from tests.fixtures.sql import Connect, Connection, refusal

# Every message that a position does not show as delivered, said as plainly as it can be.
UNDELIVERED = (
    "select count(*) from tide.message m, tide.position p where p.group_id = 1"
    " and (m.xid >= pg_snapshot_xmax(p.done) or m.xid = any(array(select pg_snapshot_xip(p.done))))"
    " and not (p.page is not null and m.id <= p.last_id and pg_visible_in_snapshot(m.xid, p.page))"
)


async def publish(db: Connection, n: int = 1) -> list[int]:
    rows = await db.fetch(
        "select tide.outbox_publish('orders', '{}') from generate_series(1, $1)", n
    )
    return [row[0] for row in rows]


async def pending(db: Connection, group_id: int = 1) -> int:
    number: int = await db.fetchval("select pending from tide._pending($1, 10000)", group_id)
    return number


async def move(db: Connection, done: str, page: str | None = None, last_id: int = 0) -> None:
    """Write the first group's position as a relay would."""
    async with db.transaction():
        await db.execute(
            "update tide.position set done = $1::text::pg_snapshot, page = $2::text::pg_snapshot,"
            " last_id = $3 where group_id = 1",
            done,
            page,
            last_id,
        )
        await db.execute("select tide._stamp_position(1)")


async def seek_request(db: Connection) -> dict[str, Any]:
    request = await db.fetchval("select seek_request from tide.position where group_id = 1")
    assert request is not None
    found: dict[str, Any] = json.loads(request)
    return found


async def apply_seek(db: Connection) -> None:
    """Take the first group over, as the next relay would."""
    await db.execute("select tide._register_relay(gen_random_uuid(), 'a', '1')")
    assert await db.fetchval("select tide._try_lock(1)")
    await db.execute("select tide._take_over(1, (select id from tide.relay_process))")
    await db.execute("select tide._unlock(1)")


@pytest.fixture
async def orders(db: Connection) -> Connection:
    """Return a connection to a database with one outbox that holds three messages."""
    await db.execute("select tide.outbox_create('orders')")
    await publish(db, 3)
    return db


@pytest.mark.parametrize(
    ("start_from", "expected"),
    [("earliest", 3), ("latest", 0), (" Latest ", 0), ("2", 2), ("0", 3), ("99", 0)],
)
async def test_starts_where_it_is_told_to(
    orders: Connection, start_from: str, expected: int
) -> None:
    await orders.execute("select tide.consumer_group_create('orders', 'billing', $1)", start_from)
    assert await pending(orders) == expected
    await publish(orders)
    assert await pending(orders) == expected + 1


async def test_starts_with_the_earliest_unless_told_otherwise(orders: Connection) -> None:
    await orders.execute("select tide.consumer_group_create('orders', 'billing')")
    assert await pending(orders) == 3


async def test_starts_at_a_moment(orders: Connection) -> None:
    moment = await orders.fetchval("select max(published_at) from tide.message")
    after = moment + dt.timedelta(microseconds=1)
    for group_id, (at, expected) in enumerate([(moment, 1), (after, 0)], 1):
        await orders.execute(
            "select tide.consumer_group_create('orders', $1, $2)", at.isoformat(), at.isoformat()
        )
        assert await pending(orders, group_id) == expected
    await publish(orders)
    assert [await pending(orders, group_id) for group_id in (1, 2)] == [2, 1]


async def test_a_moment_without_an_offset_is_local_to_the_session(orders: Connection) -> None:
    await orders.execute("set time zone 'Asia/Tokyo'")
    moment = await orders.fetchval("select (min(published_at)::timestamp)::text from tide.message")
    await orders.execute("select tide.consumer_group_create('orders', 'billing', $1)", moment)
    assert await pending(orders) == 3


@pytest.mark.parametrize("target", ["latest", "100", "2000-01-01"])
async def test_no_target_passes_what_is_still_open(connect: Connect, target: str) -> None:
    db, publisher = await connect(), await connect()
    await db.execute("select tide.outbox_create('orders')")
    async with publisher.transaction():
        await publish(publisher, 2)
        await db.execute("select tide.consumer_group_create('orders', 'billing', $1)", target)
    assert await pending(db) == 2


async def test_a_group_belongs_to_one_outbox(orders: Connection) -> None:
    await orders.execute("select tide.outbox_create('returns')")
    await orders.execute("select tide.consumer_group_create('orders', 'billing')")
    await orders.execute("select tide.consumer_group_create('returns', 'billing')")
    assert await pending(orders, 2) == 0
    await orders.execute("select tide.consumer_group_drop('returns', 'billing')")
    assert await orders.fetchval("select count(*) from tide.position") == 1


async def test_a_seek_is_only_a_request(orders: Connection) -> None:
    await orders.execute("select tide.consumer_group_create('orders', 'billing', 'latest')")
    position = "select done, page, last_id, epoch from tide.position"
    before = await orders.fetchrow(position)
    await orders.execute("select tide.consumer_group_seek('orders', 'billing', 'earliest')")
    assert await orders.fetchrow(position) == before
    request = await seek_request(orders)
    requested_at = dt.datetime.fromisoformat(request.pop("requested_at"))
    assert abs(dt.datetime.now(dt.UTC) - requested_at) < dt.timedelta(minutes=1)
    assert request == {"target": "earliest", "done": "3:3:", "page": None, "last_id": 0}


@pytest.mark.parametrize(("target", "expected"), [("earliest", 3), ("latest", 0), ("3", 1)])
async def test_a_seek_is_resolved_when_it_is_asked_for(
    orders: Connection, target: str, expected: int
) -> None:
    await orders.execute("select tide.consumer_group_create('orders', 'billing', '2')")
    await orders.execute("select tide.consumer_group_seek('orders', 'billing', $1)", target)
    await publish(orders)
    await apply_seek(orders)
    assert await pending(orders) == expected + 1
    assert await orders.fetchval("select seek_request from tide.position") is None


async def test_the_last_seek_counts(orders: Connection) -> None:
    await orders.execute("select tide.consumer_group_create('orders', 'billing')")
    for target in ("latest", "2"):
        await orders.execute("select tide.consumer_group_seek('orders', 'billing', $1)", target)
    assert (await seek_request(orders))["target"] == "2"


async def test_seeking_needs_read_committed(orders: Connection) -> None:
    await orders.execute("select tide.consumer_group_create('orders', 'billing')")
    async with orders.transaction(isolation="repeatable_read"):
        refused = await refusal(
            orders, "select tide.consumer_group_seek('orders', 'billing', 'latest')"
        )
    assert refused.sqlstate == "TD003"


@pytest.mark.parametrize("seed", range(3))
async def test_pending_is_what_the_position_does_not_show(connect: Connect, seed: int) -> None:
    """Positions taken at random among open transactions, counted again by brute force."""
    chance = random.Random(seed)
    db, publishers = await connect(), [await connect() for _ in range(4)]
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.consumer_group_create('orders', 'billing')")
    snapshots = ["3:3:"]
    is_open = [False] * 4
    for _ in range(150):
        who = chance.randrange(4)
        if not is_open[who]:
            await publishers[who].execute("begin")
        await publish(publishers[who], chance.randint(1, 3))
        is_open[who] = chance.random() < 0.7
        if not is_open[who]:
            await publishers[who].execute(chance.choice(["commit", "commit", "rollback"]))
        snapshots.append(await db.fetchval("select pg_current_snapshot()::text"))
    await asyncio.gather(*(p.execute("rollback") for p in publishers))
    highest = await db.fetchval("select max(id) from tide.message")
    for _ in range(100):
        first, second = sorted(chance.sample(range(len(snapshots)), 2))
        page = chance.choice([None, snapshots[second]])
        await move(db, snapshots[first], page, chance.randint(0, highest) if page else 0)
        assert await pending(db) == await db.fetchval(UNDELIVERED)


async def test_many_pending_are_estimated(orders: Connection) -> None:
    await publish(orders, 997)
    await orders.execute("analyze tide.message_1_0")
    await orders.execute("select tide.consumer_group_create('orders', 'billing')")
    estimate = "select pending, is_estimate from tide._pending(1, $1)"
    assert tuple(await orders.fetchrow(estimate, 1000) or ()) == (1000, False)
    assert tuple(await orders.fetchrow(estimate, 999) or ()) == (1000, True)
    assert tuple(await orders.fetchrow(estimate, 0) or ()) == (1000, True)
    await move(orders, "3:3:", await orders.fetchval("select pg_current_snapshot()::text"), 600)
    assert tuple(await orders.fetchrow(estimate, 10) or ()) == (400, True)


async def test_the_oldest_pending_message_is_known(orders: Connection) -> None:
    await orders.execute("select tide.consumer_group_create('orders', 'billing', '2')")
    oldest = await orders.fetchval("select oldest from tide._pending(1, 10000)")
    assert oldest == await orders.fetchval("select published_at from tide.message where id = 2")
