"""The entries that wait to go in a transaction, in order."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable

from pg_tide.in_flight import Entry


class Waiting:
    """Of one run of a pipeline."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._hurried = False
        self._changed = asyncio.Event()
        self.more = False
        """Whether more is about to be added, with what was added last."""

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._entries)

    def add(self, entry: Entry) -> None:
        """An entry waits, behind all others."""
        self._entries.append(entry)
        self.notify()

    def hurry(self) -> None:
        """Let nothing linger that waits now."""
        self._hurried = True
        self.notify()

    def coming(self, more: bool) -> None:
        """Whether more is about to be added, with what was added last."""
        self.more = more
        self.notify()

    def notify(self) -> None:
        """Something has changed."""
        self._changed.set()

    async def change(self) -> None:
        """Wait until something changes; for one waiter at a time, or all look again."""
        self._changed.clear()
        await self._changed.wait()

    async def linger(self, seconds: float, at_most: int) -> None:
        """Wait for more, unless that is in a hurry, or so many messages are enough."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not (self._hurried or messages_of(self._entries) >= at_most):
                    await self.change()

    def take(self, at_most: int) -> list[Entry]:
        """Entries from the front, of so many messages together, or one."""
        taken: list[Entry] = []
        messages = 0
        while self._entries:
            messages += len(self._entries[0].batch.messages)
            if taken and messages > at_most:
                break
            taken.append(self._entries.popleft())
        self._hurried &= bool(self._entries)
        return taken


def messages_of(entries: Iterable[Entry]) -> int:
    """How many messages these carry together."""
    return sum(len(entry.batch.messages) for entry in entries)
