"""What applications publish arrives as they wrote it: large, empty, exact, or not at all."""

import asyncio
import json

import pytest

from pg_tide.partition import java_partition
from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.tail import Tail
from tests.fixtures.topics import Consumed, read_all

EXACT = '{"n": 12345678901234567890123, "x": 0.1000000000000000055511151231257827, "e": 1E+400}'


async def records(operator: Operator, relay: StartRelay, topic: str, count: int) -> list[Consumed]:
    """Relay all that was published, and return the records; there are `count`, and no more."""
    await operator.configure(topic)
    process = relay(operator.url)
    async with Tail(operator.brokers, topic) as tail:
        await tail.first(count)
    await process.stop()
    found = await asyncio.to_thread(read_all, operator.brokers, topic)
    assert len(found) == count
    return found


async def test_prepared_transactions_count_once_they_are_committed(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    if int(await operator.value("SHOW max_prepared_transactions")) == 0:
        pytest.skip("this server takes no prepared transactions")
    name = topic()
    await operator.configure(name)
    process = relay(operator.url)
    async with Tail(operator.brokers, name) as tail:
        for ending in ("COMMIT", "ROLLBACK"):
            await operator.run("BEGIN")
            await operator.publish(ending)
            await operator.run(f"PREPARE TRANSACTION '{name}-{ending}'")
        await operator.publish("after")
        assert (await tail.first(1))[0].record.value == b'"after"'
        for ending in ("ROLLBACK", "COMMIT"):
            await operator.run(f"{ending} PREPARED '{name}-{ending}'")
        await tail.first(2)
    await process.stop()
    found = await asyncio.to_thread(read_all, operator.brokers, name)
    assert [one.value for one in found] == [b'"after"', b'"COMMIT"']


async def test_only_what_was_not_rolled_back_to_a_savepoint_arrives(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    for step in ("BEGIN", "SAVEPOINT a", "SAVEPOINT b", "ROLLBACK TO SAVEPOINT b"):
        await operator.run(step)
        await operator.publish(step)
    await operator.run("RELEASE SAVEPOINT a")
    await operator.run("COMMIT")
    await operator.run("BEGIN")
    await operator.publish("never")
    await operator.run("ROLLBACK")
    found = await records(operator, relay, topic(), 3)
    assert [json.loads(one.value or b"") for one in found] == [
        "BEGIN",
        "SAVEPOINT a",
        "ROLLBACK TO SAVEPOINT b",
    ]


async def test_payloads_arrive_as_they_are(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    large = {"text": "".join(chr(0x61 + n % 26) for n in range(900_000))}
    unicode = {"text": 'Zoë 📦 日本語 \u2028 " \\ /', "ключ": None}
    await operator.publish(large, key="large")
    await operator.publish(None, key="tombstone", op="delete")
    await operator.publish(unicode, key="Schlüssel 🗝")
    await operator.run("SELECT tide.outbox_publish('orders', $1)", EXACT)
    found = await records(operator, relay, topic(), 4)
    assert json.loads(found[0].value or b"") == large
    assert (found[1].key, found[1].value) == (b"tombstone", None)
    assert dict(found[1].headers)["pg_tide_op"] == b"delete"
    assert json.loads(found[2].value or b"") == unicode
    assert (found[2].key or b"").decode() == "Schlüssel 🗝"
    assert found[3].key is None
    stored = await operator.value("SELECT $1::jsonb::text", EXACT)
    assert found[3].value == stored.encode()
    assert b"12345678901234567890123" in stored.encode()
    assert b"0.1000000000000000055511151231257827" in (found[3].value or b"")


async def test_numbers_keep_their_digits_through_a_transform(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    await operator.run("SELECT tide.outbox_publish('orders', $1)", EXACT)
    name = topic()
    await operator.configure(name, transform__payload="{a: payload.n, b: payload.x, c: payload.e}")
    process = relay(operator.url)
    async with Tail(operator.brokers, name) as tail:
        value = (await tail.first(1))[0].record.value or b""
    assert b"12345678901234567890123" in value
    assert b"0.1000000000000000055511151231257827" in value
    assert b"1" + b"0" * 400 in value or b"1E+400" in value
    await process.stop()


async def test_headers_of_the_message_and_of_the_pipeline_go_along(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    headers = json.dumps({"trace": "äbc", "empty": ""})
    await operator.publish({"id": 7}, headers=headers, dedup_key="d", key="k")
    name = topic()
    await operator.configure(name, headers={"source": "{outbox}/{payload.id}"})
    process = relay(operator.url)
    async with Tail(operator.brokers, name) as tail:
        record = (await tail.first(1))[0].record
    await process.stop()
    found = dict(record.headers)
    assert len(found) == len(record.headers)
    assert (found["trace"], found["empty"]) == ("äbc".encode(), b"")
    assert found["source"] == b"orders/7"
    assert (found["pg_tide_dedup_key"], record.key) == (b"d", b"k")


async def test_keys_go_to_the_partition_that_the_java_client_chooses(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    keys = [f"key-{n}" for n in range(200)] + ["", "ä", "\U0001f5dd", "x" * 1000]
    for key in keys:
        await operator.publish({}, key=key)
    found = await records(operator, relay, topic(7), len(keys))
    for one in found:
        assert one.key is not None
        assert one.partition == java_partition(one.key, 7)
    assert {one.partition for one in found} == set(range(7))
