"""A runner waits longer after each failure, and never sleeps over the loss of its lock."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

import pytest

from pg_tide.catalog import Configured
from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.message import Batch
from pg_tide.metrics import Meter
from pg_tide.runner import Runner
from pg_tide.testing import FakeOutbox
from tests.fixtures.memory_relay import Memory, MemoryRunner, configured, in_memory
from tests.fixtures.relay_process import until

AWAY = TransientError("PostgreSQL: away", reason="connection_lost")
FORBIDDEN = FatalError("PostgreSQL: permission denied", reason="not_permitted")
FIRST = 0.1  # seconds; the first wait, of which half is left to chance
TAKEN, REFUSED = ("taken", 1), ("refused", 1)


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


@contextlib.asynccontextmanager
async def running(memory: Memory) -> AsyncIterator[Runner]:
    """Yield a runner that runs, of a pipeline that only a person can help once it failed."""
    pipeline = configured(headers={"kind": "{payload.kind}"}, fatal_retry_ms=0)
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
        await locks.reaches(TAKEN, REFUSED)
        assert (runner.owned, runner.problem()) == (False, None)
        locks.elsewhere.clear()
        await locks.reaches(TAKEN, REFUSED, TAKEN)
        assert runner.owned


async def test_a_lock_lost_while_it_halts_is_not_slept_over(memory: Memory) -> None:
    """Lost after the pipeline's end and before the wait, which has no end of its own."""
    memory.outbox.publish(b'{"n": 1}')
    memory.wakeup.answering.clear()
    async with running(memory) as runner:
        await memory.wakeup.leaving.wait()
        runner.lose()
        memory.wakeup.answering.set()
        await memory.ownership.reaches(TAKEN, TAKEN, seconds=2)
