"""A relay without one of its rules, each with the least that brings its loss or repeat about.

Where a rule is decided in `pg_tide.intent`, one function of that module is replaced and all else
of it runs; `read_first` and its like change the order of the steps that it asks for.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pg_tide import intent
from pg_tide.intent import Confirmed, Found, Identity, Intent, Mark, Read, Recovered, Start, Step
from tests.model.rules import Bounds, Rules
from tests.model.world import Kept

Steps = Generator[Step, Any, Recovered]


@dataclass(frozen=True)
class Mutant:
    """One rule left out; `decided` replaces functions of `pg_tide.intent` by name."""

    bounds: Bounds
    finds: str
    rules: Rules = Rules()  # noqa: RUF009
    decided: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


def by_number(kept: Sequence[Intent], _: Confirmed, found: Found) -> int:
    """An intent happened if Kafka's number is its own, or a later one."""
    mark = found.mark
    return sum(mark is not None and one.number <= mark.number for one in kept)


def its_own_token_alone(
    kept: Sequence[Intent],
    _: Confirmed,
    found: Found,
) -> int:
    """An intent happened if its own token is Kafka's: a later one's says nothing."""
    return int(found.mark is not None and found.mark.token == str(kept[0].token))


judge = intent.judge


def unknown_happened(kept: Sequence[Intent], confirmed: Confirmed, found: Found) -> int:
    """A token that PostgreSQL does not know is taken for a proof that all was committed."""
    known = {str(confirmed.token), *(str(one.token) for one in kept)}
    if found.mark is not None and found.mark.token not in known:
        return len(kept)
    return judge(kept, confirmed, found)


def never_expired(*_: object) -> bool:
    """No mark is taken for a proof that nothing was committed, however old the intent is."""
    return True


def postgres_number(number: int, _: Mark | None) -> int:
    """A new number is above PostgreSQL's only."""
    return number


def kafka_number(_: int, mark: Mark | None) -> int:
    """A new number is above Kafka's only."""
    return 0 if mark is None else mark.number


def read_first(kept: Sequence[Intent], confirmed: Confirmed, configured: Identity | None) -> Steps:
    """Kafka is read before the producer is started that ends what is open."""
    steps = intent.recovery(kept, confirmed, configured)
    answer: Found | None = None
    try:
        while True:
            step = steps.send(answer)
            answer = None
            if isinstance(step, Start):
                reading = steps.send(None)
                answer = yield reading
                yield step
            else:
                yield step
    except StopIteration as end:
        recovered: Recovered = end.value
        return recovered


def as_configured(
    kept: Sequence[Intent], confirmed: Confirmed, configured: Identity | None
) -> Steps:
    """Who is configured now is started, whoever wrote the intents."""
    steps = intent.recovery(kept, confirmed, configured)
    answer: Found | None = None
    assert configured is not None
    try:
        while True:
            step = steps.send(answer)
            answer = (
                yield step._replace(identity=configured) if isinstance(step, Start | Read) else step
            )
    except StopIteration as end:
        recovered: Recovered = end.value
        return recovered


def oldest(kept: tuple[Kept, ...]) -> tuple[Kept, ...]:
    """Of two intents the first."""
    return kept[:1]


def newest(kept: tuple[Kept, ...]) -> tuple[Kept, ...]:
    """Of two intents the last."""
    return kept[-1:]


def silent(kinds: str, faults: int = 1, messages: int = 1, **others: Any) -> Bounds:
    """Bounds in which a false alarm is not enough: something must be lost or repeated."""
    return replace(Bounds.of(kinds, faults, messages, **others), alarms=False)


MUTANTS = {
    "numbers alone": Mutant(
        silent("freeze, lost tail", 2, 2), "is lost", decided={"judge": by_number}
    ),
    "a number above Kafka's only": Mutant(
        silent("configured", 1, 2), "PostgreSQL refuses it", decided={"higher": kafka_number}
    ),
    "its own token alone": Mutant(
        silent("freeze", 1, 2), "twice", decided={"judge": its_own_token_alone}
    ),
    "Kafka read before the producer is started": Mutant(
        silent("freeze"), "twice", Rules(recovery=read_first)
    ),
    "started as configured, not as the intents say": Mutant(
        silent("freeze, configured", 2), "twice", Rules(recovery=as_configured)
    ),
    "the first of two intents returned": Mutant(
        silent("freeze", 1, 2), "twice", Rules(returned=oldest)
    ),
    "the last of two intents returned": Mutant(
        silent("freeze", 1, 2), "twice", Rules(returned=newest)
    ),
    "dead letters written at once": Mutant(
        silent("freeze", 1, 2, poison=frozenset({0})),
        "also put aside",
        Rules(dead_provisional=False),
    ),
    "an intent that a crash may undo": Mutant(
        silent("postgres"), "twice", Rules(intent_durable=False)
    ),
    "confirmed in two transactions": Mutant(
        silent("freeze", 1, 2, poison=frozenset({0})), "also put aside", Rules(confirm_whole=False)
    ),
    "intents read before the epoch is new": Mutant(
        silent("freeze"), "refuses it", Rules(epoch_first=False)
    ),
    "the mark committed anew outside of a transaction": Mutant(
        silent("freeze", 2, 2, recommits=True), "twice", Rules(recommit_fenced=False)
    ),
    "the mark committed anew before the lease is proven": Mutant(
        silent("freeze", 3, 2, followed=True), "twice", Rules(lease_proven=False)
    ),
    "an unknown token taken for done": Mutant(
        silent("freeze, lost tail", 2, 2), "is lost", decided={"judge": unknown_happened}
    ),
    "an unknown outcome taken for failed": Mutant(
        silent("lost answer"), "twice", Rules(guess=False)
    ),
    "an unknown outcome taken for done": Mutant(
        silent("lost answer"), "is lost", Rules(guess=True)
    ),
    "no mark, so it never happened": Mutant(
        silent("crash", 1, ticks=2), "twice", decided={"_would_be_there": never_expired}
    ),
}

# Tokens tell what happened without it. It keeps what Kafka has growing, so that it can be told how
# much PostgreSQL forgot, and what a producer committed before another one was configured.
NOT_NEEDED = {
    "a number above PostgreSQL's only": Mutant(
        silent("freeze, lost tail", 2, 2), "", decided={"higher": postgres_number}
    ),
}
