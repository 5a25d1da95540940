"""The numbers that the demo shows, as they are at one moment."""

from collections import deque
from dataclasses import dataclass
from typing import Any

from pg_tide.demo.ledger import Ledger, Seen
from pg_tide.errors import PgTideError
from pg_tide.postgres import Connection, connect

_STATUS = (
    "SELECT state, pending, lag_seconds, last_error FROM tide.relay_status WHERE pipeline = $1"
)
_RATE_SECONDS = 5.0  # rates are averages over the last so many
_RECENT, _GUESTS = 100, 3


@dataclass(frozen=True, slots=True)
class Status:
    """The pipeline as `tide.relay_status` has it."""

    state: str = "unknown"
    pending: int | None = None
    lag_seconds: float | None = None
    error: str | None = None


class StatusReader:
    """Reads `tide.relay_status`, on a connection that it opens again when it was lost."""

    def __init__(self, url: str, pipeline: str) -> None:
        self._url = url
        self._pipeline = pipeline
        self._connection: Connection | None = None

    async def read(self) -> Status:
        """The status now; an error is a status too."""
        try:
            if self._connection is None:
                self._connection = await connect(self._url, application_name="pg-tide demo")
            row: Any = await self._connection.row(_STATUS, self._pipeline)
        except PgTideError as error:
            await self.close()
            return Status(error=error.message)
        if row is None:
            return Status("deleted")
        return Status(row["state"], row["pending"], row["lag_seconds"], row["last_error"])

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


@dataclass(frozen=True, slots=True)
class Figures:
    """One moment: rates in messages a second, times in seconds."""

    seconds: float
    ledger: Ledger
    publish_rate: float
    delivery_rate: float
    latency: tuple[float | None, float | None]
    status: Status
    problems: list[str]
    recent: list[Seen]
    guests: list[Seen]
    ending: bool


class Rates:
    """How fast two counters grew lately."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int, int]] = deque([(0.0, 0, 0)])

    def add(self, seconds: float, one: int, other: int) -> tuple[float, float]:
        """Both counters at this moment; their growth a second."""
        self._samples.append((seconds, one, other))
        while len(self._samples) > 2 and self._samples[1][0] < seconds - _RATE_SECONDS:
            self._samples.popleft()
        first = self._samples[0]
        elapsed = max(seconds - first[0], 0.001)
        return (one - first[1]) / elapsed, (other - first[2]) / elapsed


class Recent:
    """The last records, newest first: all of them, and those that others published."""

    def __init__(self) -> None:
        self._all: deque[Seen] = deque(maxlen=_RECENT)
        self._guests: deque[Seen] = deque(maxlen=_GUESTS)

    def add(self, record: Seen, *, ours: bool) -> None:
        """Enter a record."""
        (self._all if ours else self._guests).appendleft(record)

    def lists(self) -> tuple[list[Seen], list[Seen]]:
        """Ours and the others', newest first."""
        return list(self._all), list(self._guests)
