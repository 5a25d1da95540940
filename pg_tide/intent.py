"""Exactly once: what stands in PostgreSQL before a Kafka transaction, and what became of it.

Pure, and the only place that decides. An intent holds all that its transaction will have changed
in PostgreSQL, under a random token; the transaction itself commits that token to Kafka. Whoever
finds intents after a crash ends their transaction first, then reads the token, then judges.
"""

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from pg_tide.errors import FatalError

MOST_KEPT = 2  # intents: of the transaction that is committed, and of the next one


class Identity(NamedTuple):
    """Who a transactional producer is, and to which brokers."""

    transactional_id: str
    brokers: tuple[str, ...]


class Mark(NamedTuple):
    """What Kafka has of the last transaction that was committed."""

    number: int
    token: str


class Found(NamedTuple):
    """What Kafka says: the mark, if there is one, and for how many seconds it keeps one."""

    mark: Mark | None
    kept_for: float


class Intent(NamedTuple):
    """A transaction that was begun, or was about to be; its outcome is not written yet.

    `age` is in seconds, by PostgreSQL's clock. `answer` is what an operator said of whether it
    was committed.
    """

    number: int
    token: UUID
    identity: Identity
    age: float = 0.0
    answer: bool | None = None


class Confirmed(NamedTuple):
    """The last transaction of which PostgreSQL knows that it was committed; number 0: none."""

    number: int = 0
    token: UUID | None = None
    identity: Identity | None = None
    age: float = 0.0


class Start(NamedTuple):
    """Start a transactional producer: it ends what its predecessor left open, and fences that."""

    identity: Identity


class Read(NamedTuple):
    """Read what Kafka has of the producer that was started last; answered with Found."""

    identity: Identity


class Settle(NamedTuple):
    """Confirm the intents up to this number, and discard the others."""

    up_to: int


class Recovered(NamedTuple):
    """The highest number that either side has, and how many transactions PostgreSQL forgot."""

    number: int
    forgotten: int


Step = Start | Read | Settle


def recovery(
    kept: Sequence[Intent], confirmed: Confirmed, configured: Identity | None
) -> Generator[Step, Any, Recovered]:
    """What to do, in this order, between a take-over and the first transaction after it.

    `kept` are the intents that the take-over returned, in the order of their numbers;
    `configured` is who will produce from now on, None where that needs no transactions. Raises
    FatalError `transaction_unknown` where only an operator knows.
    """
    number = max([confirmed.number, *(intent.number for intent in kept)])
    forgotten = 0
    if kept:
        asked = kept[0].identity
        if kept[0].answer is None or asked == configured:
            yield Start(asked)
            found: Found = yield Read(asked)
        else:  # their brokers may be gone for ever
            found = Found(None, 0.0)
        happened = judge(kept, confirmed, found)
        forgotten = forgotten_by_postgres(kept, confirmed, found.mark)
        number = higher(number, found.mark)
        yield Settle(kept[happened - 1].number if happened else 0)
        if configured is None or asked == configured:
            return Recovered(number, forgotten)
    if configured is not None:
        yield Start(configured)
        found = yield Read(configured)
        forgotten = max(forgotten, forgotten_by_postgres(kept, confirmed, found.mark))
        number = higher(number, found.mark)
    return Recovered(number, forgotten)


def higher(number: int, mark: Mark | None) -> int:
    """The higher one of PostgreSQL's number and Kafka's: a new one must be above both."""
    return number if mark is None else max(number, mark.number)


def judge(kept: Sequence[Intent], confirmed: Confirmed, found: Found) -> int:
    """How many of the intents, from the first on, were committed.

    Numbers say nothing: after a fail-over that lost PostgreSQL's tail they are given out again.
    Kafka has the token of the last transaction alone, and one is begun only after its predecessor
    was committed. A token that PostgreSQL does not know means that it forgot what came after:
    nothing is lost when these messages go again.
    """
    mark = found.mark
    if mark is not None:
        for place, intent in enumerate(kept):
            if mark.token == str(intent.token):
                return place + 1
        if mark.token == str(confirmed.token):
            return 0
    for place, intent in enumerate(kept):
        if intent.answer is None:
            if mark is None and (place or not _would_be_there(intent, confirmed, found.kept_for)):
                raise _unknown(intent)
            return place
        if not intent.answer:
            return place
    return len(kept)


def _unknown(intent: Intent) -> FatalError:
    who, brokers = intent.identity
    return FatalError(
        f"whether transaction {intent.number} was committed is not known: {', '.join(brokers)} no "
        f'longer has what was committed by "{who}"',
        reason="transaction_unknown",
        hint="Look whether its last messages are in the topic, then answer for Kafka with "
        "tide.relay_resolve_transaction(pipeline, committed): true goes on behind them, false "
        "sends them again.",
    )


def _would_be_there(first: Intent, confirmed: Confirmed, kept_for: float) -> bool:
    """Whether Kafka would have a mark if this first intent had been committed.

    It expires; and who deletes its topic or its group deletes it: a mark that was there shortly
    before, and is not now, was deleted.
    """
    half = kept_for / 2
    had_one = confirmed.token is not None and confirmed.identity == first.identity
    return first.age < half and not (had_one and confirmed.age < half)


def forgotten_by_postgres(kept: Sequence[Intent], confirmed: Confirmed, mark: Mark | None) -> int:
    """How many transactions Kafka has of which PostgreSQL knows nothing: it lost its tail.

    None where Kafka's number is not above PostgreSQL's: then the mark is an old one, of before
    the pipeline went elsewhere, or Kafka forgot.
    """
    known = {str(confirmed.token), *(str(intent.token) for intent in kept)}
    if mark is None or mark.token in known:
        return 0
    return max(0, mark.number - confirmed.number)
