"""A producer between two clients: what is under way when one ends and the next begins."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import chain

import pytest

from pg_tide.errors import PgTideError, TransientError
from pg_tide.kafka import Topic
from pg_tide.message import Record
from pg_tide.producer import TOPIC_CHANGED, Client, Producer
from pg_tide.testing import FakeKafka
from pg_tide.testing.kafka import FakeClient

AWAY = TransientError("the broker went away", reason="kafka_unreachable")


@contextlib.asynccontextmanager
async def running(producer: Producer) -> AsyncIterator[asyncio.Task[None]]:
    """Run a producer until it fails, or the block ends."""
    task = asyncio.create_task(producer.run())
    await producer.ready()
    yield task
    task.cancel()
    await asyncio.wait({task})


async def settle() -> None:
    """Let every task go on as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


def record(value: bytes = b"v", key: bytes | None = None) -> Record:
    return Record("t", key, value, [], 1)


def values(kafka: FakeKafka) -> list[list[bytes]]:
    """What each partition of the topic holds."""
    return [[one[1] for one in held] for held in kafka.topics["t"].partitions]


@pytest.fixture
def kafka() -> FakeKafka:
    """Return brokers with the topic `t` of one partition."""
    kafka = FakeKafka()
    kafka.create_topic("t")
    return kafka


async def test_a_client_with_nothing_under_way_is_closed(kafka: FakeKafka) -> None:
    async with running(Producer(kafka.start, 1000)):
        pass
    assert (kafka.clients[0].closed, kafka.clients[0].ended) == (True, False)


async def test_a_client_with_a_batch_under_way_is_ended_for_good(kafka: FakeKafka) -> None:
    producer = Producer(kafka.start, 1000)
    async with running(producer):
        await producer.learn("t")
        kafka.answering.clear()
        producer.produce([(record(),)])
        await settle()
    assert (kafka.clients[0].closed, kafka.clients[0].ended) == (False, True)
    kafka.answering.set()
    await settle()
    assert values(kafka) == [[]]


async def test_the_next_client_starts_only_when_the_last_has_ended(kafka: FakeKafka) -> None:
    ending, may_end = asyncio.Event(), asyncio.Event()

    class Slow(FakeClient):
        async def end(self) -> None:
            ending.set()
            await may_end.wait()
            await super().end()

    async def start() -> Client:
        return Slow(kafka)

    producer = Producer(start, 1000)
    async with running(producer) as task:
        await producer.learn("t")
        kafka.answering.clear()
        producer.produce([(record(),)])
        await settle()
        producer.fail(AWAY)
        await ending.wait()
        await settle()
        assert not task.done()
        may_end.set()
        with pytest.raises(TransientError, match="went away"):
            await task


async def test_a_client_that_does_not_start_is_no_client() -> None:
    async def start() -> Client:
        raise AWAY

    producer = Producer(start, 1000)
    with pytest.raises(TransientError):
        await producer.run()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await producer.ready()


async def test_a_second_failure_of_one_client_changes_nothing(kafka: FakeKafka) -> None:
    producer = Producer(kafka.start, 1000)
    async with running(producer) as task:
        producer.fail(AWAY)
        producer.fail(ValueError("later"))
        with pytest.raises(PgTideError, match="went away"):
            await task
    producer.fail(ValueError("when nobody runs"))


async def test_a_topic_that_grows_goes_on_through_the_client_in_use(kafka: FakeKafka) -> None:
    """Its old partitions drain through a later client than the one that was asked."""
    producer = Producer(kafka.start, 1000)
    async with running(producer) as task:
        await producer.learn("t")
        kafka.answering.clear()
        producer.produce([(record(b"before", b"k"),)])
        kafka.add_partitions("t", 4)
        learning = asyncio.create_task(producer.learn("t"))
        await settle()
        producer.fail(AWAY)
        with pytest.raises(TransientError):
            await task
    async with running(producer) as task:
        kafka.answering.set()
        await asyncio.wait_for(learning, 5)
        producer.produce([(record(b"after", b"k"),)])
        await settle()
        assert not task.done()
    assert not producer.unfinished
    assert sorted(chain.from_iterable(values(kafka))) == [b"after", b"before"]


