"""What the views say is so: states, owners, lag, and who keeps messages from being let go."""

import uuid
from typing import Any

import pytest

from tests.fixtures.sql import Connect, Connection

CONFIG = '{"brokers": "localhost:9092", "topic": "order-events"}'


async def one(db: Connection, view: str) -> dict[str, Any]:
    rows = await db.fetch(f"select * from tide.{view}")  # noqa: S608 - the tests' own words
    assert len(rows) == 1
    return dict(rows[0])


async def run_pipeline(relay: Connection, name: str = "relay-1") -> None:
    """Register a relay and have it take the first group over."""
    relay_id = uuid.uuid4()
    await relay.execute("select tide._register_relay($1, $2, '1.2.3')", relay_id, name)
    assert await relay.fetchval("select tide._try_lock(1)")
    await relay.execute("select * from tide._take_over(1, $1)", relay_id)


async def deliver_all(db: Connection) -> None:
    """Move the first group's position over everything, as a relay would."""
    async with db.transaction():
        await db.execute("update tide.position set done = pg_current_snapshot(), page = null")
        await db.execute("select tide._stamp_position(p.group_id) from tide.position p")


@pytest.fixture
async def orders(db: Connection) -> Connection:
    """Return a connection to a database with an outbox and a pipeline."""
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.relay_set_outbox('p', 'orders', 'g', $1)", CONFIG)
    return db


async def test_says_what_is_configured(orders: Connection) -> None:
    status = await one(orders, "relay_status")
    expected = {
        "pipeline": "p",
        "outbox": "orders",
        "consumer_group": "g",
        "brokers": "localhost:9092",
        "topic": "order-events",
        "enabled": True,
        "state": "not owned",
        "owner": None,
        "pending": 0,
        "pending_is_estimate": False,
        "lag_seconds": 0,
        "delivered": 0,
        "filtered": 0,
        "dead_lettered": 0,
        "last_delivered_at": None,
        "last_error": None,
        "hint": None,
        "since": None,
        "next_retry": None,
        "parked_keys": 0,
        "dead_letters": 0,
    }
    assert status == expected


@pytest.mark.parametrize("state", ["running", "retrying", "failed", "halted"])
async def test_the_relay_says_the_state_while_it_lives(connect: Connect, state: str) -> None:
    db, relay = await connect(), await connect()
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.relay_set_outbox('p', 'orders', 'g', $1)", CONFIG)
    await run_pipeline(relay)
    assert (await one(db, "relay_status"))["state"] == "idle", "nothing is there to deliver"
    await db.execute("select tide.outbox_publish('orders', '1')")
    assert (await one(db, "relay_status"))["state"] == "running"
    await relay.execute(
        "select tide._report_state(1, $1, 'brokers away', 'look', now() + interval '1 minute',"
        " epoch) from tide.position",
        state,
    )
    status = await one(db, "relay_status")
    assert (status["state"], status["owner"]) == (state, "relay-1")
    assert (status["last_error"], status["hint"]) == ("brokers away", "look")
    assert status["next_retry"] > status["since"]

    await db.execute("select tide.relay_disable('p')")
    status = await one(db, "relay_status")
    assert (status["state"], status["since"], status["next_retry"]) == ("disabled", None, None)
    await db.execute("select tide.relay_enable('p')")

    await relay.close()
    await until_gone(db)
    status = await one(db, "relay_status")
    assert (status["state"], status["owner"]) == ("not owned", None)
    assert status["last_error"] == "brokers away"


async def until_gone(db: Connection) -> None:
    """Return once no backend but this one is connected to the database."""
    for _ in range(2000):
        if not await db.fetchval(
            "select exists (select from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and backend_type = 'client backend')"
        ):
            return
    pytest.fail("a backend stays")


REPORT = "select tide._report_state(1, $1, 'no such host', epoch => epoch) from tide.position"


@pytest.mark.parametrize(("state", "shown"), [("failed", "failed"), ("running", "not owned")])
async def test_a_failure_is_told_although_nobody_holds_the_pipeline(
    connect: Connect, state: str, shown: str
) -> None:
    db, relay = await connect(), await connect()
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.relay_set_outbox('p', 'orders', 'g', $1)", CONFIG)
    await run_pipeline(relay)
    await relay.execute(REPORT, state)
    await relay.execute("select tide._unlock(1)")
    status = await one(db, "relay_status")
    assert (status["state"], status["owner"]) == (shown, None)


async def test_a_lease_that_is_not_the_last_one_makes_no_owner(connect: Connect) -> None:
    db, relay = await connect(), await connect()
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.relay_set_outbox('p', 'orders', 'g', $1)", CONFIG)
    await run_pipeline(relay)
    assert (await one(db, "consumer_group_status"))["owner"] == "relay-1"
    await db.execute("truncate tide.lease")  # as a crash does
    assert (await one(db, "consumer_group_status"))["owner"] is None


async def test_pending_and_lag_go_with_what_is_delivered(orders: Connection) -> None:
    await orders.execute("select tide.outbox_publish('orders', '{}') from generate_series(1, 3)")
    status = await one(orders, "relay_status")
    age = (
        "select extract(epoch from clock_timestamp() - min(published_at))::float8 from tide.message"
    )
    assert status["pending"] == 3
    assert 0 < status["lag_seconds"] <= await orders.fetchval(age) + 0.001
    assert (await one(orders, "outbox_status"))["oldest_pending_age"].total_seconds() > 0
    lag = await orders.fetchrow("select * from tide._lag('default')")
    assert lag is not None
    assert (lag["pipeline"], lag["messages"]) == ("p", 3)
    assert lag["seconds"] > 0

    await deliver_all(orders)
    status = await one(orders, "relay_status")
    assert (status["pending"], status["lag_seconds"]) == (0, 0)
    assert (await one(orders, "outbox_status"))["oldest_pending_age"] is None
    assert (await one(orders, "consumer_group_status"))["oldest_pending_age"] is None
    assert tuple(await orders.fetchrow("select * from tide._lag('default')") or ()) == ("p", 0, 0)


