"""What is measured side by side: kinds of delivery, and a prototype, run by run in turn."""

from collections.abc import Iterator, Mapping, Sequence

from tests.benchmarks.report.figures import Result

AT_LEAST_ONCE, EXACTLY_ONCE = KINDS = ("at_least_once", "exactly_once")
CHOICES = (*KINDS, "both")
PROTOTYPE = "prototype"
Runs = Mapping[str, Sequence[Mapping[str, float]]]
Units = Mapping[str, str]


def kinds(choice: str) -> Sequence[str]:
    """Return the kinds that a choice stands for."""
    return KINDS if choice == "both" else (choice,)


def in_turn(names: Sequence[str], runs: int) -> Iterator[tuple[str, int]]:
    """Yield the name and the number of each run, name after name, so that all see the same."""
    for number in range(runs):
        for name in names:
            yield name, number


def add(result: Result, found: Runs, units: Mapping[str, Units]) -> None:
    """Add the figures of each, by its units, with its name before them where there are more.

    A lone kind of delivery beside the prototype goes without. With both kinds also their ratio.
    """
    of_relay = [name for name in found if name != PROTOTYPE]
    for name, runs in found.items():
        prefix = f"{name}: " if name == PROTOTYPE or len(of_relay) > 1 else ""
        named = [{prefix + figure: run[figure] for figure in units[name]} for run in runs]
        result.add_runs(named, {prefix + figure: unit for figure, unit in units[name].items()})
    if len(of_relay) > 1:
        add_ratios(result, found, (EXACTLY_ONCE, AT_LEAST_ONCE), units[AT_LEAST_ONCE])


def add_ratios(
    result: Result, found: Runs, pair: tuple[str, str], figures: Mapping[str, str] | Sequence[str]
) -> None:
    """Add, for each figure, its ratio in the runs of two names that followed each other."""
    this, that = pair
    for figure in figures:
        runs = list(zip(found[this], found[that], strict=True))
        if all(other[figure] for _, other in runs):
            ratios = (one[figure] / other[figure] * 100 for one, other in runs)
            result.add(f"{this} / {that}: {figure}", "%", *ratios)
