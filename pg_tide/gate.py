"""Closed, it lets nothing more go to Kafka: another relay may run the pipeline by now.

PostgreSQL refuses a relay that woke up too late, but what it had read before is in its memory.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from pg_tide.errors import LeaseLost
from pg_tide.producer import Client


class Gated:
    """A Kafka client that takes a batch only while `is_open`; else it raises LeaseLost."""

    def __init__(self, client: Client, is_open: Callable[[], bool]) -> None:
        self._client = client
        self._is_open = is_open

    async def send(self, batch: Any, topic: str, partition: int) -> None:
        """Produce a batch; returns when it was acknowledged."""
        if not self._is_open():
            raise LeaseLost("this relay was frozen or cut off for too long to know what it holds")
        await self._client.send(batch, topic, partition)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the client's own."""
        return getattr(self._client, name)


def gated(
    start: Callable[[], Awaitable[Client]], is_open: Callable[[], bool]
) -> Callable[[], Awaitable[Client]]:
    """Start clients like `start`, which send only while `is_open` says so."""

    async def start_gated() -> Client:
        return cast("Client", Gated(await start(), is_open))

    return start_gated
