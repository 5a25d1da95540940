"""What brokers are asked of topics while a client starts, for it will be asked for them first.

An answer serves once and soon; whoever finds none asks as ever.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from pg_tide.kafka.connection import Connection
from pg_tide.kafka.topics import describe_max_bytes

SERVES = 2.0  # seconds in which an answer is what would be answered now


class Ahead:
    """Answers to `describe_max_bytes` of some topics."""

    def __init__(self) -> None:
        self._asked: dict[str, asyncio.Task[Any]] = {}
        self._until = 0.0

    def ask(self, connection: Connection | None, topics: Iterable[str]) -> None:
        """Ask for these over a connection that is there already."""
        self._until = time.monotonic() + SERVES
        if connection is not None:
            for name in topics:
                asked = asyncio.create_task(_answer(connection, name))
                asked.add_done_callback(lambda done: done.cancelled() or done.exception())
                self._asked[name] = asked

    async def answer(self, name: str) -> Any:
        """The answer; None if it was not asked for, or lately, or in vain."""
        asked = self._asked.pop(name, None)
        if asked is None or time.monotonic() > self._until:
            return None
        await asyncio.wait({asked}, timeout=SERVES)
        is_there = asked.done() and not (asked.cancelled() or asked.exception())
        return asked.result() if is_there else None


async def _answer(connection: Connection, name: str) -> Any:
    return await connection.send(describe_max_bytes(name))
