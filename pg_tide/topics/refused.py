"""Topics that take no records: remembered for a while, for thousands of messages may name one."""

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from pg_tide.errors import MessageError

REFUSED_FOR = 30.0  # seconds that a topic is not asked for again
MOST_REFUSED = 10_000  # topics that are remembered
MANY = 3


class Refusal(NamedTuple):
    """Why a topic takes no records, and until when it is not asked for again."""

    error: MessageError
    until: float


class Refused:
    """The topics that were refused, the oldest first; `clock` is monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._refusals: dict[str, Refusal] = {}

    def check(self, name: str) -> None:
        """Raise the MessageError of a topic that is not to be asked for yet."""
        refusal = self._refusals.get(name)
        if refusal is not None and self._clock() < refusal.until:
            raise refusal.error.with_traceback(None)

    def __contains__(self, name: str) -> bool:
        """Whether a topic was refused when it was last asked for."""
        return name in self._refusals

    @property
    def many(self) -> bool:
        """Whether several were refused just now."""
        newest = islice(reversed(self._refusals.values()), MANY)
        return sum(self._clock() < refusal.until for refusal in newest) == MANY

    def remember(self, name: str, error: MessageError) -> None:
        """A topic takes no records."""
        self.forget(name)
        self._refusals[name] = Refusal(error, self._clock() + REFUSED_FOR)
        if len(self._refusals) > MOST_REFUSED:
            self.forget(next(iter(self._refusals)))

    def forget(self, name: str) -> None:
        """A topic takes records."""
        self._refusals.pop(name, None)
