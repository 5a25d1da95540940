"""A producer between two clients: what is under way when one ends and the next begins."""

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import chain

import pytest

from pg_tide.errors import FatalError, LeaseLost, MessageError, PgTideError, TransientError
from pg_tide.kafka import Topic
from pg_tide.message import Record
from pg_tide.partition import java_partition
from pg_tide.producer import Client, Producer
from pg_tide.testing import FakeKafka
from pg_tide.testing.kafka import FakeClient
from pg_tide.topics import TOPIC_CHANGED
from pg_tide.topics.refused import REFUSED_FOR
from tests.fixtures.messages import a_config

AWAY = TransientError("the broker went away", reason="kafka_unreachable")


def producer_of(
    start: Callable[[], Awaitable[Client]], *configured: str, **options: object
) -> Producer:
    """A producer through these clients, whose configuration names these topics."""
    config = a_config(**{"retry_backoff_ms": 1, **options})
    return Producer(start, config, frozenset(configured))


@contextlib.asynccontextmanager
async def running(producer: Producer) -> AsyncIterator[asyncio.Task[None]]:
    """Run a producer until it fails, or the block ends."""
    task = asyncio.create_task(producer.run())
    await producer.ready()
    yield task
    task.cancel()
    await asyncio.wait({task})


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pg_tide.producer.ANSWERS_WITHIN", 0.05)


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
    async with running(producer_of(kafka.start)):
        pass
    assert (kafka.clients[0].closed, kafka.clients[0].ended) == (True, False)


async def test_a_client_with_a_batch_under_way_is_ended_for_good(kafka: FakeKafka) -> None:
    producer = producer_of(kafka.start)
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

    producer = producer_of(start)
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

    producer = producer_of(start)
    with pytest.raises(TransientError):
        await producer.run()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await producer.ready()


async def test_a_second_failure_of_one_client_changes_nothing(kafka: FakeKafka) -> None:
    producer = producer_of(kafka.start)
    async with running(producer) as task:
        producer.fail(AWAY)
        producer.fail(ValueError("later"))
        with pytest.raises(PgTideError, match="went away"):
            await task
    producer.fail(ValueError("when nobody runs"))


async def test_a_topic_that_grows_goes_on_through_the_client_in_use(kafka: FakeKafka) -> None:
    """Its old partitions drain through a later client than the one that was asked."""
    producer = producer_of(kafka.start)
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
        async def topic(self, name: str, *, patient: bool = True) -> Topic:
            if self is kafka.clients[0]:
                asked.set()
                await may_answer.wait()
                raise AWAY
            return await super().topic(name, patient=patient)

    async def start() -> Client:
        kafka.clients.append(Asked(kafka))
        return kafka.clients[-1]

    producer = producer_of(start)
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
        async def topic(self, name: str, *, patient: bool = True) -> Topic:
            asked.set()
            await may_answer.wait()
            return await super().topic(name, patient=patient)

    async def start() -> Client:
        return Asked(kafka)

    producer = producer_of(start)
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
    producer = producer_of(kafka.start)
    async with running(producer) as task:
        await producer.learn("t")
        kafka.answering.clear()
        producer.produce([(record(key=b"%d" % n),) for n in range(10)])
        producer.fail(AWAY)
        with pytest.raises(TransientError):
            await task
    kafka.answering.set()
    kafka.create_topic("t", partitions=1)
    with pytest.raises(TransientError, match="1 partitions, not 3") as changed:
        await producer.run()
    assert changed.value.reason == TOPIC_CHANGED
    assert kafka.clients[-1].ended


async def test_what_was_learned_of_a_topic_outlives_its_client(kafka: FakeKafka) -> None:
    producer = producer_of(kafka.start)
    async with running(producer) as task:
        await producer.learn("t")
        producer.fail(AWAY)
        with pytest.raises(TransientError):
            await task
    async with running(producer):
        assert producer.limits.check(record()) > 0
        producer.produce([(record(),)])
        await settle()
    assert values(kafka) == [[b"v"]]


@pytest.mark.parametrize("away", [False, True])
async def test_a_record_is_measured_whether_a_client_is_there_or_not(
    kafka: FakeKafka, away: bool
) -> None:
    kafka.create_topic("small", max_bytes=500)
    producer = producer_of(kafka.start)
    async with running(producer) as task:
        await producer.learn("small")
        if away:
            producer.fail(AWAY)
            with pytest.raises(TransientError):
                await task
        with pytest.raises(PgTideError, match=r"max\.message\.bytes"):
            producer.limits.check(Record("small", None, b"x" * 600, [], 1))


