"""Options of producing and operation: what each changes, seen on the wire and on the broker's disk.

Every test runs its pipelines side by side in one relay, from one outbox to topics of their own.
"""

import asyncio
import json
import signal
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from pg_tide.demo.ports import free_port
from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.relay_process import RelayProcess, until
from tests.fixtures.tail import Tail
from tests.fixtures.tapped_kafka import TappedKafka
from tests.fixtures.topics import add_partitions, read_all
from tests.fixtures.wiretap import INIT_PRODUCER_ID, METADATA, PRODUCE, Wiretap

PUBLISH = """
SELECT count(tide.outbox_publish('orders', jsonb_build_object('n', n, 'text', $2::text)))
FROM generate_series($3::int, $3::int + $1::int - 1) n
"""
WORDS = " ".join(f"order {number * 7919 % 997} of {number * 31 % 89}" for number in range(40))


@pytest.fixture(scope="module")
def kafka_server(tapped_kafka: TappedKafka) -> str:
    """The broker of these tests; for tests themselves, its plain-text listener."""
    return tapped_kafka.server.brokers


class Pipelines:
    """Pipelines from one outbox, each to a topic of its own."""

    def __init__(self, operator: Operator, topics: TopicFactory) -> None:
        self.operator = operator
        self.topics: dict[str, str] = {}
        self._new_topic = topics

    async def add(self, name: str, partitions: int = 1, **options: Any) -> str:
        """Set a pipeline; its topic."""
        topic = self.topics[name] = self._new_topic(partitions)
        await self.operator.configure(topic, pipeline=name, **options)
        return topic

    async def publish(self, count: int, text: str = "", begin: int = 0) -> None:
        """Publish messages with numbers, in one transaction."""
        await self.operator.run(PUBLISH, count, text, begin)

    async def delivered(self, *names: str) -> None:
        """Wait until nothing is pending in these, or in any."""
        for name in names or self.topics:
            await self.operator.delivered(name)

    async def numbers(self, name: str) -> list[int]:
        """What a pipeline has delivered, in order."""
        found = await asyncio.to_thread(read_all, self.operator.brokers, self.topics[name])
        return [json.loads(one.value or b"")["n"] for one in found]


@pytest.fixture
def pipelines(operator: Operator, topic: TopicFactory) -> Pipelines:
    """Return no pipelines yet."""
    return Pipelines(operator, topic)


async def test_what_brokers_are_asked_for(
    pipelines: Pipelines, relay: StartRelay, tapped_kafka: TappedKafka, tap: Wiretap
) -> None:
    """Acks, timeout and client id as they stand in requests; whether a producer id is asked for."""
    wanted: dict[str, tuple[dict[str, Any], int, int, bool]] = {
        "default": ({}, -1, 30_000, True),
        "none": ({"acks": 0}, 0, 30_000, False),
        "leader": ({"acks": "1", "request_timeout_ms": 4321}, 1, 4321, False),
        "all": ({"acks": "all", "idempotent": False}, -1, 30_000, False),
        "curious": ({"metadata_max_age_ms": 100}, -1, 30_000, True),
    }
    here: dict[str, Any] = {"brokers": tapped_kafka.tapped}
    for name, (options, *_) in wanted.items():
        await pipelines.add(name, client_id=f"client-{name}", **here, **options)
    await pipelines.publish(100)
    process = relay(pipelines.operator.url)
    await pipelines.delivered()
    asked = len(tap.of("client-curious", METADATA))
    await until_asked(tap, "client-curious", asked + 5)
    for name, (_, acks, timeout_ms, idempotent) in wanted.items():
        produced = tap.of(f"client-{name}", PRODUCE)
        assert {(one.acks, one.timeout_ms) for one in produced} == {(acks, timeout_ms)}, name
        assert bool(tap.of(f"client-{name}", INIT_PRODUCER_ID)) == idempotent, name
        stored = tapped_kafka.batches(pipelines.topics[name])
        assert {one.producer_id >= 0 for one in stored} == {idempotent}, name
        assert await pipelines.numbers(name) == list(range(100)), name
    times = [one.at for one in tap.of("client-curious", METADATA)[-5:]]
    assert max(later - earlier for earlier, later in pairwise(times)) < 1
    assert len(tap.of("client-default", METADATA)) < asked + 5
    await process.stop()


async def until_asked(tap: Wiretap, client_id: str, count: int) -> None:
    """Wait until a client has asked for metadata so often."""

    async def asked() -> bool:
        return len(tap.of(client_id, METADATA)) >= count

    await until(asked)


LEVELS = {"gzip": (1, 9), "lz4": (1, 9), "zstd": (1, 12)}


