"""Tokens to log in with: kept while they are fresh, and fetched anew before they expire."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiokafka.abc import AbstractTokenProvider  # type: ignore[import-untyped]

from pg_tide.errors import PgTideError

FRESH = 0.8  # of a token's life, then another is fetched
LOGIN = 1.0  # seconds before its end from which a token is of no use: brokers read whole seconds
AGAIN = 5.0  # seconds until the next try, while the one at hand still serves


@dataclass(frozen=True)
class Token:
    """A token and how many seconds it is good for."""

    value: str = field(repr=False)
    seconds: float


class Tokens(AbstractTokenProvider):  # type: ignore[misc]
    """The tokens that `fetch` gets, one after another; `expires_at` is monotonic seconds.

    `clock` is for tests. Every client of a pipeline logs in with the same.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Token]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = asyncio.Lock()
        self._value: str | None = None
        self._renew_at = 0.0
        self.expires_at = 0.0

    async def token(self) -> str:
        """A token that has not expired; raises what `fetch` raises when there is none."""
        async with self._lock:
            if self._value is None or self._clock() >= self._renew_at:
                self._value = await self._renewed()
            return self._value

    async def _renewed(self) -> str:
        asked_at = self._clock()
        try:
            fresh = await self._fetch()
        except PgTideError:
            if self._value is None or self._clock() >= self.expires_at - LOGIN:
                self.forget()
                raise
            self._renew_at = min(self._clock() + AGAIN, self.expires_at - LOGIN)
            return self._value
        self._renew_at = asked_at + fresh.seconds * FRESH
        self.expires_at = asked_at + fresh.seconds
        return fresh.value

    @property
    def remaining(self) -> float:
        """How many seconds the token at hand is still good for."""
        return self.expires_at - self._clock()

    def forget(self) -> None:
        """Fetch another one next time: brokers refused the one at hand."""
        self._value = None
