"""In place of the producer: the log says what would go, and nothing goes.

No broker is asked for anything, so it works before there is one; whether the topics are there,
and which partitions they have, it cannot tell.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence

from pg_tide import log
from pg_tide.config import PipelineConfig
from pg_tide.delivery import Delivery
from pg_tide.errors import PgTideError
from pg_tide.message import Record
from pg_tide.record_size import Limits

LINES = 20  # records that are told in a second; the others are only counted
SHOWN = 200  # characters of a key, a header or a value

logger = log.get("dry_run")


class DryRun:
    """Takes records as a producer does, and has delivered them at once."""

    trouble: PgTideError | None = None
    unanswered = 0.0

    def __init__(
        self, pipeline: str, config: PipelineConfig, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = Limits(config.max_request_size)
        self._log = logger.bind(pipeline=pipeline)
        self._clock = clock
        self._second_ends = 0.0
        self._told = 0
        self._untold = 0

    async def run(self) -> None:
        """Count, once a second, what was not told."""
        self._log.info("dry run: nothing is produced, and the position stays")
        while True:
            await asyncio.sleep(1)
            self._count()

    async def ready(self) -> None:
        """It is, always."""

    async def learn(self, name: str, *, anew: bool = False) -> None:
        """Any topic will do."""

    def pump(self) -> None:
        """Nothing waits."""

    def produce(
        self,
        records: Sequence[tuple[Record, ...]],
        *,
        more: bool = False,  # noqa: ARG002
    ) -> Delivery:
        """Tell of records."""
        for of_message in records:
            for record in of_message:
                self._tell(record)
        return Delivery(0)

    def _tell(self, record: Record) -> None:
        now = self._clock()
        if now >= self._second_ends:
            self._count()
            self._second_ends, self._told = now + 1, 0
        if self._told >= LINES:
            self._untold += 1
            return
        self._told += 1
        self._log.info(
            "would go",
            topic=record.topic,
            key=shown(record.key),
            headers={name: shown(value) for name, value in record.headers},
            value=shown(record.value),
            bytes=len(record.value or b""),
        )

    def _count(self) -> None:
        if self._untold:
            self._log.info("more would go", records=self._untold)
            self._untold = 0

    def hurry(self) -> None:
        """Nothing lingers."""

    async def drained(self) -> None:
        """It is, always."""

    def withdraw(self, records: Collection[Record]) -> set[int]:  # noqa: ARG002
        """Nothing waits that could be taken back."""
        return set()


def shown(value: bytes | None) -> str | None:
    """The beginning of a text, for people."""
    if value is None:
        return None
    text = value[: SHOWN * 4].decode(errors="replace")
    return text if len(text) <= SHOWN and len(value) <= SHOWN * 4 else f"{text[:SHOWN]}…"
