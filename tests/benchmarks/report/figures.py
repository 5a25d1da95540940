"""What a benchmark found, and how it is shown: a table to read, JSON to keep and to compare."""

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

_MANY = 100  # from here on without decimals
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity: a value for each run, in the order of the runs."""

    name: str
    unit: str
    runs: Sequence[float]

    @property
    def median(self) -> float:
        """The value to quote."""
        return statistics.median(self.runs)


@dataclass(frozen=True, slots=True)
class Curve:
    """What a plot shows: points, and what their axes are, each with its unit.

    Curves of one benchmark with the same axes share a plot.
    """

    name: str
    x: str
    y: str
    points: Sequence[Point]


@dataclass(slots=True)
class Result:
    """The figures of one benchmark, and in a few sentences how they were measured."""

    name: str
    method: str
    figures: list[Figure] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    machine: Mapping[str, Any] = field(default_factory=dict)

    def add(self, name: str, unit: str, *runs: float) -> None:
        """Add a figure."""
        self.figures.append(Figure(name, unit, runs))

    def add_runs(self, runs: Sequence[Mapping[str, float]], units: Mapping[str, str]) -> None:
        """Add a figure for each unit, by name, from runs that have all of them."""
        for name, unit in units.items():
            self.add(name, unit, *(run[name] for run in runs))

    def draw(self, name: str, x: str, y: str, points: Iterable[Point]) -> None:
        """Add a curve."""
        self.curves.append(Curve(name, x, y, list(points)))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest of the values that so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def thinned(points: Sequence[Point], most: int = 200) -> list[Point]:
    """Return at most so many of the points, evenly, the last one among them."""
    step = math.ceil(len(points) / most) or 1
    return list(points[::-1][::step][::-1])


def show(console: Console, result: Result) -> None:
    """Print a result as a table: the median, and behind it each run."""
    table = Table(title=result.name, caption=result.method, title_justify="left")
    table.caption_justify = "left"
    table.add_column("figure")
    table.add_column("median", justify="right")
    table.add_column("unit")
    table.add_column("runs", style="dim")
    for figure in result.figures:
        table.add_row(figure.name, written(figure.median), figure.unit, all_written(figure))
    console.print(table)


def write(path: Path, results: Iterable[Result]) -> None:
    """Write results as JSON, each with the machine it holds for."""
    content = {result.name: _plain(result) for result in results}
    path.write_text(json.dumps({"benchmarks": content}, indent=1) + "\n")


def read(path: Path) -> list[Result]:
    """Read what `write` wrote."""
    found = json.loads(path.read_text())["benchmarks"]
    return [_result(name, content) for name, content in found.items()]


def _plain(result: Result) -> dict[str, Any]:
    figures = {f.name: {**asdict(f), "median": f.median} for f in result.figures}
    curves = [asdict(curve) for curve in result.curves]
    machine = dict(result.machine)
    return {"machine": machine, "method": result.method, "figures": figures, "curves": curves}


def _result(name: str, content: Mapping[str, Any]) -> Result:
    figures = [Figure(f["name"], f["unit"], tuple(f["runs"])) for f in content["figures"].values()]
    curves = [
        Curve(c["name"], c["x"], c["y"], [(x, y) for x, y in c["points"]])
        for c in content["curves"]
    ]
    return Result(name, content["method"], figures, curves, content["machine"])


def written(value: float) -> str:
    """Return a number as people read it."""
    return f"{value:,.0f}" if abs(value) >= _MANY or value == int(value) else f"{value:,.2f}"


def all_written(figure: Figure) -> str:
    """Return each run of a figure, where there are several."""
    return "  ".join(map(written, figure.runs)) if len(figure.runs) > 1 else ""
