"""What the model knows of: PostgreSQL, Kafka's transactional producers, and runs of a relay.

All of it is immutable, small and hashable: a state that was seen before is not searched again.
Tokens and what messages contain are numbers that are never drawn twice; token 0 means none.
"""

from collections.abc import Callable
from typing import NamedTuple

INTENDED, PRODUCED, COMMITTING, COMMITTED, HALF_CONFIRMED = range(5)  # stages of a transaction
KEPT_FOR = 2  # ticks of the clock for which Kafka keeps a mark

Contents = tuple[int, ...]


class Mark(NamedTuple):
    """What the last committed transaction of a producer left in Kafka."""

    number: int
    token: int
    age: int = 0


class Kept(NamedTuple):
    """An intent as PostgreSQL has it: it takes the position to `end`, and puts `dead` aside."""

    number: int
    token: int
    identity: int
    end: int
    dead: Contents
    age: int = 0
    answer: bool | None = None


class Last(NamedTuple):
    """The transaction that PostgreSQL confirmed last."""

    number: int = 0
    token: int = 0
    identity: int = -1
    age: int = 0


class Postgres(NamedTuple):
    """What is committed: the place of a message in `messages` is its id."""

    messages: Contents
    position: int = 0
    confirmed: Last = Last()
    kept: tuple[Kept, ...] = ()
    dead: Contents = ()


class Transaction(NamedTuple):
    """A Kafka transaction that is open, or prepared: committed, and not to be seen yet."""

    mark: Mark
    prepared: bool = False


class Producer(NamedTuple):
    """One transactional id at its brokers."""

    transaction: Transaction | None = None
    mark: Mark | None = None


class Record(NamedTuple):
    """A message in the topic; `pending`: the producer whose transaction is not complete."""

    message: int
    pending: int = -1


class Work(NamedTuple):
    """A transaction as the relay that runs it has it in memory."""

    intent: Kept
    records: Contents
    stage: int = INTENDED


class Recovering(NamedTuple):
    """What a run was given when it took over, and what its steps were answered since."""

    kept: tuple[Kept, ...]
    confirmed: Last
    answers: tuple[Mark | None, ...] = ()
    epoch_taken: bool = True


class Run(NamedTuple):
    """A relay from its take-over on. Without the lease it is a zombie, and does not know it.

    `producer` is the one that it started last; `fenced` once another started that too. `mark` is
    the last one that it knows to be committed; `anew`: it commits that again before all else.
    """

    configured: int
    lease: bool = True
    producer: int = -1
    fenced: bool = False
    recovering: Recovering | None = None
    number: int = 0
    place: int = 0
    works: tuple[Work, ...] = ()
    mark: Mark | None = None
    anew: bool = False


class World(NamedTuple):
    """One state.

    `unflushed`: the earlier states that a crash of PostgreSQL may fall back to.
    `standby` is how far a standby came before it was cut off, and which token came next.
    `asked`: the number of the transaction of which an operator is asked. `lost`: tokens that
    PostgreSQL lost with its tail; `reported` once a run said so. `fault`: what a run did that it
    never may.
    """

    postgres: Postgres
    producers: tuple[Producer, ...]
    unflushed: tuple[Postgres, ...] = ()
    standby: tuple[Postgres, int] | None = None
    log: tuple[Record, ...] = ()
    runs: tuple[Run, ...] = ()
    configured: int = 0
    tokens: int = 1
    unpublished: Contents = ()
    faults: int = 0
    ticks: int = 0
    asked: int = 0
    lost: frozenset[int] = frozenset()
    reported: bool = False
    fault: str = ""


def with_run(world: World, old: Run | None, new: Run | None) -> World:
    """The world after a run changed, began (no old one) or ended (no new one)."""
    runs = list(world.runs)
    if old is not None:
        runs.remove(old)
    if new is not None:
        runs.append(new)
    return world._replace(runs=tuple(sorted(runs, key=hash)))  # nobody cares which is which


def without_runs(world: World, gone: Callable[[Run], bool]) -> World:
    """The world without some runs."""
    if not any(map(gone, world.runs)):
        return world
    return world._replace(runs=tuple(run for run in world.runs if not gone(run)))


def with_work(run: Run, place: int, stage: int) -> Run:
    """The run after one of its transactions came to a stage."""
    works = list(run.works)
    works[place] = works[place]._replace(stage=stage)
    return run._replace(works=tuple(works))
