"""Hearing what publishers say, and knowing when they said nothing."""

import asyncio
from typing import Any, Self

from tests.integration.rules.stage import Stage


class Ear:
    """Listens on the channel of publishers."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._end = asyncio.Event()

    async def listen(self, stage: Stage) -> Self:
        """Listen from now on, on a connection of its own."""
        await (await stage.connect()).add_listener("tide_wake", self._hear)
        return self

    def _hear(self, *notice: Any) -> None:
        if notice[3] == "end":
            self._end.set()
        else:
            self._said.append(notice[3])

    async def heard(self, stage: Stage) -> list[str]:
        """Return what was said since the last time: it comes in the order of the commits."""
        await stage.db.execute("notify tide_wake, 'end'")
        await asyncio.wait_for(self._end.wait(), 10)
        said, self._said = self._said, []
        self._end.clear()
        return said
