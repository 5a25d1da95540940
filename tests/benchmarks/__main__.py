"""`python -m tests.benchmarks [drain|latency|publish …]`: run them, show them, write them down."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tests.benchmarks import figures
from tests.benchmarks.delivery import AT_LEAST_ONCE, CHOICES
from tests.benchmarks.drain import drain
from tests.benchmarks.figures import Result
from tests.benchmarks.latency import latency
from tests.benchmarks.machine import machine, summary
from tests.benchmarks.publish import publish
from tests.benchmarks.servers import Servers

BENCHMARKS: dict[str, Callable[[Servers, Namespace], Result]] = {
    "drain": lambda servers, chosen: drain(servers, chosen.messages, chosen.runs, chosen.delivery),
    "latency": lambda servers, chosen: latency(
        servers, chosen.rate, chosen.seconds, chosen.runs, chosen.delivery
    ),
    "publish": lambda servers, chosen: publish(servers, chosen.seconds, chosen.runs),
}


def options() -> ArgumentParser:
    """The command line."""
    parser = ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="|".join(BENCHMARKS), help="default: all")
    parser.add_argument("--messages", type=int, default=500_000, help="that drain delivers")
    parser.add_argument("--seconds", type=float, default=20, help="of a run or round of the others")
    parser.add_argument("--rate", type=int, default=1000, help="messages/s of latency")
    parser.add_argument("--runs", type=int, default=3, help="of each; the median counts")
    parser.add_argument(
        "--delivery",
        choices=CHOICES,
        default=AT_LEAST_ONCE,
        help="of drain and latency; both: run by run in turn, and compared",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help="sample the relay, and write where it was"
    )
    return parser


def main() -> None:
    """Run the benchmarks that were asked for."""
    chosen = options().parse_args()
    if unknown := set(chosen.names) - set(BENCHMARKS):
        sys.exit(f"unknown benchmark: {', '.join(sorted(unknown))}")
    console, here = Console(), machine()
    console.print(summary(here))
    results = []
    for name in chosen.names or BENCHMARKS:
        with Servers(*relay_program(chosen)) as servers:
            results.append(BENCHMARKS[name](servers, chosen))
        figures.show(console, results[-1])
    if chosen.json:
        figures.write(chosen.json, here, results)


def relay_program(chosen: Namespace) -> list[list[str]]:
    """The program to run in place of `pg-tide`, if it shall be profiled."""
    if chosen.profile is None:
        return []
    module = "tests.benchmarks.sampling"
    return [[sys.executable, "-m", module, str(chosen.profile.resolve())]]


if __name__ == "__main__":
    main()
