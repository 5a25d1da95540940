"""What each partition of Kafka got lately, told to PostgreSQL every few seconds for those who look.

For all pipelines of the relay in one statement, and only of partitions that got something.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pg_tide.catalog import Catalog, Partition
from pg_tide.errors import PgTideError
from pg_tide.kafka import Arrived

TELL = 5.0  # seconds


@dataclass(slots=True)
class _Lately:
    """Of one partition; the last offset is None where brokers do not say."""

    last_offset: int | None = None
    records: int = 0
    at: float = 0.0  # seconds since 1970


class Arrivals:
    """Of one relay."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._now = now
        self._lately: dict[tuple[int, str, int], _Lately] = {}
        self._since = clock()

    def of(self, pipeline_id: int) -> Arrived:
        """What is to be told of the batches of a pipeline that were acknowledged."""

        def arrived(topic: str, partition: int, last_offset: int | None, records: int) -> None:
            lately = self._lately.setdefault((pipeline_id, topic, partition), _Lately())
            lately.last_offset = last_offset
            lately.records += records
            lately.at = self._now()

        return arrived

    async def run(self) -> None:
        """Tell, for ever. What cannot be written now is written with what comes later."""
        while True:
            await asyncio.sleep(TELL)
            with contextlib.suppress(PgTideError):
                await self.tell()

    async def tell(self) -> None:
        """Write down what came since this was last done."""
        if not self._lately:
            self._since = self._clock()
            return
        lately, self._lately = self._lately, {}
        seconds = self._clock() - self._since
        try:
            await self._catalog.tell_partitions(
                Partition(
                    *key,
                    one.last_offset,
                    one.records / seconds,
                    datetime.fromtimestamp(one.at, UTC),
                )
                for key, one in lately.items()
            )
        except PgTideError:
            for key, one in lately.items():
                newer = self._lately.setdefault(key, one)
                if newer is not one:
                    newer.records += one.records
            raise
        self._since += seconds
