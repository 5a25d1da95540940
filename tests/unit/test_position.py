"""Snapshot windows: in any history every committed message comes once, and in causal order."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pg_tide.message import Batch
from pg_tide.position import Position, Snapshot, Window, window_of
from pg_tide.testing import FakeOutbox, FakeTransaction
from tests.fixtures.examples import examples

START = Position(Snapshot("3:3:"))
TAKEN, LATER = Snapshot("5:9:5,7"), Snapshot("10:10:")
PUBLISHERS = 3


def test_without_an_open_window_the_polls_snapshot_is_the_window() -> None:
    assert window_of(START, TAKEN) == Window(START, TAKEN)


def test_an_open_window_stays_what_it_was() -> None:
    at = Position(START.done, TAKEN, 17)
    assert window_of(at, LATER) == Window(at, TAKEN)


def test_a_part_of_a_window_leaves_it_open() -> None:
    assert Window(START, TAKEN).until(17) == Position(START.done, TAKEN, 17)
    assert Window(Position(START.done, TAKEN, 17), TAKEN).until(23).last_id == 23


def test_a_window_that_is_dry_is_what_is_done() -> None:
    at = Position(START.done, TAKEN, 17)
    assert Window(at, TAKEN).finished() == Position(TAKEN, None, 0)


def test_a_position_starts_without_a_window() -> None:
    assert Position(START.done, None, 0) == START


@dataclass
class History:
    """What publishers did, and what a reader was brought.

    `before` has, for each message, those that were committed when it was published.
    """

    outbox: FakeOutbox = field(default_factory=lambda: FakeOutbox("orders"))
    open: dict[int, tuple[FakeTransaction, list[int]]] = field(default_factory=dict)
    committed: set[int] = field(default_factory=set)
    before: dict[int, frozenset[int]] = field(default_factory=dict)
    brought: list[int] = field(default_factory=list)
    settled: int = 0  # of those brought, how many the written position covers
    batches: list[tuple[int, Batch]] = field(default_factory=list)

    def publish(self, who: int) -> None:
        transaction, ids = self.open.setdefault(who, (self.outbox.begin(), []))
        ids.append(transaction.publish())
        self.before[ids[-1]] = frozenset(self.committed)

    def end(self, who: int, *, keep: bool) -> None:
        if who in self.open:
            transaction, ids = self.open.pop(who)
            (transaction.commit if keep else transaction.rollback)()
            self.committed.update(ids if keep else [])

    async def poll(self, most: int) -> int:
        batch = await self.outbox.poll(most, 10**9)
        self.brought += [message.id for message in batch.messages]
        self.batches.append((len(self.brought), batch))
        return len(batch.messages)

    async def settle(self, which: int) -> None:
        """Write the position after one of the batches under way."""
        if self.batches:
            number = which % len(self.batches)
            self.settled, batch = self.batches[number]
            del self.batches[: number + 1]
            await self.outbox.commit(batch.end, len(batch.messages), 0)

    def crash(self) -> None:
        """Read on from what is written, as another owner does."""
        self.outbox = self.outbox.take_over()
        del self.brought[self.settled :]
        self.batches.clear()

    async def step(self, action: str, number: int) -> None:
        who = number % PUBLISHERS
        if action == "publish":
            self.publish(who)
        elif action in {"commit", "rollback"}:
            self.end(who, keep=action == "commit")
        elif action == "poll":
            await self.poll(1 + number)
        elif action == "settle":
            await self.settle(number)
        else:
            self.crash()

    async def finish(self) -> None:
        for who in list(self.open):
            self.end(who, keep=True)
        while await self.poll(2):
            pass

    def is_causal(self) -> bool:
        """Whether each message came after all that were committed when it was published."""
        place = {message_id: index for index, message_id in enumerate(self.brought)}
        return all(
            place[earlier] < place[message_id]
            for message_id in self.brought
            for earlier in self.before[message_id]
        )


Steps = list[tuple[str, int]]
ACTIONS = ["publish", "publish", "commit", "rollback", "poll", "poll", "settle", "crash"]
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 5)), max_size=60)


async def played(steps: Steps, history: History) -> History:
    for action, number in steps:
        await history.step(action, number)
    await history.finish()
    return history


@given(STEPS)
@settings(max_examples=examples(300), deadline=None)
def test_nothing_is_lost_repeated_or_out_of_order(steps: Steps) -> None:
    history = asyncio.run(played(steps, History()))
    assert sorted(history.brought) == sorted(history.committed)
    assert history.is_causal()


class ByOffset(FakeOutbox):
    """The simpler reader: all with a greater id than the last one."""

    last = 0

    async def poll(self, max_messages: int, max_bytes: int) -> Batch:
        self.position = START
        batch = await super().poll(10**9, max_bytes)
        batch.messages = [one for one in batch.messages if one.id > self.last][:max_messages]
        self.last = max([self.last, *(message.id for message in batch.messages)])
        return batch


class ByHorizon(ByOffset):
    """The simpler reader: by xid and id, below the lowest transaction that is still open."""

    last_row = (0, 0)

    async def poll(self, max_messages: int, max_bytes: int) -> Batch:
        self.position = START
        batch = await FakeOutbox.poll(self, 10**9, max_bytes)
        xid_of = {message.id: xid for xid, message in self._table.rows}
        rows = sorted((xid_of[message.id], message.id) for message in batch.messages)
        rows = [row for row in rows if row > self.last_row and row[0] < self.snapshot_xmin]
        self.last_row = max([self.last_row, *rows[:max_messages]])
        chosen = {message.id: message for message in batch.messages}
        batch.messages = [chosen[message_id] for _, message_id in rows[:max_messages]]
        return batch


def loses_nothing(history: History) -> bool:
    return set(history.brought) == history.committed


LATE = [("publish", 0), ("publish", 1), ("commit", 1), ("poll", 5), ("commit", 0)]
LONG = [("publish", 0), ("publish", 1), ("commit", 1), ("publish", 0), ("commit", 0)]


@pytest.mark.parametrize(
    ("steps", "reader", "rule"),
    [(LATE, ByOffset, loses_nothing), (LONG, ByHorizon, History.is_causal)],
)
def test_simpler_readers_lose_or_disorder(
    steps: Steps, reader: type[FakeOutbox], rule: Callable[[History], bool]
) -> None:
    """By id alone, a transaction that commits late is passed.

    By xid and id, one that began early and publishes late comes before what it has seen.
    """
    assert rule(asyncio.run(played(steps, History())))
    assert not rule(asyncio.run(played(steps, History(reader("orders")))))
