"""Exactly once, where Kafka refuses records: they are dead letters once, the rest is there once."""

import asyncio
import json
import signal
from typing import Any

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.kill_points import program
from tests.fixtures.once import numbers
from tests.fixtures.operator import Operator
from tests.fixtures.relay_process import until
from tests.fixtures.topics import read_all

WIDE = """
SELECT tide.outbox_publish_many('orders',
  (SELECT array_agg(jsonb_build_object('n', n, 'wide', repeat('x', $2)) ORDER BY n)
     FROM generate_series(0, $1::int - 1) AS n),
  keys => (SELECT array_agg(CASE WHEN n % $3::int <> 7 THEN 'key-' || n % 11 END ORDER BY n)
     FROM generate_series(0, $1 - 1) AS n))
"""
COMPACTED = {"cleanup.policy": "compact"}
HOUR = "3600000"  # milliseconds
LETTERS = "SELECT array_agg((payload ->> 'n')::int ORDER BY id) FROM tide.dead_letters"


async def test_refusals_in_several_batches_of_one_transaction(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    """Each batch is refused in a run of its own, and what was learned before still holds."""
    name, count = topic(1, COMPACTED), 300
    await operator.run(WIDE, count, 20_000, 50)
    await operator.configure(name, delivery="exactly_once", dead_letter__policy="skip")
    process = relay(operator.url)
    await operator.delivered(seconds=30)
    culprits = [n for n in range(count) if n % 50 == 7]
    assert await operator.value(LETTERS) == culprits
    assert await numbers(operator, name) == [n for n in range(count) if n not in culprits]
    await process.stop()


async def test_the_brake_holds_across_transactions_that_were_aborted(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(1, COMPACTED)
    await operator.run(WIDE, 2000, 10, 50)  # 40 of them
    await operator.configure(
        name,
        delivery="exactly_once",
        batch_size=100,
        dead_letter={"policy": "skip", "max_per_minute": 15},
    )
    process = relay(operator.url)
    await operator.reaches("halted", seconds=20)
    assert "too_many_dead_letters: 15 messages" in (await operator.status())["last_error"]
    assert len(await operator.value(LETTERS)) == 15
    await process.stop()


async def test_a_thousand_in_a_row(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(1, COMPACTED)
    await operator.run(WIDE, 100, 10, 1000)
    await operator.run(
        "SELECT tide.outbox_publish('orders', '{\"n\": -1}') FROM generate_series(1, 1000)"
    )
    await operator.run(WIDE, 100, 10, 1000)
    await operator.configure(
        name, delivery="exactly_once", dead_letter={"policy": "skip", "max_per_minute": 0}
    )
    process = relay(operator.url)
    await operator.delivered(seconds=20)
    await process.stop()
    assert len(await operator.value(LETTERS)) == 1002
    assert await numbers(operator, name) == 2 * [n for n in range(100) if n != 7]


async def test_a_limit_that_was_lowered_meanwhile(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    """Brokers refuse whole batches for their size, and one message for its own; its key waits."""
    name = topic(1)
    options = {"delivery": "exactly_once", "dead_letter__policy": "park_key"}
    await operator.configure(name, compression="none", **options)
    process = relay(operator.url)
    await operator.run(WIDE, 10, 10, 1000)
    await operator.delivered()
    await asyncio.to_thread(change, operator.brokers, name, "max.message.bytes", "3000")
    await operator.run(WIDE, 100, 400, 1000)
    await operator.run(WIDE, 1, 5000, 1000)
    await operator.run(WIDE, 50, 10, 1000)
    await operator.delivered()
    waiting = [0, *range(0, 50, 11)]
    passed = [n for n in range(50) if n % 11 or n == 7]
    assert await operator.value(LETTERS) == waiting
    before = [*range(10), *range(100), *passed]
    assert await numbers(operator, name) == before
    await asyncio.to_thread(change, operator.brokers, name, "max.message.bytes", "1000000")
    await operator.run("SELECT tide.relay_enable('p')")  # the limit is looked up anew
    await operator.run("SELECT tide.dead_letter_retry_all('p')")
    await until(lambda: none_put_aside(operator))
    await process.ready()
    await process.stop()
    assert await numbers(operator, name) == [*before, *waiting]


def change(brokers: str, topic: str, name: str, value: str) -> None:
    """Change a setting of a topic."""
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
    admin.incremental_alter_configs([resource])[resource].result(20)


KEYED = """
SELECT tide.outbox_publish_many('orders',
  (SELECT array_agg(jsonb_build_object('n', n, 'kind', CASE WHEN n % 40 <> 7 THEN 'a' END)
                    ORDER BY n)
     FROM generate_series(0, $1::int - 1) AS n),
  keys => (SELECT array_agg('key-' || n % 11 ORDER BY n) FROM generate_series(0, $1 - 1) AS n))
"""


async def test_parked_keys_are_released_in_order_through_kills(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name, count = topic(4), 600
    options: dict[str, Any] = {
        "delivery": "exactly_once",
        "batch_size": 50,
        "dead_letter": {"policy": "park_key", "max_per_minute": 0},
    }
    await operator.run(KEYED, count)
    await operator.configure(name, headers={"kind": "{payload.kind}"}, **options)
    for point in ("before done", "intent to put aside"):
        process = relay(operator.url, program=program(point, 1))
        assert await process.ended() == -signal.SIGKILL
    process = relay(operator.url)
    await operator.delivered()
    await process.stop()
    assert (await operator.status())["parked_keys"] == 11
    await operator.configure(name, headers={"kind": "{op}"}, **options)
    assert await operator.value("SELECT tide.dead_letter_retry_all('p')") == 11
    for point in ("before done", "during commit"):
        process = relay(operator.url, program=program(point, 0))
        assert await process.ended() == -signal.SIGKILL
    process = relay(operator.url)
    await until(lambda: none_put_aside(operator))
    await process.ready()
    await process.stop()
    found = await asyncio.to_thread(read_all, operator.brokers, name)
    by_key: dict[bytes | None, list[int]] = {}
    for record in found:
        by_key.setdefault(record.key, []).append(json.loads(record.value or b"")["n"])
    assert sorted(n for of_key in by_key.values() for n in of_key) == list(range(count))
    assert all(of_key == sorted(of_key) for of_key in by_key.values())


async def none_put_aside(operator: Operator) -> bool:
    return bool((await operator.status())["dead_letters"] == 0)


async def test_a_record_that_is_too_old_stops_all_behind_it_until_brokers_take_it(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(1, {"message.timestamp.before.max.ms": "1"})
    for n in range(20):
        await operator.publish({"n": n}, key=f"key-{n % 3}")
    options: dict[str, Any] = {"delivery": "exactly_once", "dead_letter": {"policy": "halt"}}
    await operator.configure(name, **options)
    process = relay(operator.url)
    await operator.reaches("halted")
    assert "invalid_timestamp" in (await operator.status())["last_error"]
    assert await numbers(operator, name) == []
    await asyncio.to_thread(change, operator.brokers, name, "message.timestamp.before.max.ms", HOUR)
    await operator.run("SELECT tide.relay_enable('p')")
    await operator.delivered()
    await process.ready()
    await process.stop()
    assert await numbers(operator, name) == list(range(20))
