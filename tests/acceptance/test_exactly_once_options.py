"""Exactly once with other options, and with a position that is moved."""

import signal
from collections import Counter
from typing import Any

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.kill_points import program
from tests.fixtures.once import DELIVERED, KEPT, numbers
from tests.fixtures.operator import Operator
from tests.fixtures.relay_process import until

COUNT = 120
PUBLISH = """
SELECT tide.outbox_publish_many('orders',
  (SELECT array_agg(jsonb_build_object('n', n, 'odd', n % 2 = 1) ORDER BY n)
     FROM generate_series($1::int, $2) AS n),
  keys => (SELECT array_agg('key-' || n % 7 ORDER BY n) FROM generate_series($1, $2) AS n))
"""
NUMBER = """
SELECT p.number FROM tide.position p JOIN tide.pipeline USING (group_id) WHERE name = $1
"""
SEEK = "SELECT tide.consumer_group_seek('orders', 'p', $1)"
PIPELINES: dict[str, dict[str, Any]] = {
    "one": {"batch_size": 1},
    "awaited": {"batch_size": 20, "wait_for_ack": True},
    "lingering": {"batch_size": 20, "linger_ms": 50},
    "limited": {"rate_limit": 100},
    "odd": {"batch_size": 7, "transform": {"filter": "payload.odd"}},
    "none": {"batch_size": 20, "transform": {"filter": "payload.n < `0`"}},
    "dry": {"dry_run": True},
    "mixed": {
        "batch_size": 50,
        "transform": {"filter": "payload.odd || payload.n < `60`"},
        "message_key": "{payload.kind}",
        "dead_letter": {"policy": "skip"},
    },
}


async def test_all_kinds_of_pipelines(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    topics = {name: topic(1) for name in PIPELINES}
    for name, options in PIPELINES.items():
        await operator.configure(topics[name], pipeline=name, delivery="exactly_once", **options)
    process = relay(operator.url)
    await process.ready()
    await operator.run(PUBLISH, 1, COUNT)
    for name in PIPELINES.keys() - {"dry"}:
        await operator.delivered(name)
    await process.stop()
    everything = list(range(1, COUNT + 1))
    odd = [n for n in everything if n % 2]
    expected = dict.fromkeys(PIPELINES, everything) | {"odd": odd, "none": [], "dry": []}
    expected["mixed"] = []
    for name, topic_ in topics.items():
        assert await numbers(operator, topic_) == expected[name], name
    assert await operator.value(NUMBER, "one") == COUNT, "a transaction each"
    assert await operator.value(NUMBER, "none") == 0, "nothing needs a transaction"
    assert await operator.value(NUMBER, "dry") == 0
    assert await operator.value(NUMBER, "mixed") == 0
    letters = await operator.value("SELECT count(*) FROM tide.dead_letters")
    assert letters == len([n for n in everything if n % 2 or n < 60])
    assert await operator.value(KEPT) == 0


async def test_a_seek_while_it_runs_and_with_a_commit_that_nobody_confirmed(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(1)
    await operator.configure(name, delivery="exactly_once", batch_size=10)
    await operator.run(PUBLISH, 1, 100)
    process = relay(operator.url, program=program("before done", 3))
    assert await process.ended() == -signal.SIGKILL
    committed = await numbers(operator, name)
    await operator.run(SEEK, "earliest")
    process = relay(operator.url)
    await until(lambda: came(operator, name, 100))
    await operator.run(PUBLISH, 101, 200)
    await until(lambda: came(operator, name, 200))
    await operator.run(SEEK, "earliest")
    await until(lambda: came(operator, name, 1, times=3))
    await operator.delivered()
    await process.stop()
    times = Counter(await numbers(operator, name))
    assert times == {n: 2 + (n in committed) for n in range(1, 201)}
    assert await operator.value(DELIVERED) == times.total(), "each is counted"


async def came(operator: Operator, topic: str, number: int, times: int = 1) -> bool:
    return (await numbers(operator, topic)).count(number) >= times


async def test_a_run_that_fails_again_does_not_say_that_all_is_well(
    operator: Operator, relay: StartRelay
) -> None:
    await operator.configure("no-such-topic", delivery="exactly_once", retry_backoff_max_ms=200)
    await operator.publish({"n": 1})
    process = relay(operator.url)
    await operator.reaches("retrying")

    async def failed_again() -> bool:
        return await process.metric("pg_tide_produce_errors_total", error="topic_missing") >= 3

    await until(failed_again, 30)
    words = process.log.read_text()
    assert "running again" not in words
    assert words.count("took over") == 1
    assert await process.metric("pg_tide_takeovers_total") == 1