async def test_a_missing_topic_is_created_where_that_is_wanted(kafka: FakeKafka) -> None:
    kafka.default_partitions = 3
    producer = producer_of(kafka.start, "a", auto_create_topics=True)
    for name in ("a", "rendered"):
        async with running(producer):
            await producer.learn(name)
        assert len(kafka.topics[name].partitions) == 3
    producer = producer_of(kafka.start, auto_create_topics=True, num_partitions=7)
    async with running(producer):
        await producer.learn("b")
        await producer.learn("t")
    assert (len(kafka.topics["b"].partitions), len(kafka.topics["t"].partitions)) == (7, 1)


async def test_a_topic_deleted_under_way_is_created_again_where_that_is_wanted(
    kafka: FakeKafka,
) -> None:
    producer = producer_of(kafka.start, auto_create_topics=True)
    async with running(producer) as task:
        await producer.learn("t")
        kafka.answering.clear()
        producer.produce([(record(),)])
        producer.fail(AWAY)
        with pytest.raises(TransientError):
            await task
    del kafka.topics["t"]
    kafka.answering.set()
    async with running(producer):
        await producer.drained()
    assert values(kafka) == [[b"v"]]


async def test_a_new_topic_that_no_broker_shows_yet_is_waited_for(kafka: FakeKafka) -> None:
    class Late(FakeClient):
        asked = 0

        async def topic(self, name: str, *, patient: bool = True) -> Topic:
            self.asked += 1
            if self.asked < 4:
                raise TransientError("not yet", reason="topic_missing")
            return await super().topic(name, patient=patient)

    async def start() -> Client:
        return Late(kafka)

    producer = producer_of(start, auto_create_topics=True)
    async with running(producer):
        await producer.learn("rendered")
        producer.produce([(Record("rendered", None, b"v", [], 1),)])
        await producer.drained()
    assert [one[1] for one in kafka.topics["rendered"].partitions[0]] == [b"v"]


@pytest.mark.parametrize("name", ["configured", "rendered"])
async def test_a_topic_that_can_not_be_created_is_no_messages_fault(
    kafka: FakeKafka, name: str
) -> None:
    """Three copies with one broker: that is the configuration's."""
    options = {"auto_create_topics": True, "replication_factor": 3}
    producer = producer_of(kafka.start, "configured", **options)
    async with running(producer) as task:
        learning = asyncio.create_task(producer.learn(name))
        with pytest.raises(FatalError) as failed:
            await task
        assert failed.value.reason == "topic_creation_refused"
        assert not learning.done()
        learning.cancel()


async def test_a_partition_that_a_topic_has_not_is_the_pipelines_failure(kafka: FakeKafka) -> None:
    producer = producer_of(kafka.start, "t", partition_fallback="2")
    async with running(producer) as task:
        learning = asyncio.create_task(producer.learn("t"))
        with pytest.raises(FatalError, match="partition_fallback is 2") as failed:
            await task
        assert failed.value.reason == "partition_missing"
    kafka.add_partitions("t", 3)
    async with running(producer):
        await learning
        producer.produce([(record(),)])
        await producer.drained()
    assert values(kafka) == [[], [], [b"v"]]


@pytest.mark.parametrize("partitioner", ["murmur2", "crc32", "round_robin", "random"])
async def test_a_partitioner_says_where_records_go(kafka: FakeKafka, partitioner: str) -> None:
    kafka.create_topic("t", 5)
    producer = producer_of(kafka.start, partitioner=partitioner)
    keys = [b"%d" % n for n in range(100)]
    async with running(producer):
        await producer.learn("t")
        producer.produce([(record(key, key),) for key in keys])
        await producer.drained()
    found = values(kafka)
    assert sorted(chain.from_iterable(found)) == sorted(keys)
    expected = {
        "murmur2": lambda key: java_partition(key, 5),
        "crc32": lambda key: zlib.crc32(key) % 5,
        "round_robin": lambda key: int(key) % 5,
    }
    if partitioner in expected:
        for number, held in enumerate(found):
            assert {expected[partitioner](key) for key in held} == {number}
    else:
        assert all(found)


async def test_a_topic_that_grows_waits_for_nothing_that_lingers(kafka: FakeKafka) -> None:
    producer = producer_of(kafka.start, linger_ms=60_000)
    async with running(producer):
        await producer.learn("t")
        producer.produce([(record(b"before", b"k"),)])
        kafka.add_partitions("t", 4)
        async with asyncio.timeout(5):
            await producer.learn("t")
        assert values(kafka)[0] == [b"before"]


