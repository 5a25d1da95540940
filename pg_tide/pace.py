"""How fast a pipeline may go: `rate_limit` messages a second, in small portions.

A token bucket. A backlog goes in portions, so that a small rate does not mean a poll for each
message. Little is saved up while nothing is published, and little is read ahead while Kafka is
away: else it would go in bursts.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable

from pg_tide.config import PipelineConfig

PORTION = 0.05  # seconds whose messages go together
SAVED = 0.2  # seconds whose messages may be late, and go then, without a portion being lost


class Pace:
    """So many messages a second, on average and nearly at any moment.

    `held` seconds' worth of them may be on their way at once.
    """

    def __init__(
        self, rate: int, held: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._portion = max(1.0, rate * PORTION)
        self._most = self._portion + rate * SAVED
        self._tokens = self._portion
        self._as_of = clock()
        self._most_on_way = self._portion + rate * held
        self.on_way = 0
        self._changed = asyncio.Event()

    def wait(self) -> float:
        """Seconds until the next portion may go; 0 when it may go now."""
        now = self._clock()
        earned = (now - self._as_of) * self._rate
        self._tokens, self._as_of = min(self._tokens + earned, self._most), now
        return max(0.0, (self._portion - self._tokens) / self._rate)

    @property
    def allowed(self) -> int:
        """How many messages may go, as of the last `wait`."""
        return int(self._tokens)

    async def room(self) -> int:
        """Wait for the next portion; how many messages may go now, at least one."""
        while (crowded := self.on_way >= self._most_on_way) or (pause := self.wait()) > 0:
            await self._change(None if crowded else pause)
        return self.allowed

    async def turn(self) -> int:
        """The same for what is sent beside, whatever else is on its way."""
        while (pause := self.wait()) > 0:
            await self._change(pause)
        return self.allowed

    async def _change(self, most: float | None) -> None:
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(most):
                await self._changed.wait()

    def spend(self, messages: int) -> None:
        """So many of those go."""
        self._tokens -= messages

    def take(self, messages: int) -> None:
        """So many are on their way."""
        self.spend(messages)
        self.on_way += messages

    def give(self, messages: int) -> None:
        """So many do not go after all."""
        if messages:
            self._tokens = min(self._tokens + messages, self._most)
            self.arrived(messages)

    def arrived(self, messages: int) -> None:
        """So many are not on their way any more."""
        self.on_way -= messages
        self._changed.set()


def pace_of(config: PipelineConfig) -> Pace | None:
    """The pace of `rate_limit`; a second's worth may be under way, beside what has to wait."""
    if config.rate_limit is None:
        return None
    return Pace(config.rate_limit, 1.0 + (config.linger_ms + config.commit_interval_ms) / 1000)
