"""The path on an outbox and a Kafka in memory: how far it reads ahead, and where it stops."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest
import structlog

from pg_tide.buffer import Buffer
from pg_tide.condition import DRY_RUN, Condition
from pg_tide.dry_run import DryRun
from pg_tide.encode import encoder
from pg_tide.errors import Halted
from pg_tide.in_flight import InFlight
from pg_tide.metrics import Meter, Metrics
from pg_tide.outbox import Outbox
from pg_tide.pace import Pace
from pg_tide.pipeline import Pipeline
from pg_tide.producer import Producer
from pg_tide.route import Router
from pg_tide.stages import Stages
from pg_tide.testing import FakeKafka, FakeOutbox
from pg_tide.testing.kafka import FakeBatch, FakeClient, not_authorized
from pg_tide.transform import Transform
from pg_tide.wakeup import Sleeper
from tests.fixtures.memory_relay import Deaf, a_lease
from tests.fixtures.messages import a_config


class Path:
    """A pipeline with these options, and both its ends."""

    def __init__(self, kafka: FakeKafka | None = None, **options: object) -> None:
        self.config = a_config(**options)
        self.outbox = FakeOutbox()
        self.kafka = kafka or FakeKafka()
        self.kafka.create_topic("orders")
        self.conditions: list[Condition] = []
        self.metrics = Metrics()
        self.pipeline = self.built()

    def built(self, **options: object) -> Pipeline:
        """A pipeline from where the position stands, with these options changed."""
        config = self.config = self.config.model_copy(update=options)
        self.outbox = self.outbox.take_over()
        router = Router(config, "orders")
        made = Producer(self.kafka.start, config, router.configured_topics)
        return Pipeline(
            name="p",
            config=config,
            outbox=cast("Outbox", self.outbox),
            stages=Stages(Transform(config), router, encoder(config)),
            producer=DryRun("p", config) if config.dry_run else made,
            in_flight=InFlight(Buffer(10_000_000), config.max_in_flight),
            sleeper=Sleeper(Deaf(), 1, a_lease()),
            meter=Meter(self.metrics, "p", "orders"),
            report=self.conditions.append,
        )

    @property
    def producer(self) -> Producer:
        """The producer that it has unless it is a dry run."""
        return cast("Producer", self.pipeline.producer)

    def publish(self, *payloads: object, key: str | None = None) -> list[int]:
        """Publish messages; their ids."""
        return [self.outbox.publish(json.dumps(each).encode(), key=key) for each in payloads]

    def stored(self, topic: str = "orders") -> list[object]:
        """The payloads that a topic of one partition holds."""
        return [json.loads(one[1]) for one in self.kafka.topics[topic].partitions[0]]

    def counted(self, metric: str) -> float:
        """The value of a metric."""
        found = self.metrics.registry.get_sample_value(
            f"pg_tide_{metric}", {"pipeline": "p", "outbox": "orders"}
        )
        return found or 0.0


@contextlib.asynccontextmanager
async def running(path: Path) -> AsyncIterator[asyncio.Task[None]]:
    """Run a pipeline, and stop it in order unless it has ended."""
    task = asyncio.create_task(path.pipeline.run())
    yield task
    path.pipeline.stopping.set()
    async with asyncio.timeout(10):
        await asyncio.wait({task})


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Return once something is so, of which nobody is told."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.001)


async def goes_on() -> None:
    """Let it go as far as it can for now."""
    for _ in range(200):
        await asyncio.sleep(0)


class Watched(FakeKafka):
    """Takes note of how many records were under way whenever a batch came."""

    def __init__(self) -> None:
        super().__init__()
        self.unfinished: Callable[[], int] = int
        self.seen: list[int] = []

    def take(self, *what: Any) -> None:
        self.seen.append(self.unfinished())
        super().take(*what)


@pytest.mark.parametrize(("wait_for_ack", "most"), [(True, 5), (False, 20)])
async def test_a_page_waits_for_the_acknowledgement_of_all_before_it(
    wait_for_ack: bool, most: int
) -> None:
    kafka = Watched()
    path = Path(kafka, wait_for_ack=wait_for_ack, batch_size=5)
    kafka.unfinished = lambda: path.producer.unfinished
    path.publish(*range(20))
    kafka.answering.clear()
    async with running(path):
        await until(lambda: path.producer.unfinished == most)
        await goes_on()
        kafka.answering.set()
        await until(lambda: len(path.stored()) == 20)
    assert path.stored() == list(range(20))
    assert max(kafka.seen) == most


async def test_nothing_lingers_that_the_next_page_waits_for() -> None:
    path = Path(wait_for_ack=True, batch_size=5, linger_ms=60_000)
    path.kafka.create_topic("orders", 4)  # a page fills no partition's batch
    path.publish(*range(18))

    def arrived() -> list[int]:
        return sorted(
            int(one[1]) for held in path.kafka.topics["orders"].partitions for one in held
        )

    async with running(path):
        await until(lambda: len(arrived()) == 15, 5)
        await goes_on()
        assert len(arrived()) == 15
    assert arrived() == list(range(18))


async def test_nothing_lingers_when_no_more_may_be_polled() -> None:
    path = Path(linger_ms=60_000, max_in_flight=10, commit_interval_ms=0)
    path.publish(*range(100))
    async with running(path):
        await until(lambda: len(path.stored()) == 100, 5)
    assert path.stored() == list(range(100))


async def test_nothing_lingers_when_it_is_told_to_stop() -> None:
    path = Path(linger_ms=60_000)
    path.publish(1, 2, 3)
    async with running(path):
        await until(lambda: path.producer.unfinished == 3)
        assert path.stored() == []
    assert path.stored() == [1, 2, 3]
    assert path.outbox.written.delivered == 3


async def test_it_reads_no_further_ahead_than_its_rate_allows() -> None:
    """When Kafka is back, what waited would all go at once."""
    path = Path(rate_limit=100)
    path.publish(*range(500))
    fast = iter(range(1_000_000))
    path.pipeline.pace = Pace(100, clock=lambda: float(next(fast)))
    path.kafka.answering.clear()
    async with running(path):
        await until(lambda: path.pipeline.in_flight.messages > 100)
        await goes_on()
        assert path.pipeline.in_flight.messages <= 130
        path.kafka.answering.set()
        await until(lambda: len(path.stored()) == 500)


async def test_it_polls_no_more_than_may_go() -> None:
    path = Path(rate_limit=40)  # portions of two
    path.publish(*range(8))
    async with running(path):
        await until(lambda: len(path.stored()) == 8, 5)
    assert path.stored() == list(range(8))
    assert path.counted("batch_messages_count") >= 2


async def test_a_stop_does_not_wait_for_the_rate() -> None:
    path = Path(rate_limit=1)
    path.publish(*range(10))
    began = asyncio.get_running_loop().time()
    async with running(path):
        await until(lambda: path.outbox.written.delivered == 1)
    assert asyncio.get_running_loop().time() - began < 0.9
    assert path.stored() == [0]


async def test_what_the_filter_drops_does_not_count_against_the_rate() -> None:
    path = Path(rate_limit=1, transform={"filter": "payload == `100`"})
    path.publish(*range(101))
    began = asyncio.get_running_loop().time()
    async with running(path):
        await until(lambda: len(path.stored()) == 1)
    assert asyncio.get_running_loop().time() - began < 1
    assert path.stored() == [100]


async def test_a_dry_run_moves_nothing_and_repeats_nothing() -> None:
    path = Path(dry_run=True)
    path.publish(*range(5))
    with structlog.testing.capture_logs() as told:
        await rehearsed(path)
    assert sum(line["event"] == "would go" for line in told) == 7
    path.pipeline = path.built(dry_run=False)
    async with running(path):
        await until(lambda: path.outbox.written.delivered == 7)
    assert path.stored() == list(range(7))


async def rehearsed(path: Path) -> None:
    """Have a dry run go through five messages, and two that come later."""
    async with running(path):
        await until(lambda: path.counted("messages_polled_total") == 5)
        path.publish(5, 6)
        await until(lambda: path.counted("messages_polled_total") == 7)
        await goes_on()
    assert path.counted("messages_polled_total") == 7
    assert path.counted("messages_delivered_total") == 0
    assert path.outbox.written.delivered == 0
    assert path.pipeline.in_flight.messages == 0
    assert path.kafka.clients == []
    assert path.conditions == [DRY_RUN] * len(path.conditions) != []


async def test_a_dry_run_halts_where_the_pipeline_would() -> None:
    path = Path(dry_run=True, headers={"kind": "{payload.kind}"}, dead_letter={"policy": "halt"})
    *_, culprit = path.publish({"kind": "a"}, {"kind": "b"}, {})
    with pytest.raises(Halted, match=f"message {culprit} ") as halted:
        async with asyncio.timeout(10):
            await path.pipeline.run()
    assert "payload.kind" in halted.value.message
    assert path.outbox.written.delivered == 0


def a_payload(n: int) -> dict[str, object]:
    """Every tenth goes to the topic `elsewhere`, the 600th to one that may not be written."""
    return {"n": n, "topic": "sealed" if n == 600 else "elsewhere" if n % 10 == 0 else "orders"}


def one_that_may_not_be_written() -> tuple[Path, int]:
    """A path with a thousand messages, one of which can not go; that one's id."""
    path = Path(topic="{payload.topic}", dead_letter={"policy": "halt"})
    for name in ("sealed", "elsewhere"):
        path.kafka.create_topic(name)
    path.kafka.sealed.add("sealed")
    return path, path.publish(*map(a_payload, range(1000)))[600]


