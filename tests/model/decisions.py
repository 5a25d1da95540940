"""The relay's own `pg_tide.intent.recovery`, asked for its next step.

A generator can be neither hashed nor copied: it is run again from its start with all the answers
that it had, so a state holds these.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple
from uuid import UUID

from pg_tide import intent
from pg_tide.errors import FatalError
from tests.model.rules import Recovery
from tests.model.world import KEPT_FOR, Kept, Last, Mark, Recovering

IDENTITIES = tuple(intent.Identity(f"tide-{name}", (f"{name}:9092",)) for name in "xy")


class Asks(NamedTuple):
    """Only an operator knows whether this transaction was committed."""

    number: int


Decision = intent.Step | intent.Recovered | Asks
Decide = Callable[[Recovering, int], Decision]


def decisions(recovery: Recovery) -> Decide:
    """What a run that recovers does next, remembered: the same question has the same answer."""

    @cache
    def decide(recovering: Recovering, configured: int) -> Decision:
        steps = recovery(
            [_intent(kept) for kept in recovering.kept],
            _confirmed(recovering.confirmed),
            IDENTITIES[configured],
        )
        answers = iter(recovering.answers)
        try:
            step = next(steps)
            for mark in answers:
                step = steps.send(_found(mark) if isinstance(step, intent.Read) else None)
        except StopIteration as end:
            recovered: intent.Recovered = end.value
            return recovered
        except FatalError as error:
            if error.reason != "transaction_unknown":
                raise
            asked_of = re.search(r"transaction (\d+)", str(error))
            if asked_of is None:
                raise
            return Asks(int(asked_of[1]))
        return step

    return decide


def _intent(kept: Kept) -> intent.Intent:
    return intent.Intent(
        kept.number, UUID(int=kept.token), IDENTITIES[kept.identity], kept.age, kept.answer
    )


def _confirmed(last: Last) -> intent.Confirmed:
    if not last.token:
        return intent.Confirmed()
    return intent.Confirmed(last.number, UUID(int=last.token), IDENTITIES[last.identity], last.age)


def _found(mark: Mark | None) -> intent.Found:
    if mark is None:
        return intent.Found(None, KEPT_FOR)
    return intent.Found(intent.Mark(mark.number, str(UUID(int=mark.token))), KEPT_FOR)
