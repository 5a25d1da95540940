"""Which kinds of delivery are measured: one of them, or both in turn, side by side."""

from collections.abc import Iterator, Mapping, Sequence

from tests.benchmarks.figures import Result

AT_LEAST_ONCE, EXACTLY_ONCE = KINDS = ("at_least_once", "exactly_once")
CHOICES = (*KINDS, "both")
Runs = Mapping[str, Sequence[Mapping[str, float]]]


def kinds(choice: str) -> Sequence[str]:
    """Return the kinds that a choice stands for."""
    return KINDS if choice == "both" else (choice,)


def in_turn(choice: str, runs: int) -> Iterator[tuple[str, int]]:
    """Yield the kind and the number of each run, kind after kind, so that all see the same."""
    for number in range(runs):
        for kind in kinds(choice):
            yield kind, number


def add(result: Result, found: Runs, units: Mapping[str, Mapping[str, str]]) -> None:
    """Add the figures of each kind, by its units; of both also the ratio of the medians."""
    if len(found) == 1:
        (kind,) = found
        result.add_runs(found[kind], units[kind])
        return
    for kind, runs in found.items():
        named = [{f"{kind}: {name}": run[name] for name in units[kind]} for run in runs]
        result.add_runs(named, {f"{kind}: {name}": unit for name, unit in units[kind].items()})
    medians = {figure.name: figure.median for figure in result.figures}
    for name in units[AT_LEAST_ONCE]:
        before = medians[f"{AT_LEAST_ONCE}: {name}"]
        if before:
            ratio = medians[f"{EXACTLY_ONCE}: {name}"] / before
            result.add(f"ratio: {name}", "", ratio)