def numbers(path: Path, topic: str) -> list[int]:
    """What of them a topic holds."""
    return [cast("dict[str, int]", one)["n"] for one in path.stored(topic)]


@pytest.mark.parametrize("held", [False, True])
async def test_it_halts_before_a_message_whose_topic_may_not_be_written(held: bool) -> None:
    """That shows only when it is sent: others are under way, before it and behind."""
    path, culprit = one_that_may_not_be_written()
    if held:
        path.kafka.answering.clear()
        asyncio.get_running_loop().call_later(0.05, path.kafka.answering.set)
    with pytest.raises(Halted, match=f"message {culprit} ") as halted:
        async with asyncio.timeout(10):
            await path.pipeline.run()
    assert halted.value.reason == "topic_not_authorized"
    assert '"sealed"' in halted.value.message
    assert path.outbox.written.delivered == 600
    assert set(numbers(path, "orders")) >= {n for n in range(600) if n % 10}
    assert numbers(path, "sealed") == []

    path.kafka.sealed.clear()
    path.pipeline = path.built()
    async with running(path):
        await until(lambda: path.outbox.written.delivered == 1000)
    assert numbers(path, "sealed") == [600]
    for topic in ("orders", "elsewhere"):
        arrived = numbers(path, topic)
        expected = [n for n in range(1000) if a_payload(n)["topic"] == topic]
        # What stood before it went once; what stood behind it may have gone already.
        before = [n for n in expected if n < 600]
        assert arrived[: len(before)] == before
        assert arrived[-len(expected) + len(before) :] == expected[len(before) :]