async def test_nothing_lingers_when_there_is_a_hurry(kafka: FakeKafka) -> None:
    producer = producer_of(kafka.start, linger_ms=60_000)
    async with running(producer):
        await producer.learn("t")
        producer.produce([(record(),)])
        await settle()
        assert values(kafka) == [[]]
        producer.hurry()
        await settle()
    assert values(kafka) == [[b"v"]]


async def test_a_batch_has_so_many_records(kafka: FakeKafka) -> None:
    producer = producer_of(kafka.start, batch_size=3)
    async with running(producer):
        await producer.learn("t")
        producer.produce([(record(),)] * 10)
        await producer.drained()
        assert kafka.clients[0].batches_sent == 4


@pytest.mark.parametrize("hidden", [True, False])
async def test_a_configured_topic_that_is_not_for_us_fails_the_pipeline(
    kafka: FakeKafka, hidden: bool
) -> None:
    producer = producer_of(kafka.start, "t")
    (kafka.hidden if hidden else kafka.sealed).add("t")
    async with running(producer) as task:
        learning = asyncio.create_task(producer.learn("t"))
        if not hidden:
            await learning
            producer.produce([(record(),)])
        with pytest.raises(FatalError) as failed:
            await task
        assert failed.value.reason == "topic_not_authorized"
    kafka.hidden.clear()
    kafka.sealed.clear()
    async with running(producer):
        await learning
        await producer.drained()
    assert values(kafka) == [[] if hidden else [b"v"]]


async def test_a_rendered_topic_that_may_not_be_read_is_its_messages_error(
    kafka: FakeKafka,
) -> None:
    kafka.hidden.add("t")
    producer = producer_of(kafka.start, "other")
    async with running(producer) as task:
        with pytest.raises(MessageError) as refused:
            await producer.learn("t")
        assert (refused.value.stage, refused.value.reason) == ("produce", "topic_not_authorized")
        assert not task.done()


async def test_a_rendered_topic_that_may_not_be_written_holds_nothing_else_up(
    kafka: FakeKafka,
) -> None:
    """What goes elsewhere goes through the next client; what goes there is refused."""
    kafka.create_topic("sealed")
    kafka.sealed.add("sealed")
    producer = producer_of(kafka.start, "t")
    sealed = Record("sealed", None, b"x", [], 1)
    async with running(producer) as task:
        await producer.learn("t")
        await producer.learn("sealed")
        first = producer.produce([(record(b"1"),), (sealed,), (record(b"2"),)])
        await task
    ((refused, error),) = first.refusals
    assert refused is sealed
    assert (error.stage, error.reason) == ("produce", "topic_not_authorized")
    second = producer.produce([(record(b"3"),)])
    async with running(producer) as task:
        await producer.drained()
        with pytest.raises(MessageError, match='topic "sealed"') as remembered:
            await producer.learn("sealed")
        assert remembered.value.reason == "topic_not_authorized"
        assert not task.done()
    assert (first.done, second.done, producer.unfinished) == (True, True, 0)
    assert values(kafka) == [[b"1", b"2", b"3"]]


async def test_what_is_produced_to_a_topic_that_was_refused_meanwhile_is_refused_too(
    kafka: FakeKafka,
) -> None:
    """It was learned before, for a batch that came later."""
    kafka.sealed.add("t")
    producer = producer_of(kafka.start)
    async with running(producer) as task:
        await producer.learn("t")
        producer.produce([(record(),)])
        await task
    late = producer.produce([(record(),)])
    async with asyncio.timeout(5):
        await producer.run()
    assert late.done
    assert late.refusals[0][1].reason == "topic_not_authorized"


async def test_a_rendered_topic_deleted_under_way_refuses_what_waits(kafka: FakeKafka) -> None:
    producer = producer_of(kafka.start, max_retries=2)
    kafka.create_topic("gone")
    async with running(producer) as task:
        await producer.learn("t")
        await producer.learn("gone")
        kafka.answering.clear()
        delivery = producer.produce([(record(),), (Record("gone", None, b"x", [], 1),)])
        producer.fail(AWAY)
        with pytest.raises(TransientError):
            await task
    del kafka.topics["gone"]
    kafka.answering.set()
    await producer.run()
    ((refused, error),) = delivery.refusals
    assert (refused.topic, error.reason, error.attempts) == ("gone", "topic_missing", 3)
    async with running(producer):
        await producer.drained()
    assert delivery.done
    assert values(kafka) == [[b"v"]]


