"""Curves as a picture: one plot for each pair of axes, side by side, as SVG.

matplotlib is there for who measures (`pip install '.[bench]'`, as `make bench` does), not for who
tests: it is imported only when there is something to draw.
"""

import importlib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.report.figures import Curve, Result

_WIDTH, _HEIGHT = 5.5, 3.6  # inches, of one plot
_SETTINGS = {"svg.hashsalt": "pg_tide", "svg.fonttype": "none"}  # the same file for the same data
_WIDE = 20  # from this ratio of the largest to the smallest on, an axis is logarithmic


def draw(result: Result, file: Path) -> None:
    """Write a result's curves to a file; nothing where it has none."""
    if not result.curves:
        return
    library = importlib.import_module("matplotlib")
    library.use("svg")
    plots = importlib.import_module("matplotlib.pyplot")
    by_axes: dict[tuple[str, str], list[Curve]] = defaultdict(list)
    for curve in result.curves:
        by_axes[curve.x, curve.y].append(curve)
    with library.rc_context(_SETTINGS):
        size = (_WIDTH * len(by_axes), _HEIGHT)
        figure, found = plots.subplots(1, len(by_axes), figsize=size, squeeze=False)
        for axes, (names, curves) in zip(found[0], by_axes.items(), strict=True):
            _draw_all(axes, names, curves)
        figure.suptitle(result.name)
        figure.tight_layout()
        figure.savefig(file, metadata=_undated())
        plots.close(figure)


def _draw_all(axes: Any, names: tuple[str, str], curves: list[Curve]) -> None:
    x_name, y_name = names
    marked = any(len(curve.points) <= _WIDE for curve in curves)
    for curve in curves:
        xs, ys = zip(*curve.points, strict=True)
        axes.plot(xs, ys, label=curve.name, marker="o" if marked else None)
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)
    places = sorted({x for curve in curves for x, _ in curve.points})
    if marked and is_wide(places):
        axes.set_xscale("log")
        axes.set_xticks(places, [f"{place:g}" for place in places])
        axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()


def is_wide(values: list[float]) -> bool:
    """Whether values are better shown on a logarithmic axis."""
    return min(values) > 0 and max(values) / min(values) >= _WIDE


def _undated() -> Mapping[str, None]:
    return {"Date": None}
