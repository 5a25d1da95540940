"""Which fault strikes when, drawn from a seed: the same seed, the same sequence. Pure."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Planned(Generic[T]):
    """A fault to come: its number, and when, in seconds since the first could strike."""

    number: int
    at: float
    fault: T

    def chance(self, seed: int) -> random.Random:
        """Its own source of chance, whatever the others drew."""
        return random.Random(f"{seed}/{self.number}")


def plan(seed: int, seconds: float, pace: float, faults: Sequence[T]) -> Iterator[Planned[T]]:
    """Yield faults in order, one every `pace` seconds on average, until the time is over.

    They come as from shuffled decks: each once before any comes again.
    """
    chance = random.Random(f"plan {seed}")
    at, number, deck = 0.0, 0, list[T]()
    while True:
        at += chance.uniform(0.2, 1.8) * pace
        if at >= seconds:
            return
        if not deck:
            deck = chance.sample(list(faults), len(faults))
        yield Planned(number, at, deck.pop())
        number += 1
