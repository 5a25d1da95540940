"""What a producer promises to the pipeline, through whichever client."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from pg_tide.delivery import Delivery
from pg_tide.errors import MessageError, PgTideError, TransientError
from pg_tide.message import Record
from pg_tide.partition import java_partition
from pg_tide.producer import Producer
from tests.contract.clusters import REQUEST, Cluster, record
from tests.contract.clusters import delivered as acknowledged
from tests.fixtures.messages import a_config

KEYS = [b"%d" % n for n in range(100)]
AWAY = TransientError("the broker went away", reason="kafka_unreachable")


def producer_of(cluster: Cluster, *configured: str, **options: object) -> Producer:
    """A producer to this cluster, whose configuration names these topics."""
    config = a_config(max_request_size=REQUEST, **{"max_retries": 0, **options})
    return Producer(cluster.start, config, frozenset(configured))


@contextlib.asynccontextmanager
async def running(producer: Producer) -> AsyncIterator[asyncio.Task[None]]:
    """Run a producer until it fails, or the block ends."""
    task = asyncio.create_task(producer.run())
    yield task
    task.cancel()
    await asyncio.wait({task})


async def until(condition: Callable[[], bool]) -> None:
    """Return once something is so, of which a client tells nobody."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.005)


async def delivered(producer: Producer, delivery: Delivery) -> None:
    """Return once a delivery is done; nothing is then unfinished."""
    await acknowledged(delivery)
    assert not producer.unfinished
    assert producer.unanswered == 0.0


def one_by_one(*records: Record) -> list[tuple[Record, ...]]:
    """Records, each of a message of its own."""
    return [(each,) for each in records]


async def test_records_arrive_as_they_are(cluster: Cluster) -> None:
    topic = await cluster.create_topic()
    first = Record(topic, b"k", b"v", [("a", b"1"), ("a", None), ("b", b"")], 1_700_000_000_123)
    tombstone = Record(topic, b"k", None, [], 1_700_000_000_124)
    producer = producer_of(cluster)
    async with running(producer):
        await producer.learn(topic)
        await delivered(producer, producer.produce([(first, tombstone)]))
    assert await cluster.stored(topic) == {
        0: [
            (b"k", b"v", (("a", b"1"), ("a", None), ("b", b"")), 1_700_000_000_123),
            (b"k", None, (), 1_700_000_000_124),
        ]
    }


async def test_keys_keep_their_order_on_the_partition_of_the_java_client(cluster: Cluster) -> None:
    topic = await cluster.create_topic(4)
    producer = producer_of(cluster)
    async with running(producer):
        await producer.learn(topic)
        for start in range(0, 300, 100):
            numbers = range(start, start + 100)
            last = producer.produce(
                one_by_one(*(record(topic, b"%d" % n, b"key-%d" % (n % 7)) for n in numbers))
            )
        await delivered(producer, last)
    stored = await cluster.stored(topic)
    for n in range(7):
        key = b"key-%d" % n
        own = stored[java_partition(key, 4)]
        values = [value for stored_key, value, *_ in own if stored_key == key]
        assert values == [b"%d" % number for number in range(n, 300, 7)]
    assert sum(map(len, stored.values())) == 300


async def test_records_without_a_key_take_the_partitions_in_turn(cluster: Cluster) -> None:
    topic = await cluster.create_topic(3)
    producer = producer_of(cluster)
    async with running(producer):
        await producer.learn(topic)
        await delivered(producer, producer.produce(one_by_one(*[record(topic)] * 9)))
    assert {number: len(held) for number, held in (await cluster.stored(topic)).items()} == {
        0: 3,
        1: 3,
        2: 3,
    }


async def test_partition_by_stands_for_the_key(cluster: Cluster) -> None:
    topic = await cluster.create_topic(4)
    producer = producer_of(cluster)
    by = [Record(topic, b"%d" % n, b"v", [], 1, partition_by=b"same") for n in range(8)]
    async with running(producer):
        await producer.learn(topic)
        await delivered(producer, producer.produce(one_by_one(*by)))
    assert list(await cluster.stored(topic)) == [java_partition(b"same", 4)]


