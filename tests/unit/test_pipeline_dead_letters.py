"""Messages that can not go, on an outbox and a Kafka in memory: put aside, parked, tried again."""

import asyncio
import json
import random
from collections import defaultdict
from typing import Any

import pytest

from pg_tide.errors import Halted
from tests.unit.test_pipeline import Path, goes_on, running, until

BAD = b'{"bad":true}'


def a_path(policy: str, **options: Any) -> Path:
    """A pipeline that needs the member `kind` of each payload for a header."""
    letters = {"policy": policy, "max_per_minute": options.pop("max_per_minute", 1000)}
    return Path(headers={"kind": "{payload.kind}"}, dead_letter=letters, **options)


def publish(path: Path, *messages: tuple[str | None, object]) -> list[int]:
    """Publish messages by key; those whose payload has no `kind` can not go."""
    return [path.outbox.publish(json.dumps(each).encode(), key=key) for key, each in messages]


def good(n: int) -> dict[str, object]:
    return {"kind": "a", "n": n}


def bad(n: int) -> dict[str, object]:
    return {"n": n}


def delivered(path: Path) -> list[object]:
    """The numbers of all records, in order."""
    return [one["n"] for one in path.stored()]  # type: ignore[index]


def states(path: Path) -> list[str]:
    return [one.state for one in path.outbox.written.letters]


def cured(path: Path) -> None:
    """Have the pipeline need nothing of a payload any more."""
    path.pipeline = path.built(headers={})


async def test_skip_puts_a_message_aside_and_goes_on() -> None:
    path = a_path("skip")
    _, culprit, *_ = publish(path, ("k", good(0)), ("k", bad(1)), ("k", good(2)))
    async with running(path):
        await until(lambda: path.outbox.written.delivered == 2)
    assert delivered(path) == [0, 2]
    (letter,) = path.outbox.written.letters
    assert (letter.message.id, letter.state, letter.parks) == (culprit, "waiting", False)
    assert (letter.error.stage, letter.error.reason) == ("route", "template_value_missing")
    assert path.outbox.written.dead_lettered == 1
    assert not (await path.outbox.poll(1, 1)).messages


async def test_what_was_put_aside_is_tried_again_when_asked() -> None:
    path = a_path("skip")
    first, second = publish(path, (None, bad(0)), (None, bad(1)))
    async with running(path):
        await until(lambda: states(path) == ["waiting"] * 2)
    cured(path)
    path.outbox.retry(second)
    async with running(path):
        await until(lambda: states(path) == ["waiting", "delivered"])
        path.outbox.retry(first)
        path.pipeline.settling.replay.set()
        await until(lambda: states(path) == ["delivered"] * 2)
    assert delivered(path) == [1, 0]


async def test_park_key_parks_its_key_alone() -> None:
    path = a_path("park_key")
    publish(path, ("a", good(0)), ("a", bad(1)), ("a", good(2)), ("b", good(3)), (None, bad(4)))
    publish(path, (None, good(5)), ("a", good(6)))
    async with running(path):
        await until(lambda: path.outbox.written.delivered == 3)
    assert delivered(path) == [0, 3, 5]
    assert [(one.message.key, one.state) for one in path.outbox.written.letters] == [
        ("a", "waiting"), ("a", "parked"), (None, "waiting"), ("a", "parked"),
    ]  # fmt: skip


async def test_a_chain_goes_in_order_before_newer_messages_pass() -> None:
    path = a_path("park_key")
    head, *_ = publish(path, ("a", bad(0)), *[("a", good(n)) for n in range(1, 600)])
    async with running(path):
        await until(lambda: len(states(path)) == 600)
    cured(path)
    async with running(path):
        await until(lambda: path.outbox.snapshot_xmin > 0)
        publish(path, ("a", good(600)))
        path.outbox.retry(head)
        path.pipeline.settling.replay.set()
        publish(path, *[("a", good(n)) for n in range(601, 700)])
        await until(lambda: len(delivered(path)) == 700)
        await until(lambda: not path.pipeline.letters.parked)
        publish(path, ("a", good(700)))
        await until(lambda: len(delivered(path)) == 701)
    assert delivered(path) == list(range(701))
    assert set(states(path)) == {"delivered"}


