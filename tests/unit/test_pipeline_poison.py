"""A message whose handling ends the process: found, put aside, and no loop of ends."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from pg_tide.caution import ENDS
from pg_tide.message import Message
from pg_tide.stages import Stages
from pg_tide.transform import Transform
from tests.unit.test_pipeline import Path, running, until


class Ended(BaseException):
    """The process is no more."""


class Deadly(Transform):
    """Ends the process for payloads that have `deadly`."""

    def __call__(self, message: Message) -> Message | None:
        if b"deadly" in (message.payload or b""):
            raise Ended
        return super().__call__(message)


class Lives(Path):
    """A pipeline, restarted whenever its process has ended."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.ends = 0
        self.alone: list[int] = []

    def rebuilt(self) -> None:
        """The next process, after one that ended without leaving."""
        self.outbox = self.outbox.crash()
        self.pipeline = self.built()
        self.outbox.crashes = self.outbox.written.crashes
        self.arm()

    def arm(self) -> None:
        stages = self.pipeline.stages
        armed = Stages(Deadly(self.config), stages.route, stages.encode)
        self.pipeline.stages = armed
        self.pipeline.__post_init__()

    async def until_delivered(self, delivered: int) -> None:
        """Start processes until so many messages are delivered."""
        await self.until(lambda: self.outbox.written.delivered >= delivered)

    async def until(self, over: Callable[[], bool]) -> None:
        """Start processes until something is so."""
        self.arm()
        async with asyncio.timeout(20):
            while not over():
                task = asyncio.create_task(self.pipeline.run())
                await until(lambda: task.done() or over())  # noqa: B023 - it waits for this one
                if task.done():
                    assert isinstance(task.exception(), Ended)
                    self.ends += 1
                    self.rebuilt()
        self.pipeline.stopping.set()
        await task


def payloads(*deadly: int, count: int = 30) -> list[dict[str, object]]:
    return [{"n": n, "deadly": True} if n in deadly else {"n": n} for n in range(count)]


def numbers(path: Path) -> list[int]:
    return [one["n"] for one in path.stored()]  # type: ignore[index]


@pytest.mark.parametrize("max_retries", [0, 1, 3])
async def test_it_is_put_aside_after_as_many_tries_alone(max_retries: int) -> None:
    path = Lives(max_retries=max_retries)
    ids = path.publish(*payloads(17))
    await path.until_delivered(29)
    assert numbers(path) == [n for n in range(30) if n != 17]
    (letter,) = path.outbox.written.letters
    assert (letter.message.id, letter.error.stage, letter.error.reason) == (
        ids[17], "handle", "crashed",
    )  # fmt: skip
    tries = max(1, max_retries)
    assert letter.error.attempts == tries
    assert path.ends == ENDS + tries


async def test_every_one_of_several_is() -> None:
    path = Lives(max_retries=1)
    path.publish(*payloads(3, 4, 20))
    await path.until_delivered(27)
    assert [one.error.reason for one in path.outbox.written.letters] == ["crashed"] * 3
    assert path.outbox.written.attempt_id is None


async def test_one_that_is_tried_again_and_ends_it_again_is_put_aside_again() -> None:
    path = Lives(max_retries=1)
    ids = path.publish(*payloads(0, count=2))
    await path.until_delivered(1)
    path.outbox.retry(ids[0])
    before = path.ends
    path.publish({"n": 2})
    path.pipeline = path.built()
    await path.until(lambda: path.outbox.written.letters[0].state == "waiting")
    assert path.ends - before == 2
    assert path.outbox.written.letters[0].error.reason == "crashed"


async def test_what_only_waits_for_kafka_is_never_taken_for_poison(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often the process is killed meanwhile."""
    monkeypatch.setattr("pg_tide.caution.SURVIVED", 0.01)
    path = Lives(max_retries=1)
    path.publish(*payloads(count=3))
    path.kafka.answering.clear()
    for _ in range(10):
        path.rebuilt()
        task = asyncio.create_task(path.pipeline.run())
        alone = path.outbox.crashes >= ENDS
        await until(lambda: path.producer.unfinished == (1 if alone else 3))  # noqa: B023
        if alone:
            await until(lambda: path.outbox.written.attempt_id is None)
        task.cancel()
        await asyncio.wait({task})
    path.rebuilt()
    path.kafka.answering.set()
    async with running(path):
        await until(lambda: path.outbox.written.delivered == 3)
    assert path.outbox.written.letters == []


async def test_a_process_that_makes_progress_is_never_slowed_down() -> None:
    path = Lives()
    for start in range(4):
        path.publish({"n": start})
        path.rebuilt()
        async with running(path):
            await until(lambda: path.outbox.written.delivered == start + 1)  # noqa: B023
        assert path.outbox.written.attempts == 0