async def test_a_topic_that_is_gone_is_noticed_before_anything_is_sent_there(
    kafka: FakeKafka,
) -> None:
    kafka.create_topic("gone")
    producer = producer_of(kafka.start, max_retries=0)
    async with running(producer) as task:
        await producer.learn("gone")
        del kafka.topics["gone"]
        with pytest.raises(MessageError, match="gone"):
            await producer.learn("gone")
        await settle()
        assert not task.done()


class Asked(FakeClient):
    """Counts how often it is asked for a topic; from the third time on it is there."""

    asked = 0
    there_at = 3

    async def topic(self, name: str, *, patient: bool = True) -> Topic:
        type(self).asked += 1
        if self.asked == self.there_at:
            self._kafka.create_topic(name)
        return await super().topic(name, patient=patient)


@pytest.fixture
def asked(kafka: FakeKafka, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Awaitable[Client]]:
    """Return what starts such a client."""
    monkeypatch.setattr(Asked, "asked", 0)

    async def start() -> Client:
        return Asked(kafka)

    return start


async def test_a_topic_that_is_just_being_made_is_asked_for_again(
    asked: Callable[[], Awaitable[Client]],
) -> None:
    producer = producer_of(asked, max_retries=2)
    async with running(producer):
        await producer.learn("new")
    assert Asked.asked == 3


