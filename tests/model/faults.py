"""What may go wrong, each at any moment; how often is bounded."""

from collections.abc import Callable, Iterator, Mapping

from tests.model import kafka, postgres
from tests.model.recovering import taken_over
from tests.model.rules import Bounds, Rules
from tests.model.running import answered
from tests.model.world import COMMITTING, KEPT_FOR, Postgres, Run, World, with_run

Steps = Iterator[tuple[str, World]]


def faults(world: World, rules: Rules, bounds: Bounds) -> Steps:
    """All faults that may strike now."""
    if world.standby is not None:
        yield "PROMOTION of the standby", _promoted(world, *world.standby)
    if world.ticks:
        yield "TIME passes", _later(world)
    if world.faults:
        after = world._replace(faults=world.faults - 1)
        for kind in sorted(bounds.kinds):
            if kind != "freeze" or len(world.runs) < bounds.runs:
                yield from KINDS[kind](after, rules)


def _crash(world: World, _: Rules) -> Steps:
    for run in world.runs:
        if run.lease:  # a zombie ends by itself
            yield "CRASH of the relay", with_run(world, run, None)


def _freeze(world: World, rules: Rules) -> Steps:
    """The owner stands still, or is cut off; another takes over, and the owner goes on."""
    if any(run.lease for run in world.runs):
        yield "FREEZE of the relay; another takes over", taken_over(world, rules)


def _lost_answer(world: World, rules: Rules) -> Steps:
    """Of the request to commit: it was executed, or it never came."""
    for run in world.runs:
        for place, work in enumerate(run.works):
            if work.stage != COMMITTING:
                continue
            lost = world if rules.guess is None else _guessed(world, run, place, rules.guess)
            yield "the request to commit is LOST", _unknown(lost, run, rules)
            if not run.fenced:
                done = kafka.prepared(world, run.producer)
                done = done if rules.guess is None else _guessed(done, run, place, rules.guess)
                yield "committed, the answer is LOST", _unknown(done, run, rules)


def _unknown(world: World, run: Run, rules: Rules) -> World:
    """Who does not know what became of a commit ends, and finds out by taking over."""
    return with_run(world, run, None) if rules.guess is None else world


def _guessed(world: World, run: Run, place: int, guess: bool) -> World:
    """A mutant: it goes on as if it knew."""
    if guess:
        return answered(world, run, place)
    if run.lease:
        discarded = world.postgres._replace(kept=())
        world = postgres.committed(world, discarded)
    return with_run(world, run, None)


def _refused(world: World, _: Rules) -> Steps:
    """Kafka refuses records: the client aborts and ends."""
    for run in world.runs:
        open_ = world.producers[run.producer].transaction if run.producer >= 0 else None
        if run.works and not run.fenced and open_ is not None and not open_.prepared:
            after = kafka.aborted(with_run(world, run, None), run.producer)
            yield "records are REFUSED; abort", after


def _timed_out(world: World, _: Rules) -> Steps:
    """The coordinator ends a transaction that stays open, and fences its producer."""
    for identity, producer in enumerate(world.producers):
        if producer.transaction is not None and not producer.transaction.prepared:
            after = kafka.fence(kafka.aborted(world, identity), identity)
            yield "the transaction TIMES OUT", after


def _postgres_crash(world: World, _: Rules) -> Steps:
    """What was not flushed is lost, or some of it, or nothing."""
    for state in {*world.unflushed, world.postgres}:
        yield "CRASH of PostgreSQL", _restarted(world, state)


def _standby_cut_off(world: World, _: Rules) -> Steps:
    """From here on a standby receives nothing; it may be promoted at any time after."""
    if world.standby is None:
        yield "the standby is CUT OFF", world._replace(standby=(world.postgres, world.tokens))


def _promoted(world: World, standby: Postgres, first_lost: int) -> World:
    lost = world.lost.union(range(first_lost, world.tokens))
    return _restarted(world, standby)._replace(standby=None, lost=lost)


def _restarted(world: World, state: Postgres) -> World:
    runs = tuple(sorted((run._replace(lease=False) for run in world.runs), key=hash))
    return world._replace(postgres=state, unflushed=(), runs=runs)


def _reconfigured(world: World, _: Rules) -> Steps:
    """Another transactional id, or other brokers."""
    other = (world.configured + 1) % len(world.producers)
    yield f"CONFIGURED as {'xy'[other]}", world._replace(configured=other)


def _deleted(world: World, _: Rules) -> Steps:
    """An operator deletes the group, shortly after a transaction was confirmed."""
    last = world.postgres.confirmed
    if last.token and last.age < KEPT_FOR / 2 and world.producers[last.identity].mark:
        producer = world.producers[last.identity]
        after = producer._replace(mark=None)
        yield "the mark is DELETED", kafka.with_producer(world, last.identity, after)


def _later(world: World) -> World:
    """Days pass, half of what Kafka keeps a mark for, which expires in the end.

    Who recovers for so long stands still, and loses its lease with its idle session.
    """
    producers = []
    for producer in world.producers:
        mark = producer.mark
        if mark is not None:
            mark = mark._replace(age=mark.age + 1)
            mark = mark if mark.age < KEPT_FOR else None
        producers.append(producer._replace(mark=mark))
    runs = (run._replace(lease=run.lease and run.recovering is None) for run in world.runs)
    return world._replace(
        runs=tuple(sorted(runs, key=hash)),
        ticks=world.ticks - 1,
        producers=tuple(producers),
        postgres=postgres.aged(world.postgres),
        unflushed=tuple(postgres.aged(state) for state in world.unflushed),
    )


KINDS: Mapping[str, Callable[[World, Rules], Steps]] = {
    "crash": _crash,
    "freeze": _freeze,
    "lost answer": _lost_answer,
    "refused": _refused,
    "timed out": _timed_out,
    "postgres": _postgres_crash,
    "lost tail": _standby_cut_off,
    "configured": _reconfigured,
    "deleted": _deleted,
}
