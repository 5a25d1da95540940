"""One run: publish while faults strike, wait until it is quiet, and let the oracle decide."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.fault import Fault
from tests.chaos.plan import Planned, plan
from tests.chaos.stage import IN_FLIGHT, Stage, pipelines_of, stage
from tests.fixtures.dead_letters import Letter, ever_put_aside, reasons
from tests.fixtures.oracle.arrivals import (
    Arrival,
    Cause,
    arrivals,
    by_cause,
    longest_gap,
    repeats,
)
from tests.fixtures.oracle.ledger import Ledger, Told
from tests.fixtures.oracle.publishers import connected, publishing
from tests.fixtures.oracle.verdict import Verdict, judge

AT_ONCE = 3  # faults
LONGEST = 120.0  # seconds that one may take
QUIET = 60.0  # seconds in which something must move when nothing strikes any more
EXCUSED = 25.0  # seconds after a fault in which what it broke may still be sent again


@dataclass(frozen=True)
class Options:
    """What run is wanted; `seconds` of faults, one every `pace` seconds on average."""

    seed: int
    seconds: float
    pace: float
    graceful_only: bool = False
    think: float = 0.05
    delivery: str = "at_least_once"
    brokers: int = 1

    def has(self, fault: Fault) -> bool:
        """Whether a fault may strike in this run."""
        there = {each.delivery for each in pipelines_of(self.delivery)}
        hangs = fault.leaderless and self.brokers == 1 and "exactly_once" in there
        wanted = fault.graceful or not self.graceful_only
        return wanted and not hangs and fault.needs in {None, *there}


@dataclass(frozen=True)
class Struck:
    """A fault that was, in seconds since 1970; `note` is what it said of itself."""

    number: int
    fault: Fault
    began: float
    ended: float
    note: str | None


@dataclass
class Outcome:
    """What a run found."""

    began: float = 0.0
    ended: float = 0.0
    struck: list[Struck] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    stalls: dict[str, tuple[float, float]] = field(default_factory=dict)
    repeated: dict[Cause | None, int] = field(default_factory=dict)
    put_aside: dict[str, str] = field(default_factory=dict)
    letters: frozenset[Told] = frozenset()
    take_overs: int = 0
    rest: float = 0.0


async def run(
    options: Options, faults: Sequence[Fault], folder: Path, said: Callable[[str], None]
) -> Outcome:
    """Run it; what is wrong is in the outcome."""
    chosen = [each for each in faults if options.has(each)]
    outcome = Outcome()
    async with stage(folder, options.delivery, options.brokers) as made:
        ledger = await _strike(made, options, chosen, outcome, said)
        await made.calm()
        try:
            outcome.rest = await made.quiet(QUIET)
        except AssertionError as error:
            outcome.problems.append(f"not everything was delivered: {error}")
        for relay in made.relays:
            relay.down()
        await asyncio.gather(*(relay.stop(30) for relay in made.relays))
        outcome.problems += made.surprises
        outcome.take_overs = made.take_overs()
        await _judge(made, ledger, outcome)
    _demand(options, outcome)
    return outcome


async def _strike(
    made: Stage,
    options: Options,
    faults: Sequence[Fault],
    outcome: Outcome,
    said: Callable[[str], None],
) -> Ledger:
    free = asyncio.Semaphore(AT_ONCE)
    outcome.began = time.time()

    async def one(planned: Planned[Fault]) -> None:
        fault = planned.fault
        try:
            async with made.place(fault.place), asyncio.timeout(LONGEST):
                began = time.time()
                note = await fault.strike(made, planned.chance(options.seed))
            struck = Struck(planned.number, fault, began, time.time(), note)
            outcome.struck.append(struck)
            said(line(struck, outcome.began))
        except Exception as error:
            outcome.problems.append(f"fault {planned.number}, {fault.name}: {error!r}")
            said(outcome.problems[-1])
        finally:
            free.release()

    async with publishing(made.postgres.url, made.workload(options.seed, options.think)) as ledger:
        async with asyncio.TaskGroup() as striking:
            for planned in plan(options.seed, options.seconds, options.pace, faults):
                await asyncio.sleep(outcome.began + planned.at - time.time())
                await free.acquire()
                if time.time() - outcome.began > options.seconds:
                    break  # the machine is slower than the plan
                striking.create_task(one(planned))
        await made.calm()
        await asyncio.sleep(2)  # of load on what was healed
        outcome.ended = time.time()
    return ledger


def line(struck: Struck, began: float) -> str:
    """A fault in the log."""
    at, lasted = struck.began - began, struck.ended - struck.began
    note = f"  ({struck.note})" if struck.note else ""
    return f"{at:7.1f} s  #{struck.number:<4} {struck.fault.name}, {lasted:.1f} s{note}"


async def _judge(made: Stage, ledger: Ledger, outcome: Outcome) -> None:
    causes = [
        Cause(each.began, each.fault.name) for each in outcome.struck if not each.fault.graceful
    ]
    repeated: list[Arrival] = []
    for each in made.pipelines:
        seen = await asyncio.to_thread(arrivals, made.kafka.server.brokers, each.topic)
        async with connected(made.postgres.url) as connection:
            letters = await ever_put_aside(connection, each.name, each.outbox)
        outcome.put_aside[each.name] = reasons(letters)
        outcome.letters |= told_of(letters)
        late = frozenset() if each.in_order else frozenset({*ledger.poison, *told_of(letters)})
        waiting = told_of(one for one in letters if one.waits) - {one.told for one in seen}
        part = Ledger()
        part.committed = {told for told in ledger.committed if told.outbox == each.outbox}
        outcome.verdicts[each.name] = judge(part, (one.told for one in seen), waiting, late)
        outcome.stalls[each.name] = longest_gap(seen, outcome.began, outcome.ended)
        repeated += [] if each.exactly_once else repeats(seen)
    outcome.repeated = by_cause(repeated, causes)
    # What was put aside is replayed when there is time for it: its repeats may be later.
    prompt = [each for each in repeated if each.told not in outcome.letters]
    outcome.problems += _unexcused(prompt, outcome.struck)


def told_of(letters: Iterable[Letter]) -> frozenset[Told]:
    return frozenset(letter.told for letter in letters)


def _unexcused(repeated: Sequence[Arrival], struck: Sequence[Struck]) -> list[str]:
    """Repeats when nothing that may cause any had struck for a while."""
    hard = [each for each in struck if not each.fault.graceful]
    wrong = [
        arrival
        for arrival in repeated
        if not any(each.began <= arrival.at <= each.ended + EXCUSED for each in hard)
    ]
    return [f"{len(wrong)} repeats without a cause, first {wrong[0]}"] if wrong else []


def _demand(options: Options, outcome: Outcome) -> None:
    """Take down what of the promise was broken."""
    hard = sum(not each.fault.graceful for each in outcome.struck)
    pipelines = pipelines_of(options.delivery)
    most = IN_FLIGHT * (outcome.take_overs + hard * len(pipelines))
    for each in pipelines:
        once = each.exactly_once or options.graceful_only
        try:
            outcome.verdicts[each.name].demand(at_most_duplicates=0 if once else most)
        except AssertionError as error:
            outcome.problems.append(f"{each.name}: {error}")
    for cause, count in outcome.repeated.items():
        if cause is None:
            outcome.problems.append(f"{count} repeats before any fault that may cause them")
