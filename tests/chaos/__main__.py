"""`python -m tests.chaos`: strike for so long, show what happened; exit code 1 if it is wrong."""

import asyncio
import random
import shutil
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.chaos import points, report
from tests.chaos.fault import Fault
from tests.chaos.faults import FAULTS
from tests.chaos.run import Options, Outcome, run
from tests.chaos.stage import DELIVERIES, pipelines_of

LONG = 30  # minutes from which on the figures below are demanded
FAULTS_AT_LEAST, OF_EACH_KIND = 200, 5


def options() -> ArgumentParser:
    """The command line."""
    parser = ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="of faults")
    parser.add_argument("--seed", type=int, help="of an earlier run, to repeat it")
    parser.add_argument("--pace", type=float, default=4, help="seconds between faults, on average")
    parser.add_argument("--think", type=float, default=0.05, help="seconds a publisher rests")
    parser.add_argument("--graceful-only", action="store_true", help="what may repeat nothing")
    parser.add_argument("--rounds", type=int, default=20, help="deaths at each kill point, after")
    parser.add_argument("--delivery", choices=DELIVERIES, default=DELIVERIES[0], help="or both")
    parser.add_argument(
        "--brokers", type=int, choices=(1, 3), help="default: 3 for transactions, else 1"
    )
    parser.add_argument("--only", default="", help="faults whose name has this in it")
    return parser


def main() -> None:
    """Run what was asked for."""
    chosen = options().parse_args()
    seed = random.SystemRandom().getrandbits(32) if chosen.seed is None else chosen.seed
    chosen.brokers = chosen.brokers or (1 if chosen.delivery == DELIVERIES[0] else 3)
    console = Console(soft_wrap=True)
    console.print(
        f"chaos: --seed {seed} --minutes {chosen.minutes:g} --pace {chosen.pace:g}"
        f" --delivery {chosen.delivery} --brokers {chosen.brokers}"
    )
    folder = Path(tempfile.mkdtemp(prefix="pg-tide-chaos-"))
    wrong = asyncio.run(strike(chosen, seed, folder, console))
    if chosen.rounds and not chosen.graceful_only:
        for delivery in sorted({each.delivery for each in pipelines_of(chosen.delivery)}):
            wrong |= asyncio.run(points.show(console, folder, chosen.rounds, delivery))
    if wrong:
        console.print(f"logs of the relays are in {folder}")
    else:
        shutil.rmtree(folder)
    sys.exit(wrong)


async def strike(chosen: Namespace, seed: int, folder: Path, console: Console) -> bool:
    """The run of faults at random; whether anything was wrong."""
    faults = [fault for fault in FAULTS if chosen.only in fault.name]
    if not faults:
        sys.exit(
            f'no fault has "{chosen.only}" in its name: {", ".join(one.name for one in FAULTS)}'
        )
    wanted = Options(
        seed,
        chosen.minutes * 60,
        chosen.pace,
        chosen.graceful_only,
        chosen.think,
        chosen.delivery,
        chosen.brokers,
    )
    if not wanted.seconds:
        return False
    faults = [fault for fault in faults if wanted.has(fault)]
    outcome = await run(wanted, faults, folder, lambda text: console.print(text, markup=False))
    if chosen.minutes >= LONG:
        outcome.problems += too_few(outcome, faults)
    report.show(console, outcome, faults)
    return bool(outcome.problems)


def too_few(outcome: Outcome, faults: Sequence[Fault]) -> list[str]:
    """What a long run lacks."""
    struck = Counter(each.fault.name for each in outcome.struck)
    rare = [
        f"{fault.name}: only {struck[fault.name]} times"
        for fault in faults
        if struck[fault.name] < OF_EACH_KIND
    ]
    if len(outcome.struck) < FAULTS_AT_LEAST:
        rare.append(f"only {len(outcome.struck)} faults")
    return rare


if __name__ == "__main__":
    main()
