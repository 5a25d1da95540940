"""A run that sends: intent, transaction, confirmation; the next intent while one commits."""

from collections.abc import Iterator

from pg_tide.intent import MOST_KEPT
from tests.model import kafka, postgres
from tests.model.rules import Bounds, Rules
from tests.model.world import (
    COMMITTED,
    COMMITTING,
    HALF_CONFIRMED,
    PRODUCED,
    Contents,
    Kept,
    Mark,
    Run,
    Work,
    World,
    with_run,
    with_work,
)

Steps = Iterator[tuple[str, World]]
LARGEST = 2  # messages of a batch


def run_on(world: World, run: Run, rules: Rules, bounds: Bounds) -> Steps:
    """All that a run may do next, also one without the lease."""
    if not run.lease or run.configured != world.configured:
        yield "it notices, and ends", with_run(world, run, None)
    if run.anew:
        yield from _commit_anew(world, run)
        return
    yield from _intend(world, run, rules, bounds)
    yield from _send(world, run)
    yield from _confirm(world, run, rules)
    if bounds.recommits:
        yield from _recommit(world, run, rules)


def _intend(world: World, run: Run, rules: Rules, bounds: Bounds) -> Steps:
    """Write the next batch's intent; PostgreSQL lets only the owner."""
    if len(run.works) >= MOST_KEPT or (run.works and run.works[-1].stage < PRODUCED):
        return
    if not run.lease:  # what it does without the epoch is rolled back, and it ends
        return
    waiting = world.postgres.messages[run.place :]
    for size in range(1, min(LARGEST, len(waiting)) + 1):
        batch = waiting[:size]
        refused = tuple(message for message in batch if message in bounds.poison)
        for dead in {(), refused}:
            if dead != batch:
                yield _intended(world, run, rules, batch, dead)
            elif not run.works:
                yield _put_aside(world, run, batch)


def _intended(
    world: World, run: Run, rules: Rules, batch: Contents, dead: Contents
) -> tuple[str, World]:
    records = tuple(message for message in batch if message not in dead)
    end = run.place + len(batch)
    state = world.postgres
    kept = Kept(run.number + 1, world.tokens, run.producer, end, dead)
    before = state.kept[-1].number if state.kept else state.confirmed.number
    if kept.number <= before:
        return "intend", world._replace(
            fault=f"an intent {kept.number} after {before}: PostgreSQL refuses it"
        )
    if not rules.dead_provisional:
        kept = kept._replace(dead=())
        state = state._replace(dead=state.dead + dead)
    state = state._replace(kept=(*state.kept, kept))
    after = postgres.committed(world, state, durable=rules.intent_durable)
    running = run._replace(number=kept.number, place=end, works=(*run.works, Work(kept, records)))
    said = f"intend {kept.number}: {records}" + (f", {dead} aside" if dead else "")
    return said, with_run(after._replace(tokens=world.tokens + 1), run, running)


def _put_aside(world: World, run: Run, dead: Contents) -> tuple[str, World]:
    """A batch without records needs no transaction; nothing is under way before it."""
    end = run.place + len(dead)
    state = world.postgres._replace(position=end, dead=world.postgres.dead + dead)
    after = postgres.committed(world, state, durable=False)
    return f"{dead} aside, without a transaction", with_run(after, run, run._replace(place=end))


def _send(world: World, run: Run) -> Steps:
    """The next request to Kafka, whether PostgreSQL still has the intent or not."""
    place = next((at for at, work in enumerate(run.works) if work.stage < COMMITTED), None)
    if place is None:
        return
    work = run.works[place]
    if work.stage == PRODUCED:
        asked = with_work(run, place, stage=COMMITTING)
        yield f"request to commit {work.intent.number}", with_run(world, run, asked)
    elif run.fenced:
        yield "it is fenced, and ends", with_run(world, run, None)
    elif work.stage == COMMITTING:
        yield "committed", answered(kafka.prepared(world, run.producer), run, place)
    elif world.producers[run.producer].transaction is None:  # else it waits for the markers
        mark = Mark(work.intent.number, work.intent.token)
        after = kafka.opened(world, run.producer, work.records, mark)
        produced = with_work(run, place, stage=PRODUCED)
        yield f"produce {work.records}", with_run(after, run, produced)


def answered(world: World, run: Run, place: int) -> World:
    """The run believes that this transaction was committed."""
    intent = run.works[place].intent
    believing = with_work(run, place, stage=COMMITTED)
    mark = Mark(intent.number, intent.token)
    return with_run(world, run, believing._replace(mark=mark))


def _confirm(world: World, run: Run, rules: Rules) -> Steps:
    """What the intent holds is applied, and it is gone; a crash may undo both, not one."""
    if not run.works or run.works[0].stage < COMMITTED or not run.lease:
        return
    work, *later = run.works
    state = world.postgres
    done = run._replace(works=tuple(later))
    if work.stage == HALF_CONFIRMED:
        after, said = postgres.forgotten(state, (work.intent,)), "the other half"
    elif rules.confirm_whole:
        after, said = postgres.confirmed(state, (work.intent,)), "confirmed"
    else:
        after, said = postgres.applied(state, (work.intent,)), "half confirmed"
        done = with_work(run, 0, stage=HALF_CONFIRMED)
    yield said, with_run(postgres.committed(world, after, durable=False), run, done)


def _commit_anew(world: World, run: Run) -> Steps:
    """Kafka has another mark than PostgreSQL: a transaction with only that of PostgreSQL."""
    assert run.mark is not None
    if run.fenced:
        yield "it is fenced, and ends", with_run(world, run, None)
    elif world.producers[run.producer].transaction is None:
        after = kafka.opened(world, run.producer, (), run.mark)
        yield f"produce the mark of {run.mark.number} anew", after
    else:
        after = kafka.prepared(world, run.producer)
        done = run._replace(anew=False)
        yield f"committed: the mark of {run.mark.number}", with_run(after, run, done)


def _recommit(world: World, run: Run, rules: Rules) -> Steps:
    """An idle run commits its last mark again, lest it expires."""
    if run.works or run.mark is None:
        return
    if rules.recommit_fenced and run.fenced:
        yield "it is fenced, and ends", with_run(world, run, None)
        return
    producer = world.producers[run.producer]
    if producer.transaction is None or not rules.recommit_fenced:
        renewed = producer._replace(mark=run.mark)
        if renewed != producer:
            said = f"recommit {run.mark.number}"
            yield said, kafka.with_producer(world, run.producer, renewed)
