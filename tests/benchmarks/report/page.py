"""A folder with all that was found: results.json, a page of tables, and plots.

What a benchmark found replaces what it had found before; the others keep their figures, each with
the machine, the commit and the date it holds for.
"""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.benchmarks.report import figures, plots
from tests.benchmarks.report.aims import AIMS, PEAK, aim_of
from tests.benchmarks.report.figures import Figure, Result, written
from tests.benchmarks.report.machine import summary
from tests.benchmarks.report.peers import beside_peers

JSON, PAGE = "results.json", "results.md"
_TITLE = """# What was measured

Written by `make bench`; [how to run it, and how to read this](README.md). A figure is the median of
its runs. Rates and times hold for the machine, ratios within a run compare better.
"""


def report(folder: Path, results: Sequence[Result], order: Sequence[str]) -> None:
    """Write the folder anew with these results, the benchmarks in this order."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / JSON
    known = {result.name: result for result in (figures.read(file) if file.exists() else ())}
    known |= {result.name: result for result in results}
    sorted_results = sorted(known.values(), key=lambda result: order.index(result.name))
    figures.write(file, sorted_results)
    for result in results:
        plots.draw(result, folder / plot_of(result))
    parts = [_TITLE, overview(sorted_results), beside_peers(sorted_results)]
    parts += map(section, sorted_results)
    (folder / PAGE).write_text("\n".join(parts))


def plot_of(result: Result) -> str:
    """The name of the file with a benchmark's plot."""
    return f"{result.name}.svg"


def overview(results: Sequence[Result]) -> str:
    """Every figure that something is aimed at, of all benchmarks, as a table in Markdown."""
    lines = ["## What is aimed at", "", "| benchmark | figure | median | unit | aim |"]
    lines.append("| --- | --- | ---: | --- | --- |")
    for result in results:
        for figure in result.figures:
            if (result.name, figure.name) in AIMS:
                cells = (f"[{result.name}](#{result.name})", *_cells(result.name, figure))
                lines.append(f"| {' | '.join(cells)} |")
    peaks = [max(f.runs) for r in results for f in r.figures if f.name.endswith(PEAK)]
    if peaks:
        cells = ("all", *_cells("all", Figure(f"largest {PEAK}", "MB", (max(peaks),))))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def section(result: Result) -> str:
    """The part of the page that tells of one benchmark."""
    plot = f"![{result.name}]({plot_of(result)})\n" if result.curves else ""
    parts = [
        f"## {result.name}\n",
        filled(result.method),
        f"`{result.machine['arguments']}`\n",
        filled(f"{result.machine['at']}: {summary(result.machine)}."),
        table(result.name, result.figures),
        plot,
    ]
    return "\n".join(part for part in parts if part)


def table(benchmark: str, found: Iterable[Figure]) -> str:
    """The figures as a table in Markdown, with what is aimed at."""
    lines = ["| figure | median | unit | aim | runs |", "| --- | ---: | --- | --- | --- |"]
    lines += (_row(benchmark, figure) for figure in found)
    return "\n".join(lines) + "\n"


def _row(benchmark: str, figure: Figure) -> str:
    cells = (*_cells(benchmark, figure), figures.all_written(figure))
    return f"| {' | '.join(cells)} |"


def _cells(benchmark: str, figure: Figure) -> tuple[str, ...]:
    aim = aim_of(benchmark, figure)
    told = "" if aim is None else f"{aim}{'' if aim.met(figure.median) else ', missed'}"
    return figure.name, written(figure.median), figure.unit, told


def filled(text: str) -> str:
    """A paragraph of lines that are not too long."""
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False) + "\n"
