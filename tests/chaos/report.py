"""What a run found, to read: faults by kind, repeats by cause, stalls, the verdict."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.chaos.fault import Fault
from tests.chaos.run import Outcome


def show(console: Console, outcome: Outcome, faults: Sequence[Fault]) -> None:
    """Print it."""
    console.print(_by_kind(outcome, faults))
    for name, verdict in outcome.verdicts.items():
        stall, at = outcome.stalls[name]
        console.print(
            f"{name}: {verdict}; longest stall {stall:.1f} s, at {at - outcome.began:.0f} s"
        )
        console.print(f"{name}: put aside at some time: {outcome.put_aside[name]}")
    console.print(f"faults {len(outcome.struck)}, take-overs {outcome.take_overs}")
    console.print(f"at rest after {outcome.rest:.1f} s")
    for problem in outcome.problems:
        console.print(f"WRONG: {problem}", markup=False, highlight=False)
    console.print("verdict: " + ("something is wrong" if outcome.problems else "nothing is wrong"))


def _by_kind(outcome: Outcome, faults: Sequence[Fault]) -> Table:
    struck = Counter(each.fault.name for each in outcome.struck)
    lasted: Counter[str] = Counter()
    for each in outcome.struck:
        lasted[each.fault.name] += each.ended - each.began  # type: ignore[assignment]
    repeated: Counter[str] = Counter()
    for cause, count in outcome.repeated.items():
        repeated[cause.name if cause else "no cause"] += count
    table = Table("fault", "struck", "seconds", "messages sent again", title="faults by kind")
    for fault in faults:
        name = fault.name
        again = "none may be" if fault.graceful else f"{repeated[name]}"
        table.add_row(name, f"{struck[name]}", f"{lasted[name]:.0f}", again)
    return table