async def test_nothing_to_send_is_done_at_once(cluster: Cluster) -> None:
    assert producer_of(cluster).produce([(), ()]).done


async def test_more_than_a_request_takes_goes_in_several(cluster: Cluster) -> None:
    topic = await cluster.create_topic()
    values = [b"%03d" % n + b"x" * 5000 for n in range(100)]
    producer = producer_of(cluster)
    async with running(producer):
        await producer.learn(topic)
        delivery = producer.produce(one_by_one(*(record(topic, value) for value in values)))
        await delivered(producer, delivery)
    assert [value for _, value, *_ in (await cluster.stored(topic))[0]] == values


async def test_a_topic_that_a_message_names_must_be_there(cluster: Cluster) -> None:
    producer = producer_of(cluster, "configured")
    async with running(producer) as task:
        with pytest.raises(MessageError) as refused:
            await producer.learn("no-such-topic")
        assert (refused.value.stage, refused.value.reason) == ("produce", "topic_missing")
        assert not task.done()


async def test_a_topic_that_the_configuration_names_is_waited_for(cluster: Cluster) -> None:
    producer = producer_of(cluster, "no-such-topic")
    async with running(producer) as task:
        learning = asyncio.create_task(producer.learn("no-such-topic"))
        with pytest.raises(TransientError) as failed:
            await task
        assert failed.value.reason == "topic_missing"
        assert not learning.done()
        learning.cancel()


async def test_a_record_larger_than_a_request_is_refused(cluster: Cluster) -> None:
    topic = await cluster.create_topic()
    producer = producer_of(cluster)
    async with running(producer):
        await producer.learn(topic)
        producer.limits.check(record(topic, b"x" * (REQUEST - 200)))
        with pytest.raises(MessageError, match="max_request_size") as refused:
            producer.limits.check(record(topic, b"x" * REQUEST))
    assert (refused.value.stage, refused.value.reason) == ("produce", "too_large")


async def test_a_record_larger_than_its_topic_takes_is_refused(cluster: Cluster) -> None:
    topic = await cluster.create_topic(max_bytes=2000)
    producer = producer_of(cluster)
    async with running(producer):
        await producer.learn(topic)
        fits = record(topic, b"x" * 1800)
        producer.limits.check(fits)
        await delivered(producer, producer.produce([(fits,)]))
        with pytest.raises(MessageError, match=r"max\.message\.bytes") as refused:
            producer.limits.check(record(topic, b"x" * 2000))
    assert refused.value.reason == "too_large"


async def through_refusals(producer: Producer) -> int:
    """Run one client after another until all have their end; how many refused records."""
    for refusing in range(200):
        async with running(producer) as task:
            drained = asyncio.create_task(producer.drained())
            async with asyncio.timeout(20):
                await asyncio.wait({task, drained}, return_when=asyncio.FIRST_COMPLETED)
            if drained.done() and not task.done():
                return refusing
            drained.cancel()
            await task
    raise AssertionError("it takes no end")


async def learned(producer: Producer, topic: str) -> None:
    """Have a topic ready, without a client that would send at once."""
    async with running(producer):
        await producer.learn(topic)


async def test_a_record_that_is_too_large_after_all_is_refused_alone(cluster: Cluster) -> None:
    topic = await cluster.create_topic(max_bytes=2000)
    producer = producer_of(cluster)
    await learned(producer, topic)
    large = [record(topic, b"x" * 2500), record(topic, b"1"), record(topic, b"2")]
    delivery = producer.produce(one_by_one(*large))
    await through_refusals(producer)
    ((refused, error),) = delivery.refusals
    assert refused is large[0]
    assert (error.stage, error.reason, error.attempts) == ("produce", "too_large", 1)
    assert [value for _, value, *_ in (await cluster.stored(topic))[0]] == [b"1", b"2"]


