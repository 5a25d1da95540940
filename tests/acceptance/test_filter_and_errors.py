"""What a pipeline drops on purpose, and where it stops because a message can never go."""

import asyncio
import json

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.relay_process import until
from tests.fixtures.topics import create_topic, delete_topic, read_all


async def values(operator: Operator, topic: str) -> list[object]:
    """Read every payload of a topic, in order."""
    records = await asyncio.to_thread(read_all, operator.brokers, topic)
    return [json.loads(record.value or b"") for record in records]


async def test_a_filter_drops_and_counts(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic()
    for n in range(100):
        await operator.publish({"n": n})
    await operator.configure(name, transform__filter="payload.n >= `90`")
    process = relay(operator.url)
    await operator.delivered()
    status = await operator.status()
    assert (status["delivered"], status["filtered"]) == (10, 90)
    await process.counts("pg_tide_messages_filtered_total", 90, pipeline="p")
    await process.counts("pg_tide_messages_delivered_total", 10, pipeline="p")
    await process.stop()
    assert await values(operator, name) == [{"n": n} for n in range(90, 100)]


async def test_it_halts_before_a_message_that_cannot_go_and_resumes_without_a_repeat(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic()
    for n in range(10):
        await operator.publish({"n": n, "kind": "book"} if n != 6 else {"n": n})
    await operator.configure(name, headers={"kind": "{payload.kind}"}, dead_letter__policy="halt")
    process = relay(operator.url)
    await operator.reaches("halted")
    assert await values(operator, name) == [{"n": n, "kind": "book"} for n in range(6)]
    status = await operator.status()
    assert (status["delivered"], status["pending"]) == (6, 4)
    culprit = await operator.value("SELECT id FROM tide.message WHERE payload = '{\"n\": 6}'")
    assert f"message {culprit}" in status["last_error"]
    assert "payload.kind" in status["last_error"]
    assert status["hint"]
    problems = await process.problems()
    assert problems["p"].startswith("halted")
    assert (await process.get("/readyz")).status == 503

    await operator.publish({"n": 10, "kind": "book"})
    await operator.run("SELECT tide.relay_enable('p')")  # without a change it halts again

    async def tried_again() -> bool:
        return await process.metric("pg_tide_takeovers_total") == 2

    await until(tried_again)
    await operator.reaches("halted")
    await operator.configure(name)
    await operator.delivered()
    await process.ready()
    await process.stop()
    found = await values(operator, name)
    assert [one["n"] for one in found if isinstance(one, dict)] == list(range(11))


async def test_a_record_too_large_for_its_topic_is_that_messages_error(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(1, {"max.message.bytes": "2000"})
    await operator.publish({"n": 1})
    noise = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(3_000))
    await operator.publish({"n": 2, "noise": noise})
    await operator.publish({"n": 3})
    await operator.configure(name, dead_letter__policy="halt")
    process = relay(operator.url)
    await operator.reaches("halted")
    assert "max.message.bytes" in (await operator.status())["last_error"]
    assert await values(operator, name) == [{"n": 1}]
    await operator.configure(name, transform__payload="{n: payload.n}")
    await operator.delivered()
    await process.stop()
    assert await values(operator, name) == [{"n": n} for n in (1, 2, 3)]


async def test_a_pipeline_that_fails_does_not_stop_others(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    good = topic()
    await operator.run("SELECT tide.outbox_create('returns')")
    await operator.configure(good, pipeline="good", outbox="returns")
    await operator.configure(topic(), transform__filter="payload.n >")
    process = relay(operator.url)
    await operator.publish({"n": 1}, outbox="returns")
    await operator.reaches("failed")
    await operator.delivered("good")
    status = await operator.status()
    assert "transform.filter" in status["last_error"]
    assert list(await process.problems()) == ["p"]
    await operator.run("SELECT tide.relay_delete('p')")
    await process.ready()
    await process.stop()
    assert await values(operator, good) == [{"n": 1}]


async def test_a_missing_topic_is_waited_for(operator: Operator, relay: StartRelay) -> None:
    missing = f"missing-{operator.url.rpartition('_')[2]}"
    await operator.publish({"n": 1})
    await operator.configure(missing)
    process = relay(operator.url)
    await operator.reaches("retrying")
    status = await operator.status()
    assert missing in status["last_error"]
    assert "does not exist" in status["last_error"]
    assert status["next_retry"]
    await asyncio.to_thread(create_topic, operator.brokers, missing)
    await operator.delivered()
    await process.stop()
    assert await values(operator, missing) == [{"n": 1}]
    await asyncio.to_thread(delete_topic, operator.brokers, missing)


async def test_a_position_that_an_operator_keeps_locked_is_waited_for(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic()
    await operator.configure(name)
    process = relay(operator.url)
    await process.ready()
    busy = Operator(operator.url, operator.brokers)
    await busy.run("BEGIN")
    await busy.run("SELECT 1 FROM tide.position FOR UPDATE")
    for n in range(5):
        await operator.publish({"n": n})

    async def told() -> bool:
        return "position_locked" in (await process.problems()).get("p", "")

    await until(told)
    await busy.run("ROLLBACK")
    await busy.close()
    await operator.delivered()
    await process.ready()
    assert await process.metric("pg_tide_takeovers_total") == 1
    await process.stop()
    assert await values(operator, name) == [{"n": n} for n in range(5)]