async def test_batches_as_the_broker_has_them(
    pipelines: Pipelines, relay: StartRelay, tapped_kafka: TappedKafka
) -> None:
    """Codecs, levels, and how much a batch has."""
    count = 400
    # All in one batch: sizes can be compared.
    whole: dict[str, Any] = {"linger_ms": 10_000, "max_in_flight": count}
    codecs = ("none", "gzip", "snappy", "lz4", "zstd")
    for codec in codecs:
        await pipelines.add(codec, compression=codec, **whole)
    for codec, levels in LEVELS.items():
        for level in levels:
            name = f"{codec}-{level}"
            await pipelines.add(name, compression=codec, compression_level=level, **whole)
    await pipelines.add("default")
    await pipelines.add("seven", batch_size=7)
    await pipelines.add("small", compression="none", max_request_size=20_000)
    await pipelines.publish(count, WORDS)
    process = relay(pipelines.operator.url)
    await pipelines.delivered()
    stored = {name: tapped_kafka.batches(topic) for name, topic in pipelines.topics.items()}
    for name, batches in stored.items():
        assert sum(one.records for one in batches) == count, name
        assert await pipelines.numbers(name) == list(range(count)), name
    for name in pipelines.topics:
        codec = {"default": "zstd", "seven": "zstd", "small": "none"}.get(name, name.split("-")[0])
        assert {one.codec for one in stored[name]} == {codec}, name
    size = {name: sum(one.size for one in batches) for name, batches in stored.items()}
    for codec, (least, most) in LEVELS.items():
        assert len(stored[f"{codec}-{least}"]) == len(stored[f"{codec}-{most}"]) == 1
        assert size[f"{codec}-{most}"] < size[f"{codec}-{least}"] < size["none"] / 2, size
    assert max(one.records for one in stored["seven"]) == 7
    assert await process.metric("pg_tide_batch_messages_sum", pipeline="seven") == count
    assert await process.metric("pg_tide_batch_messages_count", pipeline="seven") >= count / 7
    assert max(one.size for one in stored["small"]) <= 20_000
    assert len(stored["small"]) <= 2 * size["none"] / 20_000
    await process.stop()


async def test_a_message_larger_than_max_request_size_can_not_go(
    pipelines: Pipelines, relay: StartRelay
) -> None:
    await pipelines.add("strict", max_request_size=1024, dead_letter={"policy": "halt"})
    await pipelines.add("default")
    await pipelines.publish(1)
    await pipelines.publish(1, "x" * 1024, 1)
    process = relay(pipelines.operator.url)
    await pipelines.operator.reaches("halted", "strict")
    status = await pipelines.operator.status("strict")
    assert "too_large" in status["last_error"]
    assert "max_request_size (1024)" in status["last_error"]
    await pipelines.delivered("default")
    assert await pipelines.numbers("strict") == [0]
    await process.stop()


async def test_a_batch_lingers_to_be_filled(
    pipelines: Pipelines, relay: StartRelay, tapped_kafka: TappedKafka
) -> None:
    linger = 0.6  # seconds
    lingering = await pipelines.add("lingering", linger_ms=round(linger * 1000))
    default = await pipelines.add("default")
    process = relay(pipelines.operator.url)
    await process.ready()
    operator = pipelines.operator
    async with Tail(operator.brokers, lingering) as late, Tail(operator.brokers, default) as soon:
        await pipelines.publish(1)  # everything is warm now
        await late.first(1)
        began = time.time()
        for n in range(1, 11):
            await pipelines.publish(1, begin=n)
        assert time.time() - began < linger
        arrived = (await late.first(11))[1:]
        assert arrived[0].at - began >= linger
        assert (await soon.first(2))[1].at - began < linger
        began = time.time()
        await pipelines.publish(1, begin=11)
        process.send(signal.SIGTERM)  # a stop does not wait for it
        assert await process.ended() == 0
    assert [one.records for one in tapped_kafka.batches(lingering)][:2] == [1, 10]
    relay(operator.url)
    await pipelines.delivered()
    assert await pipelines.numbers("lingering") == list(range(12))


async def test_a_page_waits_for_all_acknowledgements(
    pipelines: Pipelines, relay: StartRelay, tapped_kafka: TappedKafka
) -> None:
    """What lingers would be filled by the next page, were that not to wait."""
    options: dict[str, Any] = {
        "batch_size": 30,
        "linger_ms": 300,
        "partitions": 4,
        "message_key": "{payload.n}",
    }
    await pipelines.add("waiting", wait_for_ack=True, **options)
    await pipelines.add("default", **options)
    await pipelines.publish(300)
    process = relay(pipelines.operator.url)
    await pipelines.delivered()
    most = {}
    for name, topic in pipelines.topics.items():
        assert sorted(await pipelines.numbers(name)) == list(range(300))
        batches = [tapped_kafka.batches(topic, partition) for partition in range(4)]
        assert all(sum(one.records for one in held) > 50 for held in batches)
        most[name] = max(one.records for held in batches for one in held)
    assert most["waiting"] < 20  # of a page of thirty, by four partitions
    assert most["default"] == 30
    await process.stop()