async def test_a_key_is_released_although_messages_keep_arriving() -> None:
    """Behind the last of a chain there is always another, unless nothing passes for a moment."""
    path = a_path("park_key")
    (head,) = publish(path, ("a", bad(0)))
    async with running(path):
        await until(lambda: states(path) == ["waiting"])
    cured(path)
    stop = asyncio.Event()

    async def keep_publishing() -> int:
        count = 1
        while not stop.is_set():
            publish(path, ("a", good(count)))
            count += 1
            await asyncio.sleep(0.001)
        return count

    async with running(path):
        publishing = asyncio.create_task(keep_publishing())
        await until(lambda: len(states(path)) > 50)
        path.outbox.retry(head)
        path.pipeline.settling.replay.set()
        await until(lambda: not path.pipeline.letters.parked)
        stop.set()
        count = await publishing
        await until(lambda: len(delivered(path)) == count)
    assert delivered(path) == list(range(count))


async def test_a_key_whose_only_message_was_discarded_is_free_with_its_next_message() -> None:
    path = a_path("park_key")
    (head,) = publish(path, ("a", bad(0)))
    async with running(path):
        await until(lambda: states(path) == ["waiting"])
        path.outbox.discard(head)
        publish(path, ("a", good(1)))
        await until(lambda: delivered(path) == [1], 3)
        await until(lambda: not path.pipeline.letters.parked)


async def test_a_retry_that_fails_keeps_the_rest() -> None:
    path = a_path("park_key")
    head, second, *_ = publish(path, ("a", bad(0)), ("a", bad(1)), ("a", good(2)), ("b", good(3)))
    async with running(path):
        await until(lambda: len(states(path)) == 3)
        path.outbox.retry(head)
        path.pipeline.settling.replay.set()
        await until(lambda: states(path) == ["waiting", "parked", "parked"])
        path.outbox.discard(head)
        path.pipeline.settling.replay.set()
        await until(lambda: states(path) == ["discarded", "waiting", "parked"])
        await goes_on()
        assert delivered(path) == [3]
        path.outbox.discard(second)
        path.pipeline.settling.replay.set()
        await until(lambda: states(path) == ["discarded", "discarded", "delivered"])
        publish(path, ("a", good(4)))
        await until(lambda: delivered(path) == [3, 2, 4])


async def test_halt_stops_before_the_message() -> None:
    path = a_path("halt")
    _, culprit, *_ = publish(path, ("a", good(0)), ("a", bad(1)), ("a", good(2)))
    with pytest.raises(Halted, match=f"message {culprit} "):
        await path.pipeline.run()
    assert delivered(path) == [0]
    assert path.outbox.written.delivered == 1
    cured(path)
    async with running(path):
        await until(lambda: delivered(path) == [0, 1, 2])


@pytest.mark.parametrize("policy", ["skip", "park_key"])
async def test_the_brake_stops_the_pipeline(policy: str) -> None:
    path = a_path(policy, max_per_minute=10)
    ids = publish(path, *[(str(n), bad(n)) for n in range(1000)])
    with pytest.raises(Halted, match=f"10 messages .* message {ids[10]} ") as halted:
        await path.pipeline.run()
    assert halted.value.reason == "too_many_dead_letters"
    assert "tide.dead_letter_retry_all('p')" in (halted.value.hint or "")
    assert states(path) == ["waiting"] * 10
    assert (await path.built().outbox.poll(1, 1000)).messages[0].id == ids[10]


async def test_followers_do_not_count_for_the_brake() -> None:
    path = a_path("park_key", max_per_minute=1)
    publish(path, ("a", bad(0)), *[("a", good(n)) for n in range(1, 50)], ("b", good(50)))
    async with running(path):
        await until(lambda: delivered(path) == [50])
    assert len(states(path)) == 50


async def test_what_kafka_refuses_is_put_aside_and_its_neighbours_go_once() -> None:
    path = Path(dead_letter={"policy": "skip"})
    path.kafka.create_topic("orders", 4)
    path.kafka.bad_values.add(BAD)
    for n in range(500):
        path.outbox.publish(BAD if n % 100 == 7 else b"%d" % n, key=str(n))
    async with running(path):
        await until(lambda: len(states(path)) == 5)
        await until(lambda: path.outbox.written.delivered == 495)
    held = [int(one[1]) for part in path.kafka.topics["orders"].partitions for one in part]
    assert sorted(held) == [n for n in range(500) if n % 100 != 7]
    assert {one.error.stage for one in path.outbox.written.letters} == {"produce"}