class Uneven(FakeClient):
    """Hears at once that a topic may not be written, and late of `elsewhere`."""

    async def send(self, batch: FakeBatch, topic: str, partition: int) -> None:
        if topic in self._kafka.sealed:
            raise not_authorized(topic)
        if topic == "elsewhere":
            await self._kafka.answering.wait()
        self._kafka.topics[topic].partitions[partition] += batch.records


class UnevenKafka(FakeKafka):
    """Brokers whose clients are that."""

    async def start(self) -> FakeClient:
        self.clients.append(Uneven(self))
        return self.clients[-1]


async def test_it_halts_there_when_all_before_it_is_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also what stands before it among the messages that were prepared together."""
    monkeypatch.setattr("pg_tide.producer.ANSWERS_WITHIN", 0.05)
    path = Path(UnevenKafka(), topic="{payload.topic}", dead_letter={"policy": "halt"})
    for name in ("sealed", "elsewhere"):
        path.kafka.create_topic(name)
    path.kafka.sealed.add("sealed")
    topics = ["orders"] * 500 + ["elsewhere"] * 100 + ["sealed"] + ["orders"] * 100
    ids = path.publish(*({"n": n, "topic": topic} for n, topic in enumerate(topics)))
    path.kafka.answering.clear()
    running = asyncio.create_task(path.pipeline.run())
    await until(lambda: path.outbox.written.delivered == 500)
    await until(lambda: len(path.kafka.clients) > 1)  # the one after the refusal
    await goes_on()
    assert not running.done()
    assert path.outbox.written.delivered == 500
    path.kafka.answering.set()
    with pytest.raises(Halted, match=f"message {ids[600]} "):
        async with asyncio.timeout(10):
            await running
    assert path.outbox.written.delivered == 600
    assert numbers(path, "elsewhere")[-100:] == list(range(500, 600))


async def test_it_halts_there_also_while_it_stops() -> None:
    path, culprit = one_that_may_not_be_written()
    path.kafka.answering.clear()
    running = asyncio.create_task(path.pipeline.run())
    await until(lambda: path.counted("messages_polled_total") == 1000)
    await goes_on()
    path.pipeline.stopping.set()
    await goes_on()
    path.kafka.answering.set()
    with pytest.raises(Halted, match=f"message {culprit} "):
        async with asyncio.timeout(10):
            await running
    assert path.outbox.written.delivered == 600
