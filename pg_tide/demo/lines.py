"""The demo where there is no terminal (a pipe, CI): a line a second."""

from rich.console import Console

from pg_tide.demo.figures import Figures
from pg_tide.demo.stage import Stage
from pg_tide.demo.texts import EXPLANATION, duration, suggestions

_SECONDS = 1.0


class Lines:
    """Plain lines, also to be searched with grep."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next = 0.0

    def open(self, stage: Stage) -> None:
        """Say what it is, and how to join in."""
        self._print(EXPLANATION)
        if stage.psql is None:
            return
        self._print(f"Join in: {stage.psql}")
        for sql, effect in suggestions(stage.names):
            self._print(f"  {' '.join(sql.split())}{f'  -- {effect}' if effect else ''}")

    def show(self, figures: Figures) -> None:
        """Print a line, if it is time for one."""
        if figures.seconds < self._next:
            return
        self._next = figures.seconds + _SECONDS
        ledger, status = figures.ledger, figures.status
        median, slow = figures.latency
        self._print(
            f"{figures.seconds:4.0f} s  published {ledger.published:,}"
            f"  rolled back {ledger.rolled_back:,}  consumed {ledger.delivered:,}"
            f"  on their way {ledger.pending:,}  {figures.delivery_rate:,.0f}/s"
            f"  p50 {duration(median)}  p99 {duration(slow)}  pipeline {status.state}"
        )
        for problem in figures.problems:
            self._print(f"        {problem}")

    def close(self) -> None:
        """Nothing to give back."""

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, markup=False, highlight=False)
