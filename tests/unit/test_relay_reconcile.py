"""A relay runs what is configured: restarts after a drain, and never a group twice at a time."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest

from pg_tide import relay as module
from pg_tide.catalog import Configured
from pg_tide.config.process import ProcessConfig
from pg_tide.relay import Relay
from tests.fixtures.memory_relay import Memory, MemoryRunner, configured, in_memory
from tests.fixtures.relay_process import until

OLD = configured("old")
BESIDE = configured("beside", group_id=2)
TAKEN, RELEASED = ("taken", 1), ("released", 1)


class MemoryRelay(Relay):
    """A relay that looks at the configuration when it is told to."""

    def __init__(self, memory: Memory, *names: str) -> None:
        given = {"postgres_url": memory.postgres.url, "pipeline": names}
        super().__init__(ProcessConfig.parse(given))
        self._postgres = memory.postgres
        self._shared = self.memory = memory
        self._looking = asyncio.create_task(self._reconcile())

    def sees(self, *listed: Configured) -> None:
        """These pipelines are configured now."""
        self.memory.catalog.listed = listed
        self._changed.set()

    def loses_its_locks(self) -> None:
        """The lock connection was lost."""
        self._lost()

    async def ends(self) -> None:
        """Stop as when killed."""
        self._looking.cancel()
        tasks = [self._looking, *(running.task for running in self._running.values())]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@pytest.fixture
async def relay(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MemoryRelay]:
    """Yield a relay without pipelines."""
    monkeypatch.setattr(module, "Runner", MemoryRunner)
    relay = MemoryRelay(in_memory())
    yield relay
    await relay.ends()


@pytest.mark.parametrize(
    "newer",
    [
        pytest.param(configured("new"), id="renamed"),
        pytest.param(dataclasses.replace(configured("new"), id=7), id="deleted, made anew"),
        pytest.param(dataclasses.replace(OLD, revision=2), id="changed"),
    ],
)
async def test_the_next_one_of_a_group_starts_when_the_first_has_drained(
    relay: MemoryRelay, newer: Configured
) -> None:
    """Started at once, it repeats what is in flight; then the first gives back the lock of both."""
    memory, locks = relay.memory, relay.memory.ownership
    memory.kafka.answering.clear()
    memory.outbox.publish(b"1")
    relay.sees(OLD)
    await until(lambda: memory.in_flight(1))
    relay.sees(newer, BESIDE)  # another group does not wait: whoever starts before it has started
    await locks.reaches(TAKEN, ("taken", 2))
    memory.kafka.answering.set()
    await locks.reaches(TAKEN, ("taken", 2), RELEASED, TAKEN)
    memory.outbox.publish(b"2")
    await until(lambda: memory.settled(2))
    assert memory.delivered == [b"1", b"2"]
    assert locks.journal == [TAKEN, ("taken", 2), RELEASED, TAKEN]


async def test_who_loses_the_lock_connection_trusts_no_connection_of_before(
    relay: MemoryRelay,
) -> None:
    """What ended it may have left the others half dead: asked, they would not answer."""
    relay.sees(OLD)
    await relay.memory.ownership.reaches(TAKEN)
    relay.loses_its_locks()
    assert relay.memory.postgres.expired == 1
    await relay.memory.ownership.reaches(TAKEN, TAKEN)


class Warnings:
    """Takes down what is warned of."""

    def __init__(self) -> None:
        self.said: list[dict[str, str]] = []

    def warning(self, _: str, **said: str) -> None:
        self.said.append(said)


async def test_a_pipeline_on_the_command_line_that_is_not_there_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = Warnings()
    monkeypatch.setattr(module, "Runner", MemoryRunner)
    monkeypatch.setattr(module, "logger", told)
    relay = MemoryRelay(in_memory(), "odl", "later")
    relay.sees(OLD)

    async def both() -> bool:
        return len(told.said) == 2

    await until(both)
    relay.sees(OLD, configured("later", group_id=2))
    await relay.memory.ownership.reaches(("taken", 2))
    assert [said["pipeline"] for said in told.said] == ["later", "odl"]
    assert told.said[1]["hint"] == 'Did you mean "old"?'
    await relay.ends()
