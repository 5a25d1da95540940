"""Every state that the bounds allow, breadth first: what is found first is the shortest history."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from tests.model import kafka, postgres
from tests.model.decisions import Decide, decisions
from tests.model.faults import faults
from tests.model.recovering import recover, take_over
from tests.model.rules import Bounds, Rules
from tests.model.running import run_on
from tests.model.verdict import unfinished, wrong
from tests.model.world import COMMITTED, Postgres, Producer, Run, World, without_runs

Steps = Iterator[tuple[str, World]]


class Outcome(NamedTuple):
    """How many states were seen, what was wrong, and how it came about; None: nothing."""

    states: int
    wrong: str | None
    history: tuple[str, ...] = ()


def search(bounds: Bounds, rules: Rules = Rules()) -> Outcome:  # noqa: B008
    """Go through all states; stop at the first that is wrong."""
    decide = decisions(rules.recovery)
    first = beginning(bounds)
    came_from: dict[World, tuple[World, str] | None] = {first: None}
    waiting = deque([first])
    while waiting:
        world = waiting.popleft()
        steps = list(progress(world, rules, bounds, decide))
        problem = wrong(world, bounds) or (None if steps else unfinished(world))
        if problem:
            return Outcome(len(came_from), problem, _history(came_from, world))
        steps.extend(faults(world, rules, bounds))
        for said, after in steps:
            known = without_harmless(after, rules, bounds)
            if known not in came_from:
                came_from[known] = (world, said)
                waiting.append(known)
    return Outcome(len(came_from), None)


def beginning(bounds: Bounds) -> World:
    """Messages are there, and nobody has delivered any."""
    everything = tuple(range(bounds.messages + bounds.published))
    return World(
        Postgres(everything[: bounds.messages]),
        tuple(Producer() for _ in range(2 if "configured" in bounds.kinds else 1)),
        unpublished=everything[bounds.messages :],
        faults=bounds.faults,
        ticks=bounds.ticks,
    )


def progress(world: World, rules: Rules, bounds: Bounds, decide: Decide) -> Steps:
    """All that may happen without any fault."""
    for identity, producer in enumerate(world.producers):
        if producer.transaction is not None and producer.transaction.prepared:
            yield "Kafka completes the transaction", kafka.completed(world, identity)
    if world.unpublished:
        yield _published(world)
    if world.asked:
        yield _operator_answers(world)
    yield from take_over(world, rules, bounds)
    for run in world.runs:
        if run.recovering is not None:
            yield from recover(world, run, rules, decide)
        else:
            yield from run_on(world, run, rules, bounds)


def without_harmless(world: World, rules: Rules, bounds: Bounds) -> World:
    """The world without zombies that can change nothing any more: there are fewer states then."""

    def harmless(run: Run) -> bool:
        if run.lease:
            return False
        if run.recovering is not None:  # who was started may read yet, and then needs the lease
            started = run.producer >= 0 and bool(run.recovering.answers)
            return started and rules.epoch_first and rules.lease_proven and not bounds.followed
        if run.fenced and (rules.recommit_fenced or not bounds.recommits):
            return True
        if run.anew:
            return False
        return not bounds.recommits and all(work.stage >= COMMITTED for work in run.works)

    return without_runs(world, harmless)


def _published(world: World) -> tuple[str, World]:
    message, *later = world.unpublished
    state = world.postgres._replace(messages=(*world.postgres.messages, message))
    after = postgres.committed(world, state)
    return f"publish {message}", after._replace(unpublished=tuple(later))


def _operator_answers(world: World) -> tuple[str, World]:
    """The truth about the transaction that the error names: its last message is in the topic."""
    state = world.postgres
    intents = list(state.kept)
    place = next(at for at, intent in enumerate(intents) if intent.number == world.asked)
    intent = intents[place]
    message = next(
        message for message in reversed(state.messages[: intent.end]) if message not in intent.dead
    )
    answer = any(record.message == message for record in world.log)
    intents[place] = intent._replace(answer=answer)
    after = postgres.committed(world, state._replace(kept=tuple(intents)))
    return f"the operator answers {answer}", after._replace(asked=0)


def _history(came_from: dict[World, tuple[World, str] | None], world: World) -> tuple[str, ...]:
    said = []
    step = came_from[world]
    while step is not None:
        said.append(step[1])
        step = came_from[step[0]]
    return tuple(reversed(said))
