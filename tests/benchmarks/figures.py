"""What a benchmark found, and how it is shown: a table to read, JSON to compare."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

_MANY = 100  # from here on without decimals


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


@dataclass(slots=True)
class Result:
    """The figures of one benchmark, and in a few sentences how they were measured."""

    name: str
    method: str
    figures: list[Figure] = field(default_factory=list)

    def add(self, name: str, unit: str, *runs: float) -> None:
        """Add a figure."""
        self.figures.append(Figure(name, unit, runs))

    def add_runs(self, runs: Sequence[Mapping[str, float]], units: Mapping[str, str]) -> None:
        """Add a figure for each unit, by name, from runs that have all of them."""
        for name, unit in units.items():
            self.add(name, unit, *(run[name] for run in runs))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest of the values that so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def show(console: Console, result: Result) -> None:
    """Print a result as a table: the median, and behind it each run."""
    table = Table(title=result.name, caption=result.method, title_justify="left")
    table.caption_justify = "left"
    table.add_column("figure")
    table.add_column("median", justify="right")
    table.add_column("unit")
    table.add_column("runs", style="dim")
    for figure in result.figures:
        runs = "  ".join(map(_written, figure.runs)) if len(figure.runs) > 1 else ""
        table.add_row(figure.name, _written(figure.median), figure.unit, runs)
    console.print(table)


def write(path: Path, machine: Mapping[str, Any], results: Sequence[Result]) -> None:
    """Write results as JSON, with the machine they hold for."""
    benchmarks = {
        result.name: {
            "method": result.method,
            "figures": {
                each.name: {"median": each.median, "unit": each.unit, "runs": list(each.runs)}
                for each in result.figures
            },
        }
        for result in results
    }
    content = {"machine": dict(machine), "benchmarks": benchmarks}
    path.write_text(json.dumps(content, indent=2) + "\n")


def _written(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _MANY or value == int(value) else f"{value:,.2f}"
