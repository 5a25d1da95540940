"""The batches between poll and commit, in poll order, and the bytes they may take together.

The position moves over the batches at the front whose every message has its end, and never past
one that has not.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from pg_tide.buffer import Buffer
from pg_tide.delivery import Delivery
from pg_tide.errors import MessageError
from pg_tide.message import Batch, Records, Rejected
from pg_tide.position import Position

PAGE_BYTES = 8 * 1024 * 1024  # at most, however much room there is


@dataclass(slots=True, eq=False)
class Entry:
    """A batch on its way: the records of its messages, and by place those that are put aside.

    `filtered` have no records although nothing is wrong with them. `sent_at` is when it was
    handed over, in seconds since 1970.
    """

    batch: Batch
    records: Records
    delivery: Delivery
    filtered: int = 0
    rejected: dict[int, Rejected] = field(default_factory=dict)
    record_bytes: int = 0
    sent_at: float = field(default_factory=time.time)
    intent: int | None = None  # the number of the transaction that carries it
    stopped: bool = False  # at a message that it will be cut before
    left: int = field(init=False)  # messages for Kafka, before it refused any

    def __post_init__(self) -> None:
        """Counts what goes now."""
        self.left = self.delivered

    @property
    def done(self) -> bool:
        """Whether every message has its end, and it is known which."""
        return self.delivery.done and not self.delivery.refusals and not self.stopped

    @property
    def delivered(self) -> int:
        """How many of the messages go to Kafka."""
        return len(self.batch.messages) - self.filtered - len(self.rejected)

    def refusals(self) -> dict[int, MessageError]:
        """By place the messages that Kafka refused since this was last asked, and why."""
        refused, self.delivery.refusals = self.delivery.refusals, ()
        if not refused:
            return {}
        places = {
            id(record): place
            for place, of_message in enumerate(self.records)
            for record in of_message
        }
        errors = {places[id(record)]: error for record, error in refused}
        return {place: error for place, error in errors.items() if place not in self.rejected}

    def before(self, place: int) -> "Entry":
        """The part in front of a message, when all of it has its end."""
        records = self.records[:place]
        rejected = {at: one for at, one in self.rejected.items() if at < place}
        without = sum(not of_message for of_message in records)
        filtered = without - sum(not self.records[at] for at in rejected)
        size = self.record_bytes * place // len(self.batch.messages)
        batch = self.batch.before(place)
        return Entry(batch, records, Delivery(0), filtered, rejected, size, self.sent_at)


@dataclass(slots=True)
class Settled:
    """What the front of the line comes to: entries, and the position behind them.

    `end` is None where the position does not move.
    """

    entries: list[Entry]

    @property
    def intent(self) -> int | None:
        """The number of the transaction that carried the first of them."""
        return self.entries[0].intent

    def parts(self) -> "list[Settled]":
        """What each transaction carried, or none, in order."""
        alike = itertools.groupby(self.entries, key=lambda entry: entry.intent)
        return [Settled(list(entries)) for _, entries in alike]

    @property
    def end(self) -> Position | None:
        """The position to write."""
        ends = [entry.batch.end for entry in self.entries if not entry.batch.replay]
        return ends[-1] if ends else None

    @property
    def delivered(self) -> int:
        """Messages that Kafka acknowledged."""
        return sum(entry.delivered for entry in self.entries)

    @property
    def left(self) -> int:
        """Messages that went to Kafka for the first time, also those that it refused."""
        return sum(entry.left for entry in self.entries if not entry.batch.replay)

    @property
    def filtered(self) -> int:
        """Messages that the pipeline's filter dropped."""
        return sum(entry.filtered for entry in self.entries)

    @property
    def aside(self) -> list[Rejected]:
        """Messages to put aside, in poll order; those that failed again among them.

        Not those that only go on waiting for one that failed again.
        """
        return [
            rejected
            for entry in self.entries
            for _, rejected in sorted(entry.rejected.items())
            if not (entry.batch.replay and rejected.follows)
        ]

    @property
    def replayed(self) -> list[Entry]:
        """The entries of messages that had been put aside before."""
        return [entry for entry in self.entries if entry.batch.replay]

    @property
    def ends(self) -> dict[str, list[int]]:
        """What became of those: the ids of the messages "delivered", and "filtered"."""
        ends: dict[str, list[int]] = {}
        for entry in self.replayed:
            for place, message in enumerate(entry.batch.messages):
                if place not in entry.rejected:
                    end = "delivered" if entry.records[place] else "filtered"
                    ends.setdefault(end, []).append(message.id)
        return ends