@pytest.mark.alone
async def test_a_pipeline_goes_no_faster_than_its_rate_limit(
    pipelines: Pipelines, relay: StartRelay
) -> None:
    rate, count = 200, 500
    limited = await pipelines.add("limited", rate_limit=rate)
    await pipelines.add("default")
    await pipelines.publish(count)
    process = relay(pipelines.operator.url)
    async with Tail(pipelines.operator.brokers, limited) as tail:
        await tail.first(50)
        held = await process.metric("pg_tide_in_flight_messages", pipeline="limited")
        times = [one.at for one in await tail.first(count)]
        await pipelines.delivered("default")
        # A second's worth may be saved up, and a bit; nothing of it may be lost.
        whole = times[-1] - times[0]
        print(f"{(count - 1) / whole:.0f} messages/s, {held:.0f} in flight")  # noqa: T201
        assert whole == pytest.approx(count / rate, rel=0.2)
        for begin in times:
            assert sum(begin <= at < begin + 0.5 for at in times) <= rate * 0.5 * 1.6
        assert held <= 1.5 * rate
        await pipelines.publish(1000, begin=count)
        await tail.first(count + 100)
        began = time.monotonic()
        await process.stop()
        assert time.monotonic() - began < 3  # not the four seconds of what is left
    assert (await pipelines.numbers("limited"))[:count] == list(range(count))


async def test_no_more_is_in_flight_than_max_in_flight(
    pipelines: Pipelines, relay: StartRelay, tapped_kafka: TappedKafka, tap: Wiretap
) -> None:
    here: dict[str, Any] = {"brokers": tapped_kafka.tapped}
    await pipelines.add("few", max_in_flight=50, **here)
    await pipelines.add("default", **here)
    process = relay(pipelines.operator.url)
    await pipelines.publish(1)
    await pipelines.delivered()
    tap.answering.clear()
    await pipelines.publish(300, begin=1)

    async def in_flight() -> bool:
        found = [
            await process.metric("pg_tide_in_flight_messages", pipeline=name)
            for name in pipelines.topics
        ]
        return found == [50, 300]

    await until(in_flight)
    tap.answering.set()
    await pipelines.delivered()
    for name in pipelines.topics:
        assert await pipelines.numbers(name) == list(range(301))
    await process.stop()


async def test_a_dry_run_tells_and_moves_nothing(pipelines: Pipelines, relay: StartRelay) -> None:
    """Also where there is no broker."""
    operator = pipelines.operator
    nowhere = f"127.0.0.1:{free_port()}"
    options: dict[str, Any] = {
        "headers": {"kind": "{payload.text}"},
        "message_key": "key-{payload.n}",
    }
    name = await pipelines.add("dry", dry_run=True, brokers=nowhere, **options)
    await pipelines.publish(500, "book")
    process = relay(operator.url, "--log-format", "json")
    await process.ready()
    await process.counts("pg_tide_messages_polled_total", 500, pipeline="dry")
    await pipelines.publish(3, "late", 500)
    await process.counts("pg_tide_messages_polled_total", 503, pipeline="dry")
    status = await operator.status("dry")
    assert (status["state"], status["delivered"], status["pending"]) == ("running", 0, 503)
    assert status["last_error"].startswith("dry_run: ")
    assert "dry_run to false" in status["hint"]
    assert await process.metric("pg_tide_messages_delivered_total", pipeline="dry") == 0
    assert await process.metric("pg_tide_in_flight_messages", pipeline="dry") == 0

    async def all_told() -> bool:
        return sum(int(one.get("records", 1)) for one in told(process)) == 503

    await until(all_told)
    lines = told(process)
    assert 3 < len(lines) < 100
    first = lines[0]
    assert (first["topic"], first["key"], first["pipeline"]) == (name, "key-0", "dry")
    assert first["headers"]["kind"] == "book"
    assert json.loads(first["value"]) == {"n": 0, "text": "book"}
    assert await pipelines.numbers("dry") == []
    await operator.configure(name, pipeline="dry", **options)
    await pipelines.delivered()
    assert await pipelines.numbers("dry") == list(range(503))
    status = await operator.status("dry")
    assert (status["delivered"], status["last_error"]) == (503, None)
    await process.stop()