async def test_bad_records_are_refused_and_all_others_arrive_once_in_order(
    cluster: Cluster,
) -> None:
    topic = await cluster.create_picky_topic()
    producer = producer_of(cluster)
    await learned(producer, topic)
    wrong = {3, 20, 21, 22, 49}
    records = [
        cluster.bad(topic, b"bad-%d" % n) if n in wrong else record(topic, b"%d" % n, b"k")
        for n in range(50)
    ]
    delivery = producer.produce(one_by_one(*records))
    await through_refusals(producer)
    assert delivery.done
    assert sorted(record.value or b"" for record, _ in delivery.refusals) == sorted(
        b"bad-%d" % n for n in wrong
    )
    for _, error in delivery.refusals:
        assert (error.stage, error.reason) == ("produce", "invalid_record")
    expected = [b"%d" % n for n in range(50) if n not in wrong]
    assert [value for _, value, *_ in (await cluster.stored(topic))[0]] == expected


async def test_what_other_partitions_took_is_not_sent_again_for_a_refusal(
    cluster: Cluster,
) -> None:
    topic = await cluster.create_picky_topic(4)
    producer = producer_of(cluster)
    await learned(producer, topic)
    keys = [next(key for key in KEYS if java_partition(key, 4) == place) for place in range(4)]
    values = [b"%03d" % n + b"x" * 500 for n in range(400)]
    records = [record(topic, value, keys[n % 4]) for n, value in enumerate(values)]
    records.insert(203, cluster.bad(topic, b"bad", keys[2]))
    delivery = producer.produce(one_by_one(*records))
    await through_refusals(producer)
    assert [record.value for record, _ in delivery.refusals] == [b"bad"]
    stored = await cluster.stored(topic)
    for place in range(4):
        assert [value for _, value, *_ in stored[place]] == values[place::4]


async def test_what_waits_for_a_topic_that_is_gone_is_refused(cluster: Cluster) -> None:
    """Where only messages name it; all else goes on."""
    gone, there = await cluster.create_topic(), await cluster.create_topic()
    producer = producer_of(cluster, max_retries=1, retry_backoff_ms=1)
    await learned(producer, gone)
    await learned(producer, there)
    await cluster.delete(gone)
    waiting = record(gone)
    delivery = producer.produce(one_by_one(waiting, record(there)))
    assert await through_refusals(producer) == 1
    ((refused, error),) = delivery.refusals
    assert refused is waiting
    assert (error.stage, error.reason, error.attempts) == ("produce", "topic_missing", 2)
    assert gone in str(error)
    assert delivery.done
    assert len((await cluster.stored(there))[0]) == 1
    await cluster.restore(gone)


async def test_between_two_clients_records_can_be_withdrawn(cluster: Cluster) -> None:
    topic = await cluster.create_picky_topic()
    producer = producer_of(cluster)
    bad, behind, other = (
        cluster.bad(topic, b"bad"),
        record(topic, b"behind", b"k"),
        record(topic, b"other", b"k"),
    )
    async with running(producer) as task:
        await producer.learn(topic)
        first = producer.produce([(bad,)])
        second = producer.produce([(behind,), (other,)])
        await task
    assert first.done
    assert producer.withdraw([bad, behind]) == {id(behind)}
    assert (second.done, second.pending) == (False, 1)
    await through_refusals(producer)
    assert second.done
    assert [value for _, value, *_ in (await cluster.stored(topic))[0]] == [b"other"]


