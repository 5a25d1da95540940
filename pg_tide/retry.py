"""How long to wait before trying again: doubled with jitter. Pure, but for the dice given to it."""

import random
from collections.abc import Callable


class Backoff:
    """Waits that double from `first_ms` up to `most_ms`, each cut by up to half at random.

    The jitter ("equal jitter", AWS Architecture Blog, "Exponential Backoff And Jitter") keeps
    relays that lost the same broker from coming back in step.
    """

    def __init__(
        self, first_ms: int, most_ms: int, dice: Callable[[], float] = random.random
    ) -> None:
        self._first_ms = first_ms
        self._most_ms = most_ms
        self._dice = dice
        self.tries = 0

    def next(self) -> float:
        """Seconds to wait before the next try."""
        whole = min(self._most_ms, self._first_ms << min(self.tries, 30))
        self.tries += 1
        return whole * (1 - self._dice() / 2) / 1000

    def reset(self) -> None:
        """Begin again with the shortest wait."""
        self.tries = 0