class InFlight:
    """A pipeline's batches between poll and commit."""

    def __init__(self, buffer: Buffer, max_messages: int) -> None:
        self._buffer = buffer
        self.max_messages = max_messages
        self._entries: deque[Entry] = deque()
        self._changed = asyncio.Event()
        self.closed = False
        self.messages = 0
        self.size = 0

    async def room(self) -> tuple[int, int]:
        """Wait until another page may be polled; its most messages and bytes.

        With nothing in flight a small page may always be: pipelines whose brokers are away keep
        the buffer full, and must not keep the others from going on.
        """
        while self.messages >= self._share:
            self._changed.clear()
            await self._changed.wait()
        while self.size > 0 and self._buffer.free <= 0:
            await self._buffer.change()
        return max(self._share - self.messages, 1), self.free

    @property
    def _share(self) -> int:
        return self._buffer.share(self.max_messages)

    @property
    def free(self) -> int:
        """The bytes that a page may take now, whether or not there is room."""
        return min(PAGE_BYTES, max(self._buffer.free, self._buffer.least))

    @property
    def full(self) -> bool:
        """Whether another page has to wait for room."""
        crowded = self.size > 0 and self._buffer.free <= 0
        return self.messages >= self._share or crowded

    async def acknowledged(self) -> None:
        """Wait until every batch on its way is done."""
        while not all(entry.done for entry in self._entries):
            self._changed.clear()
            await self._changed.wait()

    def take(self, batch: Batch) -> None:
        """A batch was polled, and takes its room."""
        if batch.messages and not self.messages:
            self._buffer.busy += 1
        self.messages += len(batch.messages)
        self.size += batch.size
        self._buffer.take(batch.size)

    def add(self, entry: Entry) -> None:
        """A batch that took its room goes on its way behind all others."""
        self._entries.append(entry)
        entry.delivery.on_done = self._changed.set
        self._changed.set()

    def close(self) -> None:
        """No more batches come."""
        self.closed = True
        self._changed.set()

    def abandon(self) -> None:
        """Forget the batches without an end, and all behind them: they will be polled again."""
        settled = itertools.takewhile(lambda entry: entry.done, self._entries)
        for _ in range(len(self._entries) - len(list(settled))):
            self._forget(self._entries.pop())

    @property
    def entries(self) -> Sequence[Entry]:
        """The batches on their way, in poll order."""
        return self._entries

    def behind(self, entry: Entry) -> list[Entry]:
        """The batches behind another."""
        entries = itertools.dropwhile(lambda one: one is not entry, self._entries)
        return list(entries)[1:]

    def changed(self) -> None:
        """Batches may have their end now."""
        self._changed.set()

    def cut(self, entry: Entry, place: int) -> None:
        """Forget a batch from one of its messages on, and those behind: they are polled again.

        What comes in front of it has its end. Of messages that were put aside before, those
        that have their end are no part of what is polled again.
        """
        ended = [one for one in self.behind(entry) if one.batch.replay and one.done]
        for _ in [entry, *self.behind(entry)]:
            self._forget(self._entries.pop())
        for kept in [entry.before(place), *ended]:
            if kept.batch.messages:
                self.take(kept.batch)
                self.add(kept)

    async def settled(self) -> Settled | None:
        """Wait for the batch at the front, and take it and all settled ones behind it.

        None when no more come.
        """
        while not (self._entries and self._entries[0].done):
            if self.closed and not self._entries:
                return None
            self._changed.clear()
            await self._changed.wait()
        entries = []
        while self._entries and self._entries[0].done:
            entries.append(self._entries.popleft())
            self._forget(entries[-1])
        return Settled(entries)

    def _forget(self, entry: Entry) -> None:
        self.messages -= len(entry.batch.messages)
        if entry.batch.messages and not self.messages:
            self._buffer.busy -= 1
        self.size -= entry.batch.size
        self._buffer.give(entry.batch.size)
        self._changed.set()

    def drop(self) -> None:
        """Forget everything: it will be polled again under another lease."""
        self._entries.clear()
        self._buffer.give(self.size)
        self._buffer.busy -= bool(self.messages)
        self.messages, self.size = 0, 0
