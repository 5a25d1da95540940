"""Which rules a relay keeps, and how far a search goes."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from pg_tide import intent
from pg_tide.intent import Confirmed, Identity, Intent, Recovered, Step
from tests.model.world import Kept

Recovery = Callable[[Sequence[Intent], Confirmed, Identity | None], Generator[Step, Any, Recovered]]


def all_of_them(kept: tuple[Kept, ...]) -> tuple[Kept, ...]:
    """What a take-over returns of the intents: each."""
    return kept


@dataclass(frozen=True)
class Rules:
    """How a relay works outside of `pg_tide.intent`; by default as it must.

    `guess` is what it takes an unknown outcome of a commit for, None: it finds out.
    """

    recovery: Recovery = intent.recovery
    returned: Callable[[tuple[Kept, ...]], tuple[Kept, ...]] = all_of_them
    epoch_first: bool = True
    intent_durable: bool = True
    dead_provisional: bool = True
    confirm_whole: bool = True
    recommit_fenced: bool = True
    lease_proven: bool = True
    guess: bool | None = None


@dataclass(frozen=True)
class Bounds:
    """What may happen in one search, and how often.

    `faults` in all, of the kinds in `kinds`; `messages` are there from the start, `published`
    come at any time; those in `poison` may be refused, or not, each time; `runs` are alive at once.
    With `followed` zombies that recover are searched to their end, though they can do nothing more.
    With `alarms` a lost tail that is reported, and was none, counts as wrong.
    """

    kinds: frozenset[str]
    faults: int
    messages: int = 2
    published: int = 0
    poison: frozenset[int] = frozenset()
    ticks: int = 0
    runs: int = 2
    recommits: bool = False
    followed: bool = False
    alarms: bool = True

    def __str__(self) -> str:
        """What may break, and how often."""
        return f"{self.faults} of {', '.join(sorted(self.kinds))}; {self.messages} messages"

    @classmethod
    def of(cls, kinds: str, faults: int = 1, messages: int = 1, **others: Any) -> "Bounds":
        """Bounds with their kinds of faults in one string."""
        return cls(frozenset(kinds.split(", ")), faults, messages, **others)