async def test_what_kafka_refuses_parks_its_key() -> None:
    path = Path(dead_letter={"policy": "park_key"})
    path.kafka.bad_values.add(BAD)
    for n in range(100):
        path.outbox.publish(BAD if n == 20 else b"%d" % n, key="ab"[n % 2])
    async with running(path):
        await until(lambda: len(states(path)) == 40)
        await until(lambda: path.outbox.written.delivered == 60)
        path.kafka.bad_values.clear()
        path.outbox.retry(path.outbox.written.letters[0].message.id)
        path.pipeline.settling.replay.set()
        await until(lambda: path.outbox.written.delivered == 100)
        await until(lambda: not path.pipeline.letters.parked)
    held = [one[1] for one in path.kafka.topics["orders"].partitions[0]]
    assert len(held) == 100
    of_a = [
        -1 if value == BAD else int(value) for value in held if value == BAD or int(value) % 2 == 0
    ]
    assert of_a == [*range(0, 20, 2), -1, *range(22, 100, 2)]


class History:
    """What publishers, an operator and brokers do, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.path = a_path("park_key", max_per_minute=0)
        self.path.kafka.create_topic("orders", 3)
        self.published: dict[int, int] = {}
        self.refused: list[bytes] = []

    def publish(self) -> None:
        """A transaction; a few of its messages lack a member, a few Kafka will not take."""
        transaction = self.path.outbox.begin()
        for _ in range(self.chance.randint(1, 6)):
            n = len(self.published)
            value = json.dumps(bad(n) if self.chance.random() < 0.02 else good(n)).encode()
            if self.chance.random() < 0.03:
                self.refused.append(value)
                self.path.kafka.bad_values.add(value)
            key = self.chance.choice("abcd")
            self.published[transaction.publish(value, key=key)] = n
        transaction.commit()

    def decide(self) -> None:
        """Retry or discard a message that waits; have Kafka take one that it did not."""
        waiting = [one for one in self.path.outbox.written.letters if one.state == "waiting"]
        if waiting and self.chance.random() < 0.7:
            one = self.chance.choice(waiting)
            ask = self.path.outbox.discard if self.chance.random() < 0.3 else self.path.outbox.retry
            ask(one.message.id)
            self.path.pipeline.settling.replay.set()
        if self.refused and self.chance.random() < 0.3:
            self.path.kafka.bad_values.discard(self.chance.choice(self.refused))

    async def happen(self) -> None:
        """Several runs of the pipeline, the last two with all members there."""
        for run in range(6):
            async with running(self.path):
                for _ in range(30):
                    self.publish()
                    self.decide()
                    for _ in range(self.chance.randint(0, 60)):
                        await asyncio.sleep(0)
            self.path.pipeline = self.path.built(
                headers={} if run >= 4 else self.path.config.headers
            )

    async def end(self) -> None:
        """Kafka takes everything, and all that waits is tried again."""
        path = self.path
        path.kafka.bad_values.clear()
        async with running(path):
            for one in path.outbox.written.letters:
                if one.state == "waiting":
                    path.outbox.retry(one.message.id)
            path.pipeline.settling.replay.set()
            await until(lambda: not any(one.unresolved for one in path.outbox.written.letters))
            await until(self.over)
            await until(lambda: not path.pipeline.letters.parked)

    def over(self) -> bool:
        discarded = states(self.path).count("discarded")
        return self.path.outbox.written.delivered + discarded == len(self.published)


@pytest.mark.parametrize("seed", range(12))
async def test_any_history_ends_with_each_message_in_one_place_and_keys_in_order(seed: int) -> None:
    history = History(seed)
    await history.happen()
    await history.end()
    by_key = defaultdict(list)
    for part in history.path.kafka.topics["orders"].partitions:
        for record in part:
            by_key[record[0]].append(json.loads(record[1])["n"])
    ends = [n for numbers in by_key.values() for n in numbers]
    letters = history.path.outbox.written.letters
    ends += [history.published[one.message.id] for one in letters if one.state == "discarded"]
    assert sorted(ends) == list(range(len(history.published)))
    assert all(numbers == sorted(numbers) for numbers in by_key.values())
