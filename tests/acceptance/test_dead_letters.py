"""Messages that can not go, through the real process to a real Kafka, and what an operator does."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from pg_tide.caution import ENDS
from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.relay_process import RelayProcess, until
from tests.fixtures.topics import Consumed, read_all

DEADLY = ("-m", "tests.fixtures.deadly")
POISON_IN_A_ROW = 100_000
NEEDS_KIND: dict[str, Any] = {"headers": {"kind": "{payload.kind}"}}
PUBLISH_MANY = """
SELECT tide.outbox_publish_many('orders',
  (SELECT array_agg(jsonb_build_object('n', n)) FROM generate_series($1::int, $2) AS n),
  keys => (SELECT array_agg('key-' || n % $3::int) FROM generate_series($1, $2) AS n))
"""
PUBLISH = """
SELECT tide.outbox_publish('orders',
  jsonb_build_object('n', $1::int, 'kind', $2::text), key => $3)
"""
STATES = """
SELECT jsonb_object_agg(state, n)
  FROM (SELECT state, count(*) AS n FROM tide.dead_letter GROUP BY 1) AS s
"""


async def records(operator: Operator, topic: str) -> list[Consumed]:
    return await asyncio.to_thread(read_all, operator.brokers, topic)


def numbers_by_key(found: list[Consumed]) -> dict[bytes | None, list[int]]:
    """The numbers of each key's records, in order."""
    by_key: dict[bytes | None, list[int]] = {}
    for record in found:
        by_key.setdefault(record.key, []).append(json.loads(record.value or b"")["n"])
    return by_key


async def states(operator: Operator) -> dict[str, int]:
    """How many dead letters there are in each state."""
    found = await operator.value(STATES)
    return {} if found is None else dict(json.loads(found))


async def reach(operator: Operator, **expected: int) -> None:
    """Wait until the dead letters are in these states."""

    async def reached() -> bool:
        return await states(operator) == expected

    await until(reached, 60, lambda: f"not {expected}")


