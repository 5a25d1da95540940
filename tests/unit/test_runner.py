"""A runner waits longer after each failure, and never sleeps over the loss of its lock."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any

import pytest

from pg_tide.assembly import Assembly
from pg_tide.catalog import Configured
from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.message import Batch
from pg_tide.metrics import Meter
from pg_tide.position import Lease
from pg_tide.runner import Runner
from pg_tide.testing import FakeOutbox
from tests.fixtures.memory_relay import Memory, MemoryRunner, configured, in_memory
from tests.fixtures.relay_process import until

AWAY = TransientError("PostgreSQL: away", reason="connection_lost")
FORBIDDEN = FatalError("PostgreSQL: permission denied", reason="not_permitted")
FIRST = 0.1  # seconds; the first wait, of which half is left to chance
TAKEN, RELEASED = ("taken", 1), ("released", 1)


class Moody(FakeOutbox):
    """An outbox that fails or answers as it is told, whoever owns it; then it answers."""

    def __init__(self, polls: Iterable[PgTideError | None]) -> None:
        self._polls = iter(polls)
        super().__init__()

    def take_over(self) -> FakeOutbox:
        self._own(self.written)
        return self

    async def poll(self, max_messages: int, max_bytes: int) -> Batch:
        if error := next(self._polls, None):
            raise error
        return await super().poll(max_messages, max_bytes)


class Hasty(MemoryRunner):
    """Takes note of how long it would have waited, and ends after so many waits."""

    def __init__(self, memory: Memory, enough: int) -> None:
        super().__init__(memory, configured(), meter(memory, configured()))
        self._enough = enough
        self.waits: list[float] = []

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if len(self.waits) >= self._enough:
            self.stop(patient=True)
        await asyncio.sleep(0)


def meter(memory: Memory, pipeline: Configured) -> Meter:
    return Meter(memory.metrics, pipeline.name, pipeline.outbox)


async def waits_after(polls: list[PgTideError | None]) -> list[float]:
    """How long a runner waits after each poll that fails."""
    memory = in_memory()
    memory.ownership.outboxes[1] = Moody(polls)
    runner = Hasty(memory, sum(error is not None for error in polls))
    async with asyncio.timeout(10):
        await runner.run()
    return runner.waits


async def test_a_poll_that_fails_each_time_is_tried_less_and_less_often() -> None:
    """It is not well before it has polled: said so too early, every wait is the first one."""
    waits = await waits_after([AWAY] * 8)
    for tries, wait in enumerate(waits):
        assert FIRST * 2**tries / 2 <= wait <= FIRST * 2**tries


async def test_after_a_poll_that_worked_waits_are_short_again() -> None:
    waits = await waits_after([*[AWAY] * 6, None, AWAY])
    assert waits[5] > FIRST
    assert waits[6] <= FIRST


@pytest.fixture
def memory() -> Memory:
    """Return what one runner stands on."""
    return in_memory()


STUBBORN = {
    "headers": {"kind": "{payload.kind}"},
    "dead_letter": {"policy": "halt"},
    "fatal_retry_ms": 0,
}


@contextlib.asynccontextmanager
async def running(memory: Memory, options: Mapping[str, Any] = STUBBORN) -> AsyncIterator[Runner]:
    """Yield a runner that runs, of a pipeline that only a person can help once it failed."""
    pipeline = configured(**options)
    runner = MemoryRunner(memory, pipeline, meter(memory, pipeline))
    task = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.mark.parametrize(("state", "polls"), [("halted", [None]), ("failed", [FORBIDDEN])])
async def test_who_waits_for_ever_stands_by_again_when_the_lock_is_lost(
    memory: Memory, state: str, polls: list[PgTideError | None]
) -> None:
    """Else no relay has the group, or another one, while this one tells of what it was once."""
    locks = memory.ownership
    locks.outboxes[1] = Moody(polls)
    memory.outbox.publish(b'{"n": 1}')
    async with running(memory) as runner:
        await until(lambda: memory.told(state))  # and its wait has begun
        assert (runner.problem() or "").startswith(state)
        locks.elsewhere.add(1)
        runner.lose()
        await until(standing_by(runner))
        assert (runner.owned, runner.problem()) == (False, None)
        runner.share()
        assert locks.journal == [TAKEN]
        locks.elsewhere.clear()
        runner.share()
        await locks.reaches(TAKEN, TAKEN)
        assert runner.owned


def standing_by(runner: Runner) -> Callable[[], Awaitable[bool]]:
    async def not_owned() -> bool:
        return not runner.owned and runner.condition is None

    return not_owned


async def test_what_another_relay_should_run_is_given_when_all_of_it_has_its_end(
    memory: Memory,
) -> None:
    """Given at once, what is in flight comes twice; kept once it was begun, it comes late."""
    memory.kafka.answering.clear()
    memory.outbox.publish(b'{"payload": {"kind": "a"}}')
    async with running(memory, {}) as runner:
        await until(lambda: memory.in_flight(1))
        give(memory, runner)
        assert memory.ownership.journal == [TAKEN]
        memory.kafka.answering.set()
        await memory.ownership.reaches(TAKEN, RELEASED)
        assert await memory.settled(1)
        await until(standing_by(runner))


async def test_what_is_in_trouble_is_not_given_away(memory: Memory) -> None:
    """What it has in flight may have arrived, and would be sent again by the next relay."""
    memory.kafka.refusals.append(AWAY)
    memory.outbox.publish(b"1")
    async with running(memory, {"retry_backoff_ms": 300, "retry_backoff_max_ms": 300}) as runner:
        await until(lambda: memory.told("retrying"))
        give(memory, runner)
        await until(lambda: memory.settled(1))
        assert memory.ownership.journal == [TAKEN]
        runner.share()
        await memory.ownership.reaches(TAKEN, RELEASED)


async def test_what_failed_is_given_away_at_once(memory: Memory) -> None:
    memory.ownership.outboxes[1] = Moody([FORBIDDEN])
    async with running(memory) as runner:
        await until(lambda: memory.told("failed"))
        give(memory, runner)
        await memory.ownership.reaches(TAKEN, RELEASED)
        await until(standing_by(runner))


def give(memory: Memory, runner: Runner) -> None:
    """Another relay should run it from now on, and does when it is released."""
    memory.ownership.surplus.add(1)
    memory.ownership.elsewhere_after_release.add(1)
    runner.share()


async def test_nothing_goes_to_kafka_once_another_relay_may_have_it(memory: Memory) -> None:
    """A relay that was frozen finds in its memory what it had read before, and its loop awake."""
    memory.ownership.certain = False
    memory.outbox.publish(b"1")
    async with running(memory, {}):
        await memory.ownership.reaches(TAKEN, TAKEN)
        assert memory.delivered == []
        memory.ownership.certain = True
        await until(lambda: memory.settled(1))
        assert memory.delivered == [b"1"]


async def test_whoever_says_how_it_is_says_under_which_epoch(memory: Memory) -> None:
    """Else a relay that was taken for dead writes over what the new owner says."""
    memory.ownership.outboxes[1] = Moody([FORBIDDEN])
    async with running(memory):
        await until(lambda: memory.told("failed"))
        assert memory.catalog.epochs == [memory.ownership.epochs[1]]


async def test_kafka_is_connected_to_while_the_group_is_taken_over(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before, for another relay may have the group; nor is the connection left when it ends."""
    begun, left = asyncio.Event(), asyncio.Event()
    acquire = memory.ownership.acquire

    async def beside(group_id: int) -> Lease | None:
        await begun.wait()
        return await acquire(group_id)

    async def leave(_: Assembly) -> None:
        left.set()

    monkeypatch.setattr(MemoryRunner, "_begin", lambda _: begun.set())
    monkeypatch.setattr(Assembly, "leave", leave)
    monkeypatch.setattr(memory.ownership, "acquire", beside)
    memory.ownership.elsewhere.add(1)
    async with running(memory, {}) as runner:
        await until(standing_by(runner))
        assert not begun.is_set()
        left.clear()
        memory.ownership.elsewhere.clear()
        runner.share()
        await memory.ownership.reaches(TAKEN)
        assert not left.is_set()
        runner.lose()
        async with asyncio.timeout(5):
            await left.wait()


async def test_a_lock_lost_while_it_halts_is_not_slept_over(memory: Memory) -> None:
    """Lost after the pipeline's end and before the wait, which has no end of its own."""
    memory.outbox.publish(b'{"n": 1}')
    memory.wakeup.answering.clear()
    async with running(memory) as runner:
        await memory.wakeup.leaving.wait()
        runner.lose()
        memory.wakeup.answering.set()
        await memory.ownership.reaches(TAKEN, TAKEN, seconds=2)
