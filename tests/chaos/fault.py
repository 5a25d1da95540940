"""What a fault is: something that is done to the stage, and undone again before it returns."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.chaos.stage import Stage

Strike = Callable[[Stage, random.Random], Awaitable[str | None]]


@dataclass(frozen=True)
class Fault:
    """A kind of fault; `strike` returns what the log shall say of it, drawn from its chance.

    `graceful` ones never make anything be sent twice. Those of the same `place` strike one after
    another. Without pipelines of the delivery that it `needs` it does not strike, nor where
    transactions would hang for ever when partitions are `leaderless` (see tests.chaos.brokers).
    """

    name: str
    strike: Strike
    place: str
    graceful: bool = False
    needs: str | None = None
    leaderless: bool = False


def every(*groups: Sequence[Fault]) -> tuple[Fault, ...]:
    """All of them, each name once."""
    faults = tuple(fault for group in groups for fault in group)
    assert len({fault.name for fault in faults}) == len(faults), "two faults have the same name"
    return faults
