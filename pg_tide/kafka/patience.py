"""How long a broker is waited for, and how long it is left alone after it could not be reached."""

import asyncio
import time

from pg_tide.errors import PgTideError
from pg_tide.retry import Backoff

FIRST_BACKOFF_MS = 50
FIRST_PATIENCE = 4.0  # seconds for a connection; longer each time it was not enough


class Broker:
    """When a broker may be tried again, by one at a time."""

    def __init__(self, most_ms: int, patience: float) -> None:
        self.lock = asyncio.Lock()
        self.patience = self._first_patience = patience
        self._backoff = Backoff(FIRST_BACKOFF_MS, max(FIRST_BACKOFF_MS, most_ms))
        self._not_before = 0.0

    @property
    def left_alone(self) -> bool:
        """Whether it is not to be tried yet."""
        return time.monotonic() < self._not_before

    def failed(self, error: PgTideError, most_patience: float) -> None:
        """Wait longer from now on."""
        self._not_before = time.monotonic() + self._backoff.next()
        if error.reason == "kafka_timeout":
            self.patience = min(self.patience * 2, most_patience)

    def begin_anew(self) -> None:
        """Wait as at first: it is connected, or is somewhere else now."""
        self._backoff.reset()
        self._not_before = 0.0
        self.patience = self._first_patience
