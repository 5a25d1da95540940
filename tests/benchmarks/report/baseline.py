"""Figures beside those of another day: the ratio of each, and what got worse."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.benchmarks.report.aims import better_more
from tests.benchmarks.report.figures import Figure, Result, written


class Change(NamedTuple):
    """A figure then and now, medians; `worse` by more than was to be tolerated, or `better`."""

    benchmark: str
    figure: str
    unit: str
    before: float
    now: float
    verdict: str

    @property
    def ratio(self) -> float:
        """Now, of what it was."""
        return self.now / self.before


def compare(
    results: Iterable[Result], baseline: Sequence[Result], tolerance: float
) -> list[Change]:
    """Return the figures that both have, but for those that were 0.

    `tolerance` is in percent of what a figure was.
    """
    known = {(r.name, figure.name): figure for r in baseline for figure in r.figures}
    return [
        _change(result.name, before, figure, tolerance)
        for result, figure in _figures(results)
        if (before := known.get((result.name, figure.name))) and before.median
    ]


def _figures(results: Iterable[Result]) -> Iterator[tuple[Result, Figure]]:
    for result in results:
        for figure in result.figures:
            yield result, figure


def _change(benchmark: str, before: Figure, now: Figure, tolerance: float) -> Change:
    ratio = now.median / before.median
    more = better_more(now)
    by = (ratio - 1 if more else 1 / ratio - 1) * 100 if ratio > 0 else 0.0
    verdict = ""
    if more is not None and abs(ratio - 1) * 100 > tolerance:
        verdict = "better" if by > 0 else "worse"
    return Change(benchmark, now.name, now.unit, before.median, now.median, verdict)


def show(console: Console, changes: Sequence[Change]) -> None:
    """Print them, what got worse in red."""
    table = Table(title="beside the baseline", title_justify="left")
    for name in ("benchmark", "figure", "unit"):
        table.add_column(name)
    for name in ("before", "now", "ratio"):
        table.add_column(name, justify="right")
    table.add_column("")
    styles = {"worse": "red", "better": "green"}
    for change in changes:
        values = (written(change.before), written(change.now), f"{change.ratio:.2f}")
        names = (change.benchmark, change.figure, change.unit)
        table.add_row(*names, *values, change.verdict, style=styles.get(change.verdict))
    console.print(table)