async def test_what_an_ended_client_answers_ends_no_other(kafka: FakeKafka) -> None:
    """A question about a topic may outlive the client that was asked."""
    asked, may_answer = asyncio.Event(), asyncio.Event()

    class Asked(FakeClient):
        async def topic(self, name: str) -> Topic:
            if self is kafka.clients[0]:
                asked.set()
                await may_answer.wait()
                raise AWAY
            return await super().topic(name)

    async def start() -> Client:
        kafka.clients.append(Asked(kafka))
        return kafka.clients[-1]

    producer = Producer(start, 1000)
    async with running(producer) as task:
        learning = asyncio.create_task(producer.learn("t"))
        await asked.wait()
        producer.fail(AWAY)
        with pytest.raises(TransientError):
            await task
    async with running(producer) as task:
        may_answer.set()
        await asyncio.wait_for(learning, 5)
        producer.produce([(record(),)])
        await settle()
        assert not task.done()
    assert values(kafka) == [[b"v"]]


async def test_a_topic_learned_from_an_ended_client_goes_on_through_the_next(
    kafka: FakeKafka,
) -> None:
    asked, may_answer = asyncio.Event(), asyncio.Event()

    class Asked(FakeClient):
        async def topic(self, name: str) -> Topic:
            asked.set()
            await may_answer.wait()
            return await super().topic(name)

    async def start() -> Client:
        return Asked(kafka)

    producer = Producer(start, 1000)
    async with running(producer) as task:
        learning = asyncio.create_task(producer.learn("t"))
        await asked.wait()
        producer.fail(AWAY)
        with pytest.raises(TransientError):
            await task
    async with running(producer) as task:
        may_answer.set()
        await asyncio.wait_for(learning, 5)
        producer.produce([(record(),)])
        await settle()
        assert not task.done()
    assert values(kafka) == [[b"v"]]


async def test_a_topic_made_anew_with_fewer_partitions_is_routed_anew(kafka: FakeKafka) -> None:
    kafka.create_topic("t", partitions=3)
    producer = Producer(kafka.start, 1000)
    async with running(producer) as task:
        await producer.learn("t")
        producer.fail(AWAY)
        producer.produce([(record(key=b"%d" % n),) for n in range(10)])
        with pytest.raises(TransientError):
            await task
    kafka.create_topic("t", partitions=1)
    with pytest.raises(TransientError, match="1 partitions, not 3") as changed:
        await producer.run()
    assert changed.value.reason == TOPIC_CHANGED
    assert kafka.clients[-1].ended


async def test_what_was_learned_of_a_topic_outlives_its_client(kafka: FakeKafka) -> None:
    producer = Producer(kafka.start, 1000)
    async with running(producer) as task:
        await producer.learn("t")
        producer.fail(AWAY)
        with pytest.raises(TransientError):
            await task
    async with running(producer):
        assert producer.check(record()) > 0
        producer.produce([(record(),)])
        await settle()
    assert values(kafka) == [[b"v"]]


@pytest.mark.parametrize("away", [False, True])
async def test_a_record_is_measured_whether_a_client_is_there_or_not(
    kafka: FakeKafka, away: bool
) -> None:
    kafka.create_topic("small", max_bytes=500)
    producer = Producer(kafka.start, 1000)
    async with running(producer) as task:
        await producer.learn("small")
        if away:
            producer.fail(AWAY)
            with pytest.raises(TransientError):
                await task
        with pytest.raises(PgTideError, match=r"max\.message\.bytes"):
            producer.check(Record("small", None, b"x" * 600, [], 1))
