"""Anything may meet anything: histories drawn from a seed, of runs that differ in every option.

Publishers, an operator, brokers that refuse, stall and grow, and processes that are stopped or
killed: no message is lost, none goes twice unless a process was killed or halted, and keys stay in
order.
"""

import asyncio
import json
import random
from collections import defaultdict
from typing import Any

import pytest

from pg_tide.buffer import Buffer
from pg_tide.errors import Halted, TransientError
from pg_tide.in_flight import InFlight
from pg_tide.testing import FakeKafka
from tests.unit.test_pipeline import Path, until

KEYS = [None, *"abcde"]
OPTIONS: dict[str, list[Any]] = {
    "max_in_flight": [1, 3, 50, 300, 50_000],
    "wait_for_ack": [False, False, False, True],
    "linger_ms": [0, 0, 3, 60_000],
    "commit_interval_ms": [0, 0, 2, 20],
    "rate_limit": [None, None, 20_000],
    "batch_size": [None, None, 1],
    "headers": [{}, {"kind": "{payload.kind}"}, {"kind": "{payload.kind}"}],
}
BUFFERS = [64, 5000, 10_000_000]


class Remembering(FakeKafka):
    """Takes note of all records in the order in which they came."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[tuple[str, bytes | None, int]] = []

    def take(self, client: Any, batch: Any, place: tuple[str, int], n: int) -> None:
        super().take(client, batch, place, n)
        for key, value, *_ in batch.records:
            self.taken.append((place[0], key, json.loads(value)["n"]))


class History:
    """What happens; `kills` says whether processes are killed, and stopped while Kafka is away."""

    def __init__(self, seed: str, policies: list[str], *, kills: bool) -> None:
        self.chance = random.Random(seed)
        self.policies = policies
        self.kills = kills
        self.kafka = Remembering()
        for name, partitions in (("t-0", 3), ("t-1", 1), ("t-2", 2)):
            self.kafka.create_topic(name, partitions)
        self.path = Path(
            self.kafka, topic="t-{payload.t}", max_retries=1,
            retry_backoff_ms=1, retry_backoff_max_ms=2, fatal_retry_ms=1,
        )  # fmt: skip
        self.published: dict[int, int] = {}
        self.refused: list[bytes] = []
        self.may_repeat = False
        self.build()

    def build(self, **options: Any) -> None:
        """The next run's pipeline, with options drawn anew but for these."""
        drawn = {name: self.chance.choice(values) for name, values in OPTIONS.items()}
        letters = {"policy": self.chance.choice(self.policies), "max_per_minute": 0}
        policy = self.path.config.dead_letter.model_copy(update=letters)
        self.path.pipeline = made = self.path.built(**{"dead_letter": policy, **drawn, **options})
        self.path.outbox.crashes = self.path.outbox.written.crashes
        made.in_flight = InFlight(Buffer(self.chance.choice(BUFFERS)), made.config.max_in_flight)
        made.__post_init__()
        self.kafka.names_them = self.chance.random() < 0.5

    def publish(self) -> None:
        transaction = self.path.outbox.begin()
        for _ in range(self.chance.randint(1, 8)):
            payload: dict[str, object] = {"n": len(self.published), "kind": "a"}
            payload["t"] = self.chance.choices(range(4), [6, 3, 3, 0.3])[0]
            if self.chance.random() < 0.03:
                del payload["kind"]
            value = json.dumps(payload).encode()
            if self.chance.random() < 0.03:
                self.refused.append(value)
                self.kafka.bad_values.add(value)
            message_id = transaction.publish(value, key=self.chance.choice(KEYS))
            self.published[message_id] = len(self.published)
        transaction.commit()

    def decide(self) -> None:
        """Retry or discard a message that waits; have Kafka take one that it did not."""
        waiting = [one for one in self.path.outbox.written.letters if one.state == "waiting"]
        if waiting and self.chance.random() < 0.6:
            ask = self.path.outbox.discard if self.chance.random() < 0.3 else self.path.outbox.retry
            ask(self.chance.choice(waiting).message.id)
            self.path.pipeline.settling.replay.set()
        if self.refused and self.chance.random() < 0.3:
            self.kafka.bad_values.discard(self.chance.choice(self.refused))

    def trouble(self) -> None:
        """Brokers come and go."""
        dice, kafka = self.chance.random(), self.kafka
        if dice < 0.1:
            kafka.refusals.append(TransientError("gone", reason="no_leader"))
        elif dice < 0.15:
            kafka.answering.clear()
        elif dice < 0.5:
            kafka.answering.set()
        elif dice < 0.53:
            kafka.sealed.add("t-2")
        elif dice < 0.6:
            kafka.sealed.clear()
        elif dice < 0.61 and "t-3" not in kafka.topics:
            kafka.create_topic("t-3", 2)
        elif dice < 0.63:
            kafka.add_partitions("t-0", len(kafka.topics["t-0"].partitions) + 1)

    async def run(self) -> None:
        """One process, or one configuration, from its start to its end."""
        task = asyncio.create_task(self.path.pipeline.run())
        for _ in range(self.chance.randint(1, 25)):
            self.publish()
            self.decide()
            self.trouble()
            for _ in range(self.chance.randint(0, 60)):
                await asyncio.sleep(0)
        end = self.chance.choice(["stop", "stop", "kill", "restart"]) if self.kills else "stop"
        self.may_repeat |= end != "stop"
        if end == "kill" and not task.done():
            task.cancel()
            await asyncio.wait({task})
            self.path.outbox = self.path.outbox.crash()
        if end == "stop":
            self.kafka.answering.set()
        self.path.pipeline.impatient = end == "restart"
        self.path.pipeline.stopping.set()
        await self.has_ended(task)

    async def has_ended(self, task: asyncio.Task[None]) -> None:
        """It ends soon; after a halt the next run has what is wrong mended."""
        async with asyncio.timeout(10):
            await asyncio.wait({task})
        halted = not task.cancelled() and isinstance(task.exception(), Halted)
        assert task.cancelled() or halted or task.exception() is None
        self.may_repeat |= halted
        self.kafka.answering.set()
        self.build(**({"headers": {}} if halted else {}))

    async def all_over(self) -> None:
        """Kafka takes everything, and all that waits is tried again, until nothing is left."""
        kafka, path = self.kafka, self.path
        for gone in (kafka.refusals, kafka.bad_values, kafka.sealed):
            gone.clear()
        if "t-3" not in kafka.topics:
            kafka.create_topic("t-3", 2)
        self.policies = ["park_key"]
        self.build(headers={}, commit_interval_ms=0, linger_ms=0)

        def nothing_left() -> bool:
            for one in path.outbox.written.letters:
                if one.state == "waiting":
                    path.outbox.retry(one.message.id)
                    path.pipeline.settling.replay.set()
            letters = path.outbox.written.letters
            return not any(one.unresolved for one in letters) and self.arrived()

        task = asyncio.create_task(path.pipeline.run())
        await until(lambda: task.done() or nothing_left(), 10)
        await until(lambda: task.done() or not path.pipeline.letters.parked)
        path.pipeline.stopping.set()
        await task

    def arrived(self) -> bool:
        ends = {n for *_, n in self.kafka.taken} | set(self.discarded())
        return ends.issuperset(self.published.values())

    def discarded(self) -> list[int]:
        letters = self.path.outbox.written.letters
        return [self.published[one.message.id] for one in letters if one.state == "discarded"]


@pytest.mark.parametrize(
    ("policies", "kills"),
    [
        (["park_key"], False),
        (["park_key"], True),
        (["park_key", "halt"], False),
        (["park_key", "halt"], True),
        (["skip"], False),
        (["skip", "park_key", "halt"], True),
    ],
)
@pytest.mark.parametrize("seed", range(2))
async def test_any_history(policies: list[str], kills: bool, seed: int) -> None:
    history = History(f"{policies}{kills}{seed}", policies, kills=kills)
    for _ in range(8):
        await history.run()
    await history.all_over()
    ends = [n for *_, n in history.kafka.taken] + history.discarded()
    assert set(ends) == set(history.published.values())
    assert history.may_repeat or len(ends) == len(set(ends))
    if "skip" not in policies:
        by_key: defaultdict[tuple[str, bytes], list[int]] = defaultdict(list)
        for topic, key, n in history.kafka.taken:
            if key is not None and n not in by_key[topic, key]:  # repeats aside
                by_key[topic, key].append(n)
        assert all(numbers == sorted(numbers) for numbers in by_key.values())