async def test_what_kafka_refuses_is_found_and_its_neighbours_go_once(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    """A compacted topic takes no record without a key; the whole batch is refused for one."""
    name = topic(1, {"cleanup.policy": "compact"})
    culprits = [n for n in range(300) if n % 90 == 50]
    for n in range(300):
        await operator.publish({"n": n}, key=None if n in culprits else f"key-{n % 7}")
    await operator.configure(name)
    process = relay(operator.url)
    await operator.delivered()
    await reach(operator, waiting=len(culprits))
    found = await records(operator, name)
    assert [json.loads(one.value or b"")["n"] for one in found] == [
        n for n in range(300) if n not in culprits
    ]
    letter = await operator.row("SELECT * FROM tide.dead_letters ORDER BY id LIMIT 1")
    assert (letter["stage"], letter["reason"]) == ("produce", "invalid_record")
    await process.counts("pg_tide_messages_dead_lettered_total", len(culprits), stage="produce")

    await operator.configure(name, message_key="none-{payload.n}")
    await operator.run("SELECT tide.dead_letter_retry_all('p')")
    await reach(operator, delivered=len(culprits))
    await process.ready()
    assert (await operator.status())["dead_letters"] == 0
    assert len(await records(operator, name)) == 300
    await process.stop()


@asynccontextmanager
async def publishing(url: str, published: list[int]) -> AsyncIterator[None]:
    """Publish while the block runs, to ten keys; one message in a hundred can not go."""
    chance = random.Random(5)
    stop = asyncio.Event()
    connection = await asyncpg.connect(url)

    async def publish() -> None:
        while not stop.is_set():
            kind = None if chance.random() < 0.01 else "a"
            key = f"key-{chance.randrange(10)}"
            await connection.execute(PUBLISH, len(published), kind, key)
            published.append(len(published))

    task = asyncio.create_task(publish())
    try:
        yield
    finally:
        stop.set()
        await task
        await connection.close()


async def park_and_release(operator: Operator, topic: str, published: list[int]) -> None:
    """Wait until keys are parked, cure what is wrong, and wait until none is."""

    async def parked() -> bool:
        return int((await operator.status())["parked_keys"]) >= 5

    async def released() -> bool:
        # The configuration from before may go on for a moment, and put more aside.
        await operator.run("SELECT tide.dead_letter_retry_all('p')")
        return int((await operator.status())["parked_keys"]) == 0

    async def went_on() -> bool:
        return len(published) > before + 50

    await until(parked, 60)
    await operator.configure(topic, headers={"kind": "{op}"}, dead_letter={"policy": "park_key"})
    await until(released, 60)
    before = len(published)
    await until(went_on, 30)


async def test_keys_are_parked_and_released_in_order_while_messages_arrive(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(4)
    await operator.configure(name, **NEEDS_KIND, dead_letter={"policy": "park_key"})
    process = relay(operator.url)
    await process.ready()
    published: list[int] = []
    async with publishing(operator.url, published):
        await park_and_release(operator, name, published)
    await operator.delivered()
    await process.stop()
    by_key = numbers_by_key(await records(operator, name))
    assert sorted(n for found in by_key.values() for n in found) == list(range(len(published)))
    assert all(found == sorted(found) for found in by_key.values())
    assert list(await states(operator)) == ["delivered"]


async def test_a_hundred_thousand_in_a_row_stop_at_the_brake_and_go_after_the_cure(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    skipping, parking = topic(4), topic(4)
    await operator.run(PUBLISH_MANY, 0, POISON_IN_A_ROW - 1, 3000)
    limits = {"max_per_minute": 2000}
    await operator.configure(
        skipping, pipeline="skipping", **NEEDS_KIND, dead_letter={"policy": "skip", **limits}
    )
    await operator.configure(
        parking, pipeline="parking", **NEEDS_KIND, dead_letter={"policy": "park_key", **limits}
    )
    process = relay(operator.url)
    for name in ("skipping", "parking"):
        await operator.reaches("halted", name)
        status = await operator.status(name)
        assert status["last_error"].startswith("too_many_dead_letters: 2000 messages")
        assert f"tide.dead_letter_retry_all('{name}')" in status["hint"]
        assert (status["dead_letters"], status["pending"] > 0) == (2000, True)
        topic_ = skipping if name == "skipping" else parking
        await operator.configure(
            topic_,
            pipeline=name,
            dead_letter={"policy": "skip" if name == "skipping" else "park_key", **limits},
        )
        assert await operator.value("SELECT tide.dead_letter_retry_all($1)", name) == 2000
    for name in ("skipping", "parking"):
        await operator.delivered(name)

        async def all_gone(pipeline: str = name) -> bool:
            return not (await operator.status(pipeline))["dead_letters"]

        await until(all_gone, 60)
    await process.ready()
    await process.stop()
    for topic_ in (skipping, parking):
        by_key = numbers_by_key(await records(operator, topic_))
        assert sorted(n for found in by_key.values() for n in found) == list(range(POISON_IN_A_ROW))
    assert all(found == sorted(found) for found in by_key.values())


async def test_a_message_that_kills_the_process_is_put_aside(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    """As a supervisor starts it again and again."""
    name = topic(1)
    for n in range(60):
        await operator.publish({"n": n, "deadly": n == 20})
    await operator.configure(name, max_retries=2)
    starts = 0
    while await operator.value("SELECT count(*) FROM tide.dead_letter") == 0:
        process = relay(operator.url, program=DEADLY)
        starts += 1
        assert starts <= 10

        async def over(process: RelayProcess = process) -> bool:
            letters = await operator.value("SELECT count(*) FROM tide.dead_letter")
            return process.exit_code is not None or letters > 0

        await until(over, 30)
    await operator.delivered()
    letter = await operator.row("SELECT * FROM tide.dead_letters")
    assert (letter["stage"], letter["reason"], letter["attempts"]) == ("handle", "crashed", 2)
    assert starts == ENDS + 2 + 1
    await process.stop()
    found = [json.loads(one.value or b"")["n"] for one in await records(operator, name)]
    assert found == [n for n in range(60) if n != 20]
