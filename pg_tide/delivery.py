"""Records on their way to one partition, in order, and what has become of those of a batch.

Records that go together stay together: what is done for each of them is done a hundred thousand
times a second.
"""

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from pg_tide.errors import MessageError
from pg_tide.message import Record


class Delivery:
    """A batch's records on their way: how many have no end yet, and which can not go.

    `acknowledged_at` is when the last one had its end, in seconds since 1970; `on_done` is called
    then.
    """

    __slots__ = ("acknowledged_at", "on_done", "pending", "refusals")

    def __init__(self, pending: int) -> None:
        self.pending = pending
        self.acknowledged_at = 0.0
        self.on_done: Callable[[], None] | None = None
        self.refusals: Sequence[tuple[Record, MessageError]] = ()
        self.acknowledged(0)

    def acknowledged(self, count: int) -> None:
        """So many records more have been acknowledged."""
        self.pending -= count
        if self.pending == 0:
            self.acknowledged_at = time.time()
            if self.on_done is not None:
                self.on_done()

    def refused(self, record: Record, error: MessageError) -> None:
        """A record has its end: it can not go."""
        if isinstance(self.refusals, list):
            self.refusals.append((record, error))
        else:
            self.refusals = [(record, error)]
        self.acknowledged(1)

    def withdrawn(self, count: int) -> None:
        """So many records were taken back before they were sent."""
        self.acknowledged(count)

    @property
    def done(self) -> bool:
        """Whether every record has its end."""
        return self.pending == 0


Run = tuple[list[Record], Delivery]
"""Records that follow each other and belong to one delivery."""


class Runs:
    """Records in order, in runs of one delivery each; `len` is how many records."""

    __slots__ = ("_count", "_runs")

    def __init__(self) -> None:
        self._runs: deque[Run] = deque()
        self._count = 0

    def __len__(self) -> int:
        """How many records."""
        return self._count

    def __iter__(self) -> Iterator[tuple[Record, Delivery]]:
        """Each record with its delivery."""
        for records, delivery in self._runs:
            for record in records:
                yield record, delivery

    def add(self, records: list[Record], delivery: Delivery) -> None:
        """Add records behind all others. The list is not changed, here or by who gave it."""
        if records:
            self._runs.append((records, delivery))
            self._count += len(records)

    def front(self) -> Run:
        """The records in front that belong together, and their delivery."""
        return self._runs[0]

    def drop(self, count: int) -> None:
        """Drop so many records of those in front."""
        records, delivery = self._runs[0]
        if count < len(records):
            self._runs[0] = (records[count:], delivery)
        else:
            self._runs.popleft()
        self._count -= min(count, len(records))

    def put_back(self, others: "Runs") -> None:
        """Put others in front, in their order."""
        self._runs.extendleft(reversed(others._runs))  # noqa: SLF001 - its own kind
        self._count += len(others)

    def keep(self, wanted: Callable[[int, Record, Delivery], bool]) -> None:
        """Drop the records of which this says no: of the place, the record and its delivery."""
        kept = [pair for place, pair in enumerate(self) if wanted(place, *pair)]
        self.clear()
        for delivery, pairs in itertools.groupby(kept, key=lambda pair: pair[1]):
            self.add([record for record, _ in pairs], delivery)

    def clear(self) -> None:
        """Drop all."""
        self._runs.clear()
        self._count = 0

    def acknowledge(self) -> None:
        """Tell the deliveries that all of these have arrived."""
        for records, delivery in self._runs:
            delivery.acknowledged(len(records))
