"""What the README promises: from psql to Kafka, and every place to look tells the truth."""

import json

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.relay_process import RelayProcess
from tests.fixtures.tail import Tail

_PUBLISH = """
SELECT tide.outbox_publish(
  'orders', jsonb_build_object('order_id', 'ord-12345', 'total', 99.99), 'ord-12345');
"""
_CONFIGURE = """
SELECT tide.relay_set_outbox('orders-to-kafka', 'orders', 'kafka-relay',
  '{"sink_type": "kafka", "brokers": "localhost:9092", "topic": "order-events",
    "compression": "zstd", "acks": "all", "idempotent": true, "batch_size": 100}'::jsonb);
"""


async def quickstart(operator: Operator, topic: str) -> int:
    """Run its statements, with the test's Kafka and topic for those named there."""
    await operator.run("SELECT tide.outbox_drop('orders')")
    await operator.run("SELECT tide.outbox_create('orders', retention_hours => 48)")
    await operator.run("BEGIN")
    message_id: int = await operator.value(_PUBLISH)
    await operator.run("COMMIT")
    here = _CONFIGURE.replace("localhost:9092", operator.brokers).replace("order-events", topic)
    assert await operator.value(here) == "created"
    await operator.run("SELECT tide.relay_enable('orders-to-kafka')")
    return message_id


async def test_the_quickstart(operator: Operator, relay: StartRelay, topic: TopicFactory) -> None:
    name = topic()
    message_id = await quickstart(operator, name)
    process = relay(operator.url)
    await process.ready()
    async with Tail(operator.brokers, name) as tail:
        record = (await tail.first(1))[0].record
    assert record.key == b"ord-12345"
    assert json.loads(record.value or b"") == {"order_id": "ord-12345", "total": 99.99}
    assert dict(record.headers) == {
        "pg_tide_outbox": b"orders",
        "pg_tide_op": b"insert",
        "pg_tide_id": f"orders:{message_id}".encode(),
        "pg_tide_dedup_key": b"ord-12345",
    }
    await operator.delivered("orders-to-kafka")
    await sql_tells_the_truth(operator, name)
    await http_tells_the_truth(process)
    await process.stop()
    assert await operator.state("orders-to-kafka") == "not owned"
    assert await operator.value("SELECT count(*) FROM tide.relay_processes") == 0


async def sql_tells_the_truth(operator: Operator, topic: str) -> None:
    status = await operator.status("orders-to-kafka")
    expected = {
        "outbox": "orders",
        "consumer_group": "kafka-relay",
        "brokers": operator.brokers,
        "topic": topic,
        "enabled": True,
        "delivered": 1,
        "filtered": 0,
        "dead_lettered": 0,
        "pending": 0,
        "lag_seconds": 0,
        "last_error": None,
        "next_retry": None,
    }
    assert {name: status[name] for name in expected} == expected
    assert status["state"] in {"running", "idle"}
    assert status["owner"]
    assert status["since"] <= status["last_delivered_at"]
    outbox = await operator.row("SELECT * FROM tide.outbox_status WHERE outbox = 'orders'")
    expected = {"enabled": True, "retained": 1, "consumer_group": "kafka-relay", "pending": 0}
    assert {name: outbox[name] for name in expected} == expected
    assert outbox["held_by"] is None
    relays = await operator.row("SELECT * FROM tide.relay_processes")
    assert relays["pipelines"] == 1


async def http_tells_the_truth(process: RelayProcess) -> None:
    of_pipeline = {"pipeline": "orders-to-kafka", "outbox": "orders"}
    await process.counts("pg_tide_messages_delivered_total", 1, **of_pipeline)
    for name, value in {
        "pg_tide_messages_polled_total": 1,
        "pg_tide_messages_filtered_total": 0,
        "pg_tide_delivery_seconds_count": 1,
        "pg_tide_lag_messages": 0,
        "pg_tide_lag_seconds": 0,
        "pg_tide_in_flight_messages": 0,
        "pg_tide_buffer_bytes": 0,
    }.items():
        assert await process.metric(name, **of_pipeline) == value, name
    assert await process.metric("pg_tide_batch_messages_sum", **of_pipeline) == 1
    assert await process.metric("pg_tide_delivered_bytes_total", **of_pipeline) > 0
    states = await process.metrics("pg_tide_pipeline_state", **of_pipeline)
    assert len(states) == 7
    (state,) = (series for series, value in states.items() if value)
    assert 'state="idle"' in state or 'state="running"' in state
    assert await process.metric("pg_tide_pipelines_owned") == 1
    assert await process.metric("pg_tide_takeovers_total") == 1
    assert await process.metric("pg_tide_postgres_reconnects_total") == 0
    assert await process.metric("pg_tide_outbox_retained_messages", outbox="orders") == 1
    assert await process.get("/livez") == (200, "alive\n")
    assert json.loads((await process.get("/readyz")).text) == {"ready": True, "problems": {}}
