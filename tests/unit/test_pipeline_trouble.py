"""Troubles that come together, on an outbox and a Kafka in memory: nothing hangs, or goes twice."""

import asyncio
import json
from typing import Any

import pytest

from pg_tide.caution import ENDS
from pg_tide.errors import Halted
from tests.unit.test_pipeline import Path, goes_on, running, until
from tests.unit.test_pipeline_dead_letters import (
    BAD,
    a_path,
    bad,
    cured,
    delivered,
    good,
    publish,
    states,
)


@pytest.mark.parametrize("max_in_flight", [1, 2, 300])
async def test_a_key_is_released_although_no_more_may_be_in_flight(max_in_flight: int) -> None:
    """What was read, and waits until the key is released, holds all the room there is."""
    path = a_path("park_key", max_in_flight=max_in_flight, commit_interval_ms=0)
    (head,) = publish(path, ("a", bad(0)))
    async with running(path):
        await until(lambda: states(path) == ["waiting"])
    cured(path)
    publish(path, *[("b", good(n)) for n in range(1, 400)])
    async with running(path):
        await until(lambda: len(delivered(path)) > 3)
        path.outbox.retry(head)
        path.pipeline.settling.replay.set()
        await until(lambda: states(path) == ["delivered"])
        await until(lambda: not path.pipeline.letters.parked)
        await until(lambda: len(delivered(path)) == 400)


async def test_what_kafka_refuses_is_not_on_its_way_for_ever() -> None:
    path = Path(rate_limit=100, commit_interval_ms=0, dead_letter={"policy": "skip"})
    path.kafka.bad_values.add(BAD)
    path.kafka.names_them = True
    for _ in range(2):
        for _ in range(10):
            path.outbox.publish(BAD)
    path.publish(1)
    async with running(path):
        await until(lambda: path.stored() == [1], 5)
        assert path.pipeline.pace is not None
        await until(lambda: path.outbox.written.delivered == 1)
        assert path.pipeline.pace.on_way == 0


async def test_what_is_tried_again_is_counted_on_its_way_once() -> None:
    path = a_path("skip", rate_limit=1000, commit_interval_ms=0)
    ids = publish(path, *[(None, bad(n)) for n in range(20)])
    async with running(path):
        await until(lambda: states(path) == ["waiting"] * 20)
    cured(path)
    for each in ids:
        path.outbox.retry(each)
    async with running(path):
        await until(lambda: states(path) == ["delivered"] * 20)
        assert path.pipeline.pace is not None
        assert path.pipeline.pace.on_way == 0


