"""What a run of a pipeline leaves to the next one, which begins anew in all else.

A transaction is aborted whole: that brokers refused some of its records would be forgotten.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pg_tide.errors import FatalError, MessageError, PgTideError
from pg_tide.intent import Identity
from pg_tide.message import Message

WIDE = 5000  # messages: a transaction of so many is not narrow any more
STEADY = 8  # transactions that pass before a larger one is tried: it may be refused whole
FENCES, WITHIN = 5, 60.0  # so many within so many seconds: that is no accident

Name = tuple[int, int]


def name_of(message: Message) -> Name:
    """What tells a message from any other, also where ids are given out a second time."""
    return message.id, message.published_at_us


@dataclass
class Setbacks:
    """Of one pipeline. `at_most` is how many messages a transaction may have, None: any number.

    `put_aside` is by id when messages were, in seconds of time.monotonic().
    """

    clock: Callable[[], float] = time.monotonic
    at_most: int | None = None
    put_aside: dict[int, float] = field(default_factory=dict)
    _refused: dict[Name, MessageError] = field(default_factory=dict)
    _passed: int = 0
    _fences: deque[float] = field(default_factory=deque)

    def clear(self) -> None:
        """Another relay has the pipeline."""
        self.at_most, self._passed = None, 0
        self._refused.clear()
        self.put_aside.clear()

    def refuse(self, messages: Iterable[tuple[Message, MessageError]]) -> None:
        """Brokers refused these."""
        self._refused.update((name_of(message), error) for message, error in messages)

    def errors(self, messages: Iterable[Message]) -> Mapping[int, MessageError]:
        """By place what of these was refused before."""
        if not self._refused:
            return {}
        told = ((place, self._refused.get(name_of(one))) for place, one in enumerate(messages))
        return {place: error for place, error in told if error is not None}

    def forget(self, messages: Iterable[Message]) -> None:
        """These have their end: tried once more, they may go."""
        for one in messages if self._refused else ():
            self._refused.pop(name_of(one), None)

    def narrow(self, messages: int) -> None:
        """One of so many was refused, and nobody said which."""
        self.at_most = max(1, messages // 2)
        self._passed = 0

    def passed(self) -> None:
        """A transaction was committed: after some, the next one may be larger."""
        self._passed += 1
        if self.at_most is not None and self._passed >= STEADY:
            self.at_most = self.at_most * 2 if self.at_most < WIDE else None
            self._passed = 0

    def weigh(self, error: PgTideError, identity: Identity | None) -> PgTideError:
        """The error as it is, or what it means when it comes again and again."""
        if error.reason != "fenced" or identity is None:
            return error
        now = self.clock()
        self._fences.append(now)
        while self._fences[0] < now - WITHIN:
            self._fences.popleft()
        if len(self._fences) < FENCES:
            return error
        self._fences.clear()
        return FatalError(
            f'Kafka: somebody else produces as transactional id "{identity.transactional_id}"',
            reason="transactional_id_in_use",
            hint="Look for a copy of this database whose relay runs too (a clone made for tests), "
            "or another program with that id, and give one of them another "
            "transactional_id_prefix.",
        )
