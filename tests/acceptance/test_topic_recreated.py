"""A topic that is deleted and made anew under load: noticed, said, and gone on with."""

import asyncio
from functools import partial

from tests.acceptance.conftest import StartRelay
from tests.acceptance.test_topics import in_use, number, publishing_all_the_while
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.relay_process import until
from tests.fixtures.topics import read_all, recreate_topic, topic_id

AFTER = range(-20, 0)


async def test_what_is_published_afterwards_arrives_and_the_rest_can_be_sent_again(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(2)
    before = await asyncio.to_thread(topic_id, operator.brokers, name)
    await operator.configure(name, metadata_max_age_ms=200, retry_backoff_max_ms=200)
    process = relay(operator.url)
    async with publishing_all_the_while(operator.url):
        await until(partial(in_use, operator.brokers, name, 1), 30)
        assert await process.metric("pg_tide_topics_recreated_total", pipeline="p") == 0
        await asyncio.to_thread(recreate_topic, operator.brokers, name, 2)
        await process.counts("pg_tide_topics_recreated_total", 1, pipeline="p", outbox="orders")
        await until(partial(in_use, operator.brokers, name, 1), 30)
    now = await asyncio.to_thread(topic_id, operator.brokers, name)
    (line,) = (line for line in process.log.read_text().splitlines() if "topic made anew" in line)
    for words in (name, before, now, "tide.consumer_group_seek"):
        assert words in line

    for n in AFTER:
        await operator.publish({"n": n}, key=f"key-{n}")
    await operator.delivered()
    numbers = [number(one) for one in await asyncio.to_thread(read_all, operator.brokers, name)]
    assert sorted(numbers)[: len(AFTER)] == list(AFTER)

    group = await operator.value("SELECT consumer_group FROM tide.relay_status")
    await operator.run("SELECT tide.consumer_group_seek('orders', $1, 'earliest')", group)
    published = await operator.value("SELECT count(*) FROM tide.message")

    async def all_there() -> bool:
        found = await asyncio.to_thread(read_all, operator.brokers, name)
        return bool(len({number(one) for one in found}) == published)

    await until(all_there, 30)
    assert await process.metric("pg_tide_topics_recreated_total", pipeline="p") == 1
    await process.stop()