async def test_a_message_that_waits_for_a_client_is_not_taken_for_poison(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pg_tide.caution.SURVIVED", 0.01)
    path = Path(max_retries=1)
    path.publish(*range(3))
    start = path.kafka.start
    there = asyncio.Event()

    async def away() -> object:
        await there.wait()
        return await start()

    path.kafka.start = away  # type: ignore[method-assign,assignment]
    for _ in range(6):
        path.outbox = path.outbox.crash()
        path.pipeline = path.built()
        path.outbox.crashes = path.outbox.written.crashes
        path.pipeline.__post_init__()
        task = asyncio.create_task(path.pipeline.run())
        await goes_on()
        if path.outbox.crashes >= ENDS:
            await until(lambda: path.outbox.written.attempt_id is None)
        task.cancel()
        await asyncio.wait({task})
    there.set()
    path.pipeline = path.built()
    async with running(path):
        await until(lambda: path.outbox.written.delivered == 3)
    assert path.outbox.written.letters == []


async def test_nothing_passes_a_message_that_stops_the_pipeline() -> None:
    """Also not what was being looked at when Kafka refused it."""
    path = Path(dead_letter={"policy": "halt"}, batch_size=1, topic="t-{payload.t}")
    path.kafka.create_topic("t-0")
    path.kafka.create_topic("t-1")
    bad_one = json.dumps({"t": 0, "bad": True}).encode()
    path.kafka.bad_values.add(bad_one)
    path.outbox.publish(bad_one, key="a")
    path.publish(*[{"t": 0, "n": n} for n in range(200)], key="a")
    with pytest.raises(Halted):
        await path.pipeline.run()
    assert path.stored("t-0") == []


async def test_messages_tried_again_alone_get_their_turn_under_load() -> None:
    path = a_path("skip")
    ids = publish(path, (None, bad(0)), (None, bad(1)), (None, bad(2)))
    async with running(path):
        await until(lambda: states(path) == ["waiting"] * 3)
    for each in ids:
        path.outbox.retry(each)
    path.outbox = path.outbox.crash()
    cured(path)
    path.outbox.crashes = 1
    path.pipeline.__post_init__()
    stop = asyncio.Event()

    async def keep_publishing() -> None:
        while not stop.is_set():
            publish(path, *[("a", good(9)) for _ in range(20)])
            await asyncio.sleep(0)

    async with running(path):
        publishing = asyncio.create_task(keep_publishing())
        try:
            await until(lambda: states(path) == ["delivered"] * 3, 10)
        finally:
            stop.set()
            await publishing


async def test_nothing_lingers_while_a_key_is_released() -> None:
    path = a_path("park_key", linger_ms=60_000)
    (head,) = publish(path, ("a", bad(0)))
    async with running(path):
        await until(lambda: states(path) == ["waiting"])
    cured(path)
    async with running(path):
        await until(lambda: path.outbox.snapshot_xmin > 0)
        publish(path, ("b", good(1)), ("a", good(2)))
        await until(lambda: path.producer.unfinished == 1)
        path.outbox.retry(head)
        path.pipeline.settling.replay.set()
        await until(lambda: not path.pipeline.letters.parked, 5)
    assert sorted(delivered(path)) == [0, 1, 2]  # type: ignore[type-var]


async def test_a_topic_that_was_created_meanwhile_is_seen_by_what_is_tried_again() -> None:
    path = Path(topic="t-{payload.t}", max_retries=0)
    (message_id,) = path.publish({"t": 1})
    async with running(path):
        await until(lambda: states(path) == ["waiting"])
        path.kafka.create_topic("t-1")
        path.outbox.retry(message_id)
        path.pipeline.settling.replay.set()
        await until(lambda: states(path) == ["delivered"], 3)


async def test_a_pipeline_that_halts_at_poison_tries_it_anew_when_it_is_enabled_again() -> None:
    path = Path(max_retries=1, dead_letter={"policy": "halt"})
    path.publish(1)
    path.outbox.written.attempt_id = 1
    path.outbox.written.attempts = 1
    path.pipeline = path.built()
    with pytest.raises(Halted, match="ended 1 times"):
        await path.pipeline.run()
    path.pipeline = path.built()
    async with running(path):
        await until(lambda: path.stored() == [1], 3)


async def test_a_message_that_waits_when_the_pipeline_stops_is_not_taken_for_poison() -> None:
    path = Path(max_retries=1)
    path.publish(1)
    path.outbox.written.crashes = ENDS
    path.kafka.answering.clear()
    for _ in range(3):
        path.pipeline = path.built()
        async with running(path):
            await until(lambda: path.producer.unfinished == 1)
            path.pipeline.impatient = True
        assert path.outbox.written.attempts == 0
    path.kafka.answering.set()
    path.pipeline = path.built()
    async with running(path):
        await until(lambda: path.stored() == [1], 3)


def a_record(topic: int, n: int, *, refused: bool = False) -> bytes:
    return json.dumps({"t": topic, "n": n, "refused": refused}).encode()


def a_path_of_two_topics(policy: str, *refused: bytes) -> Path:
    path = Path(topic="t-{payload.t}", dead_letter={"policy": policy}, commit_interval_ms=0)
    path.kafka.create_topic("t-0")
    path.kafka.create_topic("t-1")
    path.kafka.bad_values.update(refused)
    return path


async def test_a_chain_tried_again_keeps_its_order_while_the_pipeline_halts() -> None:
    head, stops = a_record(1, 0, refused=True), a_record(0, 9, refused=True)
    path = a_path_of_two_topics("park_key", head, stops)
    (head_id, *_) = [path.outbox.publish(each, key="a") for each in (head, a_record(1, 1))]
    async with running(path):
        await until(lambda: states(path) == ["waiting", "parked"])
    halt = path.config.dead_letter.model_copy(update={"policy": "halt"})
    path.pipeline = path.built(dead_letter=halt)
    path.outbox.publish(stops)
    path.kafka.answering.clear()
    async with running(path) as task:
        await until(lambda: path.producer.unfinished == 1)
        path.outbox.retry(head_id)
        path.pipeline.settling.replay.set()
        await until(lambda: path.producer.unfinished == 3)
        path.kafka.answering.set()
        with pytest.raises(Halted, match="message 3 "):
            await task
    assert path.stored("t-1") == []
    assert states(path) == ["waiting", "parked"]


async def test_nothing_passes_a_refused_message_while_the_pipeline_stops_impatiently() -> None:
    head = a_record(1, 0, refused=True)
    path = a_path_of_two_topics("park_key", head)
    commit, committing, may_commit = path.outbox.commit, asyncio.Event(), asyncio.Event()

    async def slow_commit(*what: Any) -> set[str]:
        committing.set()
        await may_commit.wait()
        return await commit(*what)

    path.outbox.commit = slow_commit  # type: ignore[method-assign,assignment]
    path.outbox.publish(a_record(0, 5))
    async with running(path):
        await committing.wait()
        path.kafka.answering.clear()
        path.outbox.publish(head, key="a")
        path.outbox.publish(a_record(1, 1), key="a")
        await until(lambda: path.producer.unfinished == 2)
        path.pipeline.impatient = True
        path.pipeline.stopping.set()
        await goes_on()
        path.kafka.answering.set()
        await goes_on()
        may_commit.set()
    assert path.stored("t-1") == []
    assert path.outbox.written.delivered == 1
