"""What the pipelines of a process may hold in memory together, and each of them as its share."""

import asyncio

SMALL = 64  # the part of the buffer that a pipeline with nothing in flight may always take
FEWEST = 1000  # messages that any pipeline may hold: less would be pages that are not worth a poll


class Buffer:
    """Bytes that all pipelines of a process share; `busy` is how many hold any at this moment."""

    def __init__(self, size: int) -> None:
        self.free = size
        self.size = size
        self.least = size // SMALL
        self.busy = 0
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

    def share(self, messages: int) -> int:
        """How many messages a pipeline may hold that alone could hold so many.

        All run on one processor: together they go no faster for holding more than two would.
        """
        return min(messages, max(2 * messages // max(self.busy, 1), FEWEST))
