"""The batches between poll and commit, in poll order, and the bytes they may take together.

The position moves over the batches at the front whose every message has its end, and never past
one that has not.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pg_tide.lane import Delivery
from pg_tide.message import Batch
from pg_tide.position import Position

SMALL = 64  # the part of the buffer that a pipeline with nothing in flight may always take


class Buffer:
    """Bytes that all pipelines of a process share for what they hold in memory."""

    def __init__(self, size: int) -> None:
        self.free = size
        self.size = size
        self._freed = asyncio.Event()

    async def change(self) -> None:
        """Wait until somebody gives bytes back."""
        self._freed.clear()
        await self._freed.wait()

    def take(self, size: int) -> None:
        """So many bytes are in use; the last page taken may overdraw, a message is never cut."""
        self.free -= size

    def give(self, size: int) -> None:
        """So many bytes are free again."""
        self.free += size
        self._freed.set()


@dataclass(slots=True)
class Entry:
    """A batch on its way: what becomes of its messages, and the bytes of their records.

    `sent_at` is when it was handed over, in seconds since 1970.
    """

    batch: Batch
    delivery: Delivery
    delivered: int
    filtered: int
    record_bytes: int
    sent_at: float


@dataclass(slots=True)
class Settled:
    """What the front of the line comes to: the position to write, and counts behind it."""

    end: Position
    entries: list[Entry]

    @property
    def delivered(self) -> int:
        """Messages that Kafka acknowledged."""
        return sum(entry.delivered for entry in self.entries)

    @property
    def filtered(self) -> int:
        """Messages that the pipeline's filter dropped."""
        return sum(entry.filtered for entry in self.entries)


class InFlight:
    """A pipeline's batches between poll and commit."""

    def __init__(self, buffer: Buffer, max_messages: int) -> None:
        self._buffer = buffer
        self._max_messages = max_messages
        self._entries: deque[Entry] = deque()
        self._changed = asyncio.Event()
        self._closed = False
        self.messages = 0
        self.size = 0

    async def room(self) -> tuple[int, int]:
        """Wait until another page may be polled; its most messages and bytes.

        With nothing in flight a small page may always be: pipelines whose brokers are away keep
        the buffer full, and must not keep the others from going on.
        """
        while self.messages >= self._max_messages:
            self._changed.clear()
            await self._changed.wait()
        while self.size > 0 and self._buffer.free <= 0:
            await self._buffer.change()
        free = max(self._buffer.free, self._buffer.size // SMALL)
        return self._max_messages - self.messages, free

    @property
    def full(self) -> bool:
        """Whether another page has to wait for room."""
        crowded = self.size > 0 and self._buffer.free <= 0
        return self.messages >= self._max_messages or crowded

    async def acknowledged(self) -> None:
        """Wait until every batch on its way is done."""
        while not all(entry.delivery.done for entry in self._entries):
            self._changed.clear()
            await self._changed.wait()

    def take(self, batch: Batch) -> None:
        """A batch was polled, and takes its room."""
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
        self._closed = True
        self._changed.set()

    def abandon(self) -> None:
        """Forget the batches without an end, and all behind them: they will be polled again."""
        settled = itertools.takewhile(lambda entry: entry.delivery.done, self._entries)
        for _ in range(len(self._entries) - len(list(settled))):
            self._forget(self._entries.pop())

    def cut(self, cut: Callable[[Entry], Entry | None]) -> None:
        """Ask for each batch without an end, in order, what shall stand in its place.

        At the first such answer all behind are forgotten: they will be polled again. An entry
        without messages stands for nothing.
        """
        for number, entry in enumerate(self._entries):
            kept = None if entry.delivery.done else cut(entry)
            if kept is not None:
                for _ in range(len(self._entries) - number):
                    self._forget(self._entries.pop())
                if kept.batch.messages:
                    self.take(kept.batch)
                    self.add(kept)
                return

    async def settled(self) -> Settled | None:
        """Wait for the batch at the front, and take it and all settled ones behind it.

        None when no more come.
        """
        while not (self._entries and self._entries[0].delivery.done):
            if self._closed and not self._entries:
                return None
            self._changed.clear()
            await self._changed.wait()
        entries = []
        while self._entries and self._entries[0].delivery.done:
            entries.append(self._entries.popleft())
            self._forget(entries[-1])
        return Settled(entries[-1].batch.end, entries)

    def _forget(self, entry: Entry) -> None:
        self.messages -= len(entry.batch.messages)
        self.size -= entry.batch.size
        self._buffer.give(entry.batch.size)
        self._changed.set()

    def drop(self) -> None:
        """Forget everything: it will be polled again under another lease."""
        self._entries.clear()
        self._buffer.give(self.size)
        self.messages, self.size = 0, 0