async def test_what_was_not_acknowledged_is_sent_again_in_order(cluster: Cluster) -> None:
    topic = await cluster.create_topic(2)
    producer = producer_of(cluster)
    values = [b"%d" % n for n in range(200)]
    async with running(producer) as task:
        await producer.learn(topic)
        first = producer.produce(one_by_one(*(record(topic, v, b"k") for v in values[:100])))
        producer.fail(AWAY)
        with pytest.raises(TransientError, match="went away"):
            await task
    second = producer.produce(one_by_one(*(record(topic, v, b"k") for v in values[100:])))
    assert not second.done
    async with running(producer):
        await delivered(producer, second)
    assert first.done
    (held,) = (await cluster.stored(topic)).values()
    arrived = [value for _, value, *_ in held]
    # A batch under way may have arrived before its client ended: what repeats is a whole prefix.
    assert arrived[-200:] == values
    assert arrived[:-200] == values[: len(arrived) - 200]


async def test_what_was_acknowledged_is_never_sent_again(cluster: Cluster) -> None:
    topic = await cluster.create_topic()
    producer = producer_of(cluster)
    for number in range(3):
        async with running(producer) as task:
            await producer.learn(topic)
            await delivered(producer, producer.produce([(record(topic, b"%d" % number),)]))
            producer.fail(AWAY)
            with pytest.raises(TransientError):
                await task
    assert [value for _, value, *_ in (await cluster.stored(topic))[0]] == [b"0", b"1", b"2"]


async def test_a_key_that_moves_to_a_new_partition_keeps_its_order(cluster: Cluster) -> None:
    topic = await cluster.create_topic(1)
    producer = producer_of(cluster)
    keys = [b"key-%d" % n for n in range(6)]
    async with running(producer):
        await producer.learn(topic)
        producer.produce(one_by_one(*(record(topic, b"before", key) for key in keys)))
        await cluster.add_partitions(topic, 3)
        client = await producer.ready()
        await until(lambda: client.partitions(topic) == 3)
        await producer.learn(topic)
        assert not producer.unfinished
        after = producer.produce(one_by_one(*(record(topic, b"after", key) for key in keys)))
        await delivered(producer, after)
    stored = await cluster.stored(topic)
    before = [key for key, value, *_ in stored[0] if value == b"before"]
    assert before == keys
    for key in keys:
        held = stored[java_partition(key, 3)]
        assert [stored_key for stored_key, value, *_ in held if value == b"after"].count(key) == 1


async def test_a_topic_that_is_made_anew_is_told_once(cluster: Cluster) -> None:
    """Also when nothing goes there; what is sent after that arrives."""
    topic = await cluster.create_topic()
    told: list[tuple[str, str, str]] = []
    config = a_config(max_request_size=REQUEST)
    producer = Producer(cluster.start, config, recreated=lambda *one: told.append(one))
    async with running(producer):
        await producer.learn(topic)
        await delivered(producer, producer.produce([(record(topic, b"1"),)]))
        await cluster.recreate(topic)
        await until(lambda: bool(told))
        await producer.learn(topic)
        await delivered(producer, producer.produce([(record(topic, b"2"),)]))
    async with running(producer):
        await producer.ready()
        await producer.learn(topic)
    ((name, before, now),) = told
    assert name == topic
    assert before != now
    assert [value for _, value, *_ in (await cluster.stored(topic))[0]] == [b"2"]


async def test_a_topic_that_is_made_anew_between_two_clients_is_told(cluster: Cluster) -> None:
    topic = await cluster.create_topic()
    told: list[tuple[str, str, str]] = []
    config = a_config(max_request_size=REQUEST)
    producer = Producer(cluster.start, config, recreated=lambda *one: told.append(one))
    async with running(producer):
        await producer.learn(topic)
    await cluster.recreate(topic)
    assert told == []
    async with running(producer):
        await until(lambda: bool(told))


async def test_a_producer_that_is_told_to_end_ends_its_client(cluster: Cluster) -> None:
    producer = producer_of(cluster)
    async with running(producer):
        await producer.ready()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await producer.ready()


async def test_every_error_is_one_of_ours(cluster: Cluster) -> None:
    producer = producer_of(cluster)
    async with running(producer) as task:
        await producer.ready()
        producer.fail(RuntimeError("what is this"))
        with pytest.raises(PgTideError, match="what is this"):
            await task