async def test_counts_come_from_the_position(connect: Connect) -> None:
    db, relay = await connect(), await connect()
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.relay_set_outbox('p', 'orders', 'g', $1)", CONFIG)
    await run_pipeline(relay)
    await relay.execute(
        "select tide._commit(1, p.epoch, p.ctid, pg_current_snapshot(), null, 0, 5, 2)"
        " from tide.position p"
    )
    status = await one(db, "relay_status")
    assert (status["delivered"], status["filtered"]) == (5, 2)
    assert status["last_delivered_at"] is not None


async def test_outbox_status_has_a_row_for_each_group(orders: Connection) -> None:
    await orders.execute("select tide.outbox_publish('orders', '{}')")
    await orders.execute("select tide.consumer_group_create('orders', 'audit', 'latest')")
    await orders.execute("select tide.outbox_create('returns', 0.5, 3)")
    rows = await orders.fetch(
        "select outbox, consumer_group, pending, retained, retained_is_estimate, note"
        " from tide.outbox_status"
    )
    assert [tuple(row) for row in rows] == [
        ("orders", "audit", 0, 1, False, "no pipeline reads this consumer group"),
        ("orders", "g", 1, 1, False, None),
        ("returns", None, None, 0, False, "no consumer group: messages expire by age"),
    ]
    (row,) = await orders.fetch("select * from tide.outbox_status('returns')")
    assert (row["slots"], row["current_slot"], float(row["retention_hours"])) == (3, 0, 0.5)
    assert row["pending_is_estimate"] is None
    assert row["held_by"] is None


async def test_notes_what_keeps_a_group_from_going_on(orders: Connection) -> None:
    await orders.execute("select tide.relay_disable('p')")
    assert (await one(orders, "outbox_status"))["note"] == 'pipeline "p" is disabled'
    await orders.execute("select tide.consumer_group_seek('orders', 'g', 'earliest')")
    assert (await one(orders, "outbox_status"))["note"] == "asked to seek to earliest"
    status = await one(orders, "consumer_group_status")
    assert status["seek_target"] == "earliest"
    assert status["seek_requested_at"] is not None


async def test_says_that_it_came_from_another_cluster(orders: Connection) -> None:
    await orders.execute("select tide.outbox_publish('orders', '{}')")
    await orders.execute("update tide.position set writer_xmin = '12345'")
    status = await one(orders, "outbox_status")
    assert status["note"] == (
        "restored into another cluster: run \"SELECT tide.outbox_rebase('orders')\""
    )
    assert status["pending"] is None
    relay_status = await one(orders, "relay_status")
    assert (relay_status["pending"], relay_status["lag_seconds"]) == (None, None)


async def test_says_who_keeps_expired_messages(connect: Connect) -> None:
    db, reader = await connect(), await connect()
    await db.execute("select tide.outbox_create('orders', retention_hours => 0, slots => 2)")
    await db.execute("select tide.consumer_group_create('orders', 'a')")
    await db.execute("select tide.consumer_group_create('orders', 'b')")
    await db.execute("select tide.outbox_publish('orders', '{}')")
    assert await db.fetchval("select distinct held_by from tide.outbox_status") is None
    await db.execute("select tide.outbox_sweep()")  # publishers move on to the next slot
    await db.execute("select tide.outbox_sweep()")
    held_by = "select string_agg(distinct held_by, ' | ') from tide.outbox_status"
    assert await db.fetchval(held_by) == 'consumer group "a", consumer group "b"'

    await deliver_all(db)
    assert await db.fetchval(held_by) is None
    await db.execute("select tide.consumer_group_seek('orders', 'b', 'earliest')")
    assert await db.fetchval(held_by) == 'consumer group "b"'
    await db.execute("update tide.position set seek_request = null")
    await deliver_all(db)

    await reader.execute("set application_name = 'nightly dump'")
    async with reader.transaction():
        await reader.execute("select count(*) from tide.message")
        pid = reader.get_server_pid()
        assert await db.fetchval(held_by) == f"session {pid} (nightly dump)"
        assert await db.fetchval("select tide.outbox_sweep()") == 0
    assert await db.fetchval(held_by) is None
    assert await db.fetchval("select tide.outbox_sweep()") == 1


async def test_a_prepared_transaction_is_named_as_what_it_is(db: Connection) -> None:
    if not int(await db.fetchval("show max_prepared_transactions")):
        pytest.skip("this server allows no prepared transactions")
    await db.execute("select tide.outbox_create('orders', retention_hours => 0, slots => 2)")
    await db.execute("select tide.outbox_publish('orders', '{}')")
    await db.execute("begin; select count(*) from tide.message_1_0; prepare transaction 'held'")
    try:
        await db.execute("select tide.outbox_sweep()")
        held_by = await db.fetchval("select held_by from tide.outbox_status")
    finally:
        await db.execute("rollback prepared 'held'")
    assert held_by == "a prepared transaction"


async def test_every_option_is_described(db: Connection) -> None:
    rows = await db.fetch("select * from tide.options")
    assert {"brokers", "topic", "acks"} <= {row["name"] for row in rows}
    assert all(row["description"] and row["type"] for row in rows)
