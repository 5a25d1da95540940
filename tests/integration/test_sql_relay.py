"""What the relay asks and says through functions of its own."""

import datetime as dt
import uuid
from typing import Any

import pytest

from tests.fixtures.sql import Connect, Connection

CONFIG = '{"brokers": "localhost:9092", "topic": "order-events"}'


async def processes(db: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in await db.fetch("select * from tide.relay_processes")]


async def state(db: Connection) -> dict[str, Any]:
    row = await db.fetchrow("select xmin::text, * from tide.pipeline_state")
    assert row is not None
    return dict(row)


@pytest.fixture
async def orders(db: Connection) -> Connection:
    """Return a connection to a database with an outbox and a pipeline."""
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.relay_set_outbox('p', 'orders', 'g', $1)", CONFIG)
    return db


async def test_a_relay_is_known_while_its_connection_lives(connect: Connect) -> None:
    db, relay = await connect(), await connect()
    relay_id = uuid.uuid4()
    await relay.execute("select tide._register_relay($1, 'relay-1', '1.2.3')", relay_id)
    (process,) = await processes(db)
    assert (process["name"], process["version"], process["pipelines"]) == ("relay-1", "1.2.3", 0)
    assert process["backend_pid"] == relay.get_server_pid()
    before = process["last_heartbeat"]
    await relay.execute("select 1")
    assert (await processes(db))[0]["last_heartbeat"] > before

    await relay.execute("select tide._unregister_relay($1)", relay_id)
    assert await processes(db) == []


async def test_a_dead_relay_is_not_shown_and_then_forgotten(connect: Connect) -> None:
    db = await connect()
    for name in ("first", "second"):
        relay = await connect()
        await relay.execute("select tide._register_relay($1, $2, '1')", uuid.uuid4(), name)
        assert [process["name"] for process in await processes(db)] == [name]
        pid = relay.get_server_pid()
        await relay.close()
        while await db.fetchval("select exists (select from pg_stat_activity where pid = $1)", pid):
            pass
        assert await processes(db) == []
    assert await db.fetchval("select array_agg(name) from tide.relay_process") == ["second"]


async def test_a_backend_younger_than_the_registration_is_somebody_else(connect: Connect) -> None:
    db, other = await connect(), await connect()
    await db.execute(
        "insert into tide.relay_process values ($1, 'old', '1', $2, now() - interval '1 hour')",
        uuid.uuid4(),
        other.get_server_pid(),
    )
    assert await processes(db) == []


async def test_a_relay_that_connects_anew_stays_one(connect: Connect) -> None:
    db, relay_id = await connect(), uuid.uuid4()
    for _ in range(2):
        relay = await connect()
        await relay.execute("select tide._register_relay($1, 'relay-1', '1')", relay_id)
        (process,) = await processes(db)
        assert process["backend_pid"] == relay.get_server_pid()


async def test_pipelines_come_as_configured(orders: Connection) -> None:
    await orders.execute("select tide.relay_disable('p')")
    (row,) = await orders.fetch("select * from tide._pipelines('default')")
    expected = {"id": 1, "name": "p", "outbox_id": 1, "outbox": "orders", "group_id": 1}
    expected |= {"group_name": "g", "config": row["config"], "enabled": False, "revision": 2}
    assert dict(row) == expected | {"seek": None, "to_retry": False}
    await orders.execute("select tide.consumer_group_seek('orders', 'g', 'latest')")
    seek = await orders.fetchval("select seek from tide._pipelines('default')")
    assert dt.datetime.fromisoformat(seek).tzinfo is not None


async def test_the_same_state_twice_writes_nothing(orders: Connection) -> None:
    report = "select tide._report_state(1, $1, $2, $3, $4)"  # nobody holds it
    later = dt.datetime.now(dt.UTC)
    await orders.execute(report, "retrying", "away", "wait", later)
    first = await state(orders)
    await orders.execute(report, "retrying", "away", "wait", later)
    assert await state(orders) == first

    await orders.execute(report, "retrying", "away", "wait", later + dt.timedelta(seconds=1))
    next_try_moved = await state(orders)
    assert next_try_moved["xmin"] != first["xmin"]
    assert next_try_moved["since"] == first["since"]

    await orders.execute(report, "retrying", "refused", None, None)
    assert (await state(orders))["since"] > first["since"]
    await orders.execute(report, "running", None, None, None)
    assert (await state(orders))["reason"] is None


async def test_a_state_of_a_deleted_pipeline_is_no_error(orders: Connection) -> None:
    await orders.execute("select tide.relay_delete('p')")
    await orders.execute("select tide._report_state(1, 'running')")
    assert await orders.fetchval("select count(*) from tide.pipeline_state") == 0


TELL = "select tide._tell_partitions($1, $2, $3, $4, $5, $6)"


async def partitions(db: Connection) -> list[tuple[Any, ...]]:
    """What the view shows, but for the time."""
    found = await db.fetch(
        "select pipeline, topic, partition, last_offset, records_per_second"
        " from tide.kafka_partition_status"
    )
    return [tuple(row) for row in found]


async def test_partitions_are_shown_with_what_they_got_last(orders: Connection) -> None:
    now = dt.datetime.now(dt.UTC)
    two = ([1, 1], ["t", "t"], [0, 1])
    await orders.execute(TELL, *two, [9, None], [2.04, 0.5], [now, now])
    assert await partitions(orders) == [("p", "t", 0, 9, 2.0), ("p", "t", 1, None, 0.5)]
    later = now + dt.timedelta(seconds=5)
    await orders.execute(TELL, [1], ["t"], [0], [None], [7.0], [later])
    assert (await partitions(orders))[0] == ("p", "t", 0, 9, 7.0), "no offset is no news of it"
    await orders.execute(TELL, [1], ["t"], [0], [3], [1.0], [now])
    assert (await partitions(orders))[0] == ("p", "t", 0, 9, 7.0), "an owner of before came late"


async def test_a_partition_that_gets_nothing_has_no_rate(orders: Connection) -> None:
    before = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    await orders.execute(TELL, [1], ["t"], [0], [9], [2.0], [before])
    assert await partitions(orders) == [("p", "t", 0, 9, 0.0)]


async def test_partitions_go_with_their_pipeline_and_come_with_none(orders: Connection) -> None:
    one = ([1], ["t"], [0], [9], [2.0], [dt.datetime.now(dt.UTC)])
    await orders.execute(TELL, *one)
    await orders.execute("select tide.relay_delete('p')")
    await orders.execute(TELL, *one)
    assert await partitions(orders) == []
    assert await orders.fetchval("select count(*) from tide.partition_arrival") == 0
