"""`python -m tests.benchmarks [NAME …]`: run benchmarks, show what they found, write it down.

`load` and `read` in place of names are tools for measuring any relay: see docs/benchmarks/peers.md.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from tests.benchmarks.benches.backlog import backlog
from tests.benchmarks.benches.drain import VARIANTS, drain
from tests.benchmarks.benches.encode import encode
from tests.benchmarks.benches.grid import grid
from tests.benchmarks.benches.held_xmin import held_xmin
from tests.benchmarks.benches.idle import idle
from tests.benchmarks.benches.latency import Pace, latency
from tests.benchmarks.benches.pipelines import pipelines
from tests.benchmarks.benches.publish import publish
from tests.benchmarks.benches.turns import AT_LEAST_ONCE, CHOICES
from tests.benchmarks.peers import loading, reading
from tests.benchmarks.report import baseline, figures
from tests.benchmarks.report.figures import Result
from tests.benchmarks.report.machine import machine, summary
from tests.benchmarks.report.page import report
from tests.benchmarks.stage.servers import COUNTING, Servers

Benchmark = Callable[[Servers, Namespace], Result]
_COUNTED = {"held_xmin", "idle"}  # with what statements cost, which costs a little itself
_OFFLINE = {"encode"}  # without servers
_MEASURING = ("messages", "seconds", "runs", "delivery")
_TOOLS = {"load": loading.main, "read": reading.main}


def _drain(name: str) -> Benchmark:
    return lambda servers, chosen: drain(
        servers, name, chosen.messages or 500_000, chosen.runs, chosen.delivery
    )


def _latency(name: str, rate: int) -> Benchmark:
    def run(servers: Servers, chosen: Namespace) -> Result:
        pace = Pace(rate, chosen.seconds or 20)
        return latency(servers, name, pace, chosen.runs, chosen.delivery)

    return run


BENCHMARKS: Mapping[str, Benchmark] = {
    **{name: _drain(name) for name in VARIANTS},
    "latency": _latency("latency", 1000),
    "latency_10k": _latency("latency_10k", 10_000),
    "publish": lambda servers, chosen: publish(servers, chosen.seconds or 20, chosen.runs),
    "pipelines": lambda servers, chosen: pipelines(
        servers, chosen.messages or 500_000, chosen.runs
    ),
    "idle": lambda servers, chosen: idle(servers, chosen.seconds or 30, chosen.runs),
    "backlog": lambda servers, chosen: backlog(servers, chosen.messages or 10_000_000, chosen.runs),
    "grid": lambda servers, chosen: grid(servers, chosen.messages or 200_000, chosen.runs),
    "encode": lambda _, chosen: encode(chosen.messages or 20_000, chosen.runs),
    "held_xmin": lambda servers, chosen: held_xmin(servers, chosen.seconds or 600),
}


def options() -> ArgumentParser:
    """The command line."""
    parser = ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; or all")
    measuring = parser.add_argument_group("what is measured; shorter for trying out")
    measuring.add_argument(
        "--messages",
        type=int,
        help="that wait (default: 500,000; of backlog 10 million; of grid 200,000 at most; of "
        "encode 20,000)",
    )
    measuring.add_argument(
        "--seconds",
        type=float,
        help="of a run or round of the others (default: 20; of idle 30; of held_xmin 600)",
    )
    measuring.add_argument(
        "--runs", type=int, default=3, help="of each, but one of held_xmin; the median counts"
    )
    measuring.add_argument(
        "--delivery",
        choices=CHOICES,
        default=AT_LEAST_ONCE,
        help="of drain and latency; both: run by run in turn, and compared",
    )
    telling = parser.add_argument_group("what becomes of the figures")
    telling.add_argument("--json", type=Path, metavar="FILE", help="write them here")
    telling.add_argument(
        "--report",
        type=Path,
        metavar="FOLDER",
        help="write JSON, a page and plots, or renew those of these benchmarks",
    )
    telling.add_argument("--baseline", type=Path, metavar="FILE", help="compare with this JSON")
    telling.add_argument(
        "--tolerance", type=float, default=15, metavar="PERCENT", help="before a figure is worse"
    )
    telling.add_argument(
        "--profile", type=Path, metavar="FILE", help="sample the relay, and write where it was"
    )
    return parser


def main() -> None:
    """Run the benchmarks that were asked for, or a tool."""
    if sys.argv[1:] and sys.argv[1] in _TOOLS:
        _TOOLS[sys.argv[1]](sys.argv[2:])
        return
    chosen = options().parse_args()
    if unknown := set(chosen.names) - set(BENCHMARKS):
        sys.exit(f"unknown benchmark: {', '.join(sorted(unknown))}")
    console = Console()
    results = []
    for name in chosen.names or BENCHMARKS:
        results.append(run(name, chosen, console))
        if chosen.report:  # the next one may fail
            report(chosen.report, results[-1:], list(BENCHMARKS))
    if chosen.json:
        figures.write(chosen.json, results)
    if chosen.baseline:
        known = figures.read(chosen.baseline)
        baseline.show(console, baseline.compare(results, known, chosen.tolerance))


def run(name: str, chosen: Namespace, console: Console) -> Result:
    """Run one benchmark, on servers of its own, and show what it found."""
    here = {**machine(), "arguments": told(name, chosen)}
    console.print(summary(here))
    settings = COUNTING if name in _COUNTED else {}
    servers = Servers(*relay_program(chosen), settings=settings)
    with nullcontext() if name in _OFFLINE else servers:
        result = BENCHMARKS[name](servers, chosen)
    result.machine = here
    figures.show(console, result)
    return result


def told(name: str, chosen: Namespace) -> str:
    """Return what repeats a benchmark."""
    defaults = options().parse_args([])
    differ = (each for each in _MEASURING if getattr(chosen, each) != getattr(defaults, each))
    arguments = (f" --{each} {plain(getattr(chosen, each))}" for each in differ)
    return f'make bench ARGS="{name}{"".join(arguments)}"'


def plain(value: float | str) -> str:
    """Return a value as one would type it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def relay_program(chosen: Namespace) -> list[list[str]]:
    """The program to run in place of `pg-tide`, if it shall be profiled."""
    if chosen.profile is None:
        return []
    module = "tests.benchmarks.profile.sampling"
    return [[sys.executable, "-m", module, str(chosen.profile.resolve())]]


if __name__ == "__main__":
    main()
