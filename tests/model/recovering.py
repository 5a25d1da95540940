"""A run that has taken over, and has yet to find out what its predecessor left."""

from collections.abc import Iterator

from pg_tide.intent import Read, Recovered, Settle, Start
from tests.model import kafka, postgres
from tests.model.decisions import IDENTITIES, Asks, Decide
from tests.model.rules import Bounds, Rules
from tests.model.world import Last, Mark, Recovering, Run, World, with_run

Steps = Iterator[tuple[str, World]]


def take_over(world: World, rules: Rules, bounds: Bounds) -> Steps:
    """A new run, where nobody has the lease: its epoch is written, and intents are returned."""
    if world.asked or len(world.runs) == bounds.runs or any(run.lease for run in world.runs):
        return
    yield "a relay takes over", taken_over(world, rules)


def taken_over(world: World, rules: Rules) -> World:
    """The world after a take-over; who had the lease before has it no more."""
    state = world.postgres
    given = Recovering(rules.returned(state.kept), state.confirmed, epoch_taken=rules.epoch_first)
    run = Run(world.configured, False, recovering=given, mark=_mark(state.confirmed))
    after = with_run(world, None, run)
    return with_epoch(after, run) if rules.epoch_first else after


def with_epoch(world: World, run: Run) -> World:
    """This run alone has the lease, durably."""
    after = postgres.committed(with_run(world, run, None), world.postgres)
    runs = tuple(sorted((other._replace(lease=False) for other in after.runs), key=hash))
    assert run.recovering is not None
    holder = run._replace(lease=True, recovering=run.recovering._replace(epoch_taken=True))
    return with_run(after._replace(runs=runs), None, holder)


def recover(world: World, run: Run, rules: Rules, decide: Decide) -> Steps:
    """The next step that the relay's own code decides on."""
    recovering = run.recovering
    assert recovering is not None
    if not recovering.epoch_taken:
        yield "it takes the epoch", with_epoch(world, run)
        return
    match decide(recovering, run.configured):
        case Start(identity):
            which = IDENTITIES.index(identity)
            after, changed = kafka.started(world, run, which)
            yield f"start {'xy'[which]}", with_run(after, run, _answered(changed, recovering))
        case Read(identity):
            mark = world.producers[IDENTITIES.index(identity)].mark
            yield f"read {mark}", with_run(world, run, _answered(run, recovering, mark))
        case Settle(up_to):
            yield _settle(world, run, up_to)
        case Recovered(number, forgotten):
            yield _recovered(world, run, rules, Recovered(number, forgotten))
        case Asks(number) if run.lease:
            yield f"asks of {number}", with_run(world, run, None)._replace(asked=number)
        case Asks():
            yield "a zombie asks, and ends", with_run(world, run, None)


def _answered(run: Run, recovering: Recovering, mark: Mark | None = None) -> Run:
    answers = (*recovering.answers, mark)
    return run._replace(recovering=recovering._replace(answers=answers))


def _settle(world: World, run: Run, up_to: int) -> tuple[str, World]:
    if not run.lease:
        return "a zombie may not settle, and ends", with_run(world, run, None)
    recovering = run.recovering
    assert recovering is not None
    settled = postgres.settled(world.postgres, up_to)
    after = postgres.committed(world, settled)
    knowing = _answered(run, recovering)._replace(mark=_mark(settled.confirmed))
    return f"settle up to {up_to}", with_run(after, run, knowing)


def _mark(last: Last) -> Mark | None:
    return Mark(last.number, last.token) if last.token else None


def _recovered(world: World, run: Run, rules: Rules, found: Recovered) -> tuple[str, World]:
    """It proves the lease: who takes over from here on starts its producer later, and fences it."""
    if rules.lease_proven and not run.lease:
        return "a zombie proves no lease, and ends", with_run(world, run, None)
    number, forgotten = found
    running = run._replace(
        recovering=None,
        number=number,
        place=world.postgres.position,
        anew=forgotten > 0 and run.mark is not None,
    )
    mark = world.producers[run.producer].mark
    after = world
    if forgotten:
        after = world._replace(reported=True)
    elif (
        mark is not None
        and mark.token in world.lost
        and mark.number > world.postgres.confirmed.number
        and not world.reported
    ):
        after = world._replace(
            fault=f"Kafka has transaction {mark.number}, which PostgreSQL lost: nothing was said"
        )
    said = f", {forgotten} forgotten" if forgotten else ""
    return f"recovered at {number}{said}", with_run(after, run, running)