async def test_a_missing_topic_is_remembered_and_asked_for_anew_after_a_while(
    asked: Callable[[], Awaitable[Client]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of messages may name it: they are told at once."""
    monkeypatch.setattr(Asked, "there_at", 5)
    now = 1000.0
    config = a_config(retry_backoff_ms=1, max_retries=2)
    producer = Producer(asked, config, clock=lambda: now)
    async with running(producer):
        for _ in range(3):
            with pytest.raises(MessageError) as missing:
                await producer.learn("new")
            assert (missing.value.reason, missing.value.attempts) == ("topic_missing", 3)
        assert Asked.asked == 3
        now += REFUSED_FOR
        with pytest.raises(MessageError) as missing:
            await producer.learn("new")
        assert (Asked.asked, missing.value.attempts) == (4, 1)
        now += REFUSED_FOR
        await producer.learn("new")
        assert Asked.asked == 5


async def test_two_that_ask_for_one_topic_have_the_same_lanes(kafka: FakeKafka) -> None:
    """Or two batches of a partition could be under way at once."""
    may_answer = [asyncio.Event(), asyncio.Event()]
    waiting = iter(may_answer)

    class Slow(FakeClient):
        async def topic(self, name: str, *, patient: bool = True) -> Topic:
            await next(waiting).wait()
            return await super().topic(name, patient=patient)

    async def start() -> Client:
        return Slow(kafka)

    producer = producer_of(start)
    async with running(producer):
        first, second = (asyncio.create_task(producer.learn("t")) for _ in range(2))
        await settle()
        kafka.answering.clear()
        may_answer[0].set()
        await first
        producer.produce([(record(b"1"),)])
        may_answer[1].set()
        await second
        producer.produce([(record(b"2"),)])
        await settle()
        assert producer.unfinished == 2
        assert kafka.most_under_way == 1
        kafka.answering.set()
        await producer.drained()
    assert values(kafka) == [[b"1", b"2"]]


async def test_of_many_missing_topics_each_is_asked_for_once(
    asked: Callable[[], Awaitable[Client]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are no topics that are just being made; a pipeline would stand still for minutes."""
    monkeypatch.setattr(Asked, "there_at", 0)
    now = 1000.0
    config = a_config(retry_backoff_ms=1, max_retries=4)
    producer = Producer(asked, config, frozenset({"t"}), clock=lambda: now)
    counts = []
    async with running(producer):
        for name in [*(f"new-{n}" for n in range(5)), "later"]:
            if name == "later":
                now += REFUSED_FOR
            before = Asked.asked
            with pytest.raises(MessageError):
                await producer.learn(name)
            counts.append(Asked.asked - before)
    assert counts == [5, 5, 5, 1, 1, 5]


async def test_one_bad_record_is_refused_and_its_client_replaced_at_once(kafka: FakeKafka) -> None:
    kafka.bad_values.add(b"7")
    producer = producer_of(kafka.start)
    delivery = None
    for _ in range(20):
        async with running(producer) as task:
            if delivery is None:
                await producer.learn("t")
                delivery = producer.produce([(record(b"%d" % n),) for n in range(16)])
            drained = asyncio.create_task(producer.drained())
            await asyncio.wait({task, drained}, return_when=asyncio.FIRST_COMPLETED)
            if drained.done() and not task.done():
                break
            await task
    assert delivery is not None
    assert [record.value for record, _ in delivery.refusals] == [b"7"]
    assert delivery.done
    assert values(kafka) == [[b"%d" % n for n in range(16) if n != 7]]
    assert all(client.ended for client in kafka.clients[:-1])


async def test_a_refusal_is_told_when_no_record_is_under_way(kafka: FakeKafka) -> None:
    """Until its client has ended, others may be: what waits for it can be withdrawn then."""
    kafka.bad_values.add(b"bad")
    producer = producer_of(kafka.start)
    behind = record(b"behind")
    async with running(producer) as task:
        await producer.learn("t")
        first = producer.produce([(record(b"bad"),)])
        second = producer.produce([(behind,), (record(b"other"),)])
        told: list[bool] = []
        first.on_done = lambda: told.append(kafka.clients[0].ended)
        await task
    assert told == [True]
    assert producer.withdraw([behind]) == {id(behind)}
    assert producer.withdraw([]) == set()
    assert second.pending == 1
    async with running(producer):
        await producer.drained()
    assert second.done
    assert values(kafka) == [[b"other"]]


async def test_all_that_is_under_way_gets_its_answer_before_a_client_ends(
    kafka: FakeKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or what brokers have just taken would be sent again."""
    monkeypatch.setattr("pg_tide.producer.ANSWERS_WITHIN", 5.0)
    kafka.create_topic("t", 4)
    producer = producer_of(kafka.start, partitioner="round_robin")
    by = [record(b"%d" % n, b"%d" % n) for n in range(4)]
    async with running(producer) as task:
        await producer.learn("t")
        kafka.answering.clear()
        producer.produce([(one,) for one in by])
        producer.produce([(record(b"later-%d" % n, b"%d" % n),) for n in range(4)])
        await settle()
        producer.fail(AWAY)
        await settle()
        assert not task.done()
        kafka.answering.set()
        with pytest.raises(TransientError):
            await task
    assert values(kafka) == [[b"%d" % n] for n in range(4)]
    async with running(producer):
        await producer.drained()
    assert values(kafka) == [[b"%d" % n, b"later-%d" % n] for n in range(4)]


async def test_who_has_lost_the_lease_waits_for_no_answer(
    kafka: FakeKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pg_tide.producer.ANSWERS_WITHIN", 3600.0)
    kafka.bad_values.add(b"bad")
    kafka.create_topic("t", 2)
    producer = producer_of(kafka.start, partitioner="round_robin")
    async with running(producer) as task:
        await producer.learn("t")
        kafka.answering.clear()
        producer.produce([(record(key=b"0"),), (record(b"bad", b"1"),)])
        await settle()
        producer.fail(LeaseLost("another relay has it"))
        producer.fail(MessageError("it is bad", stage="produce"))
        with pytest.raises(LeaseLost):
            async with asyncio.timeout(5):
                await task
    assert values(kafka) == [[], []]


async def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(kafka: FakeKafka) -> None:
    producer = producer_of(kafka.start)
    async with running(producer) as task:
        await producer.learn("t")
        kafka.answering.clear()
        producer.produce([(record(),)])
        await settle()
        producer.fail(AWAY)
        with pytest.raises(TransientError):
            async with asyncio.timeout(5):
                await task
    assert producer.unfinished == 1


async def test_a_topic_that_a_broker_does_not_know_for_a_moment_is_not_given_up(
    kafka: FakeKafka,
) -> None:
    """As one that has just started: the next client asks again."""
    kafka.refusals.append(TransientError("who?", reason="topic_missing"))
    producer = producer_of(kafka.start)
    async with running(producer) as task:
        await producer.learn("t")
        delivery = producer.produce([(record(),)])
        with pytest.raises(TransientError, match="who"):
            await task
    async with running(producer):
        await producer.drained()
    assert delivery.done
    assert values(kafka) == [[b"v"]]


async def test_a_topic_that_takes_less_by_now_gets_smaller_batches(kafka: FakeKafka) -> None:
    producer = producer_of(kafka.start)
    async with running(producer) as task:
        await producer.learn("t")
        assert producer.limits.check(record(b"x" * 400)) > 400
        kafka.answering.clear()
        delivery = producer.produce([(record(b"%d" % n * 50),) for n in range(10)])
        producer.fail(AWAY)
        with pytest.raises(TransientError):
            await task
    kafka.topics["t"].max_bytes = 300
    kafka.answering.set()
    async with running(producer):
        await producer.drained()
        with pytest.raises(MessageError, match=r"max\.message\.bytes"):
            producer.limits.check(record(b"x" * 400))
    assert delivery.done
    assert values(kafka) == [[b"%d" % n * 50 for n in range(10)]]