def told(process: RelayProcess) -> list[dict[str, Any]]:
    """What the log says would go."""
    lines = [json.loads(line) for line in process.log.read_text().splitlines()]
    return [line for line in lines if line["event"] in {"would go", "more would go"}]


async def test_the_position_is_written_no_more_often_than_commit_interval(
    pipelines: Pipelines, relay: StartRelay
) -> None:
    seldom, often = 1.0, 0.01  # seconds
    await pipelines.add("seldom", commit_interval_ms=round(seldom * 1000))
    await pipelines.add("often", commit_interval_ms=round(often * 1000))
    process = relay(pipelines.operator.url)
    await process.ready()
    began = time.monotonic()
    for n in range(60):
        await pipelines.publish(1, begin=n)
        await asyncio.sleep(0.02)
    await pipelines.delivered("often")
    took = time.monotonic() - began
    await pipelines.delivered()
    commits = {
        name: await process.metric("pg_tide_stage_seconds_count", pipeline=name, stage="commit")
        for name in pipelines.topics
    }
    assert commits["seldom"] <= took / seldom + 2
    assert commits["often"] > 2 * commits["seldom"]
    await process.stop()


async def test_a_new_group_starts_where_it_is_told(pipelines: Pipelines, relay: StartRelay) -> None:
    operator = pipelines.operator
    await pipelines.publish(5)
    third = await operator.value("SELECT id FROM tide.message WHERE payload ->> 'n' = '3'")
    moment = datetime.now(UTC).isoformat()
    await pipelines.publish(5, begin=5)
    for start_from in ("earliest", "latest", str(third), moment):
        await pipelines.add(start_from, start_from=start_from)
    await pipelines.add("default")
    process = relay(operator.url)
    await pipelines.publish(1, begin=10)
    await pipelines.delivered()
    begins = {"earliest": 0, "latest": 10, str(third): 3, moment: 5, "default": 0}
    for name, begin in begins.items():
        assert await pipelines.numbers(name) == list(range(begin, 11)), name
    await process.stop()


async def test_a_pipeline_runs_where_its_relay_group_does(
    pipelines: Pipelines, relay: StartRelay
) -> None:
    await pipelines.add("elsewhere", relay_group="blue")
    await pipelines.add("default")
    await pipelines.publish(3)
    default = relay(pipelines.operator.url)
    await pipelines.delivered("default")
    assert await pipelines.operator.state("elsewhere") == "not owned"
    blue = relay(pipelines.operator.url, "--relay-group", "blue")
    await pipelines.delivered("elsewhere")
    for process, names in ((default, {"default"}), (blue, {"elsewhere"})):
        series = await process.metrics("pg_tide_messages_polled_total")
        assert {name for name in pipelines.topics if any(name in one for one in series)} == names
    for name in pipelines.topics:
        assert await pipelines.numbers(name) == [0, 1, 2]
    await default.stop()
    await blue.stop()


async def test_waits_between_tries_are_as_long_as_they_say(
    pipelines: Pipelines, relay: StartRelay
) -> None:
    """Outages by retry_backoff, from the shortest to the longest; failures by fatal_retry."""
    operator = pipelines.operator
    nowhere = f"127.0.0.1:{free_port()}"
    waits: dict[str, dict[str, Any]] = {
        "eager": {"retry_backoff_ms": 50, "retry_backoff_max_ms": 100},
        "patient": {"retry_backoff_ms": 60_000, "retry_backoff_max_ms": 60_000},
    }
    for name, options in waits.items():
        await pipelines.add(name, brokers=nowhere, **options)
    for name, wait_ms in (("looking", 200), ("waiting", 0)):
        await pipelines.add(name, fatal_retry_ms=wait_ms, partition_fallback=2)
    await pipelines.publish(3)
    process = relay(operator.url)
    await operator.reaches("retrying", "patient")

    async def tried() -> bool:
        return await process.metric("pg_tide_produce_errors_total", pipeline="eager") >= 20

    await until(tried)
    assert await process.metric("pg_tide_produce_errors_total", pipeline="patient") == 1
    for name in ("looking", "waiting"):
        await operator.reaches("failed", name)
        assert (await operator.status(name))["last_error"].startswith("partition_missing: ")
        await asyncio.to_thread(add_partitions, operator.brokers, pipelines.topics[name], 3)
    await pipelines.delivered("looking")
    assert await operator.state("waiting") == "failed"
    assert (await operator.status("waiting"))["next_retry"] is None
    await operator.run("SELECT tide.relay_enable('waiting')")
    await pipelines.delivered("waiting")
    for name in ("looking", "waiting"):
        found = await asyncio.to_thread(read_all, operator.brokers, pipelines.topics[name])
        assert Counter(one.partition for one in found) == {2: 3}
    await process.stop()
