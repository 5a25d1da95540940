"""How the demo is told: a live screen in a terminal, plain lines everywhere else."""

import sys
from io import TextIOWrapper

from rich.console import Console

from pg_tide.demo.ledger import Ledger
from pg_tide.demo.lines import Lines
from pg_tide.demo.play import Display
from pg_tide.demo.screen import Screen
from pg_tide.demo.texts import INTRODUCTION, summary


class View:
    """What was set up, the play on a display, and how it went."""

    def __init__(self, console: Console, display: Display) -> None:
        self._console = console
        self.display = display

    def introduce(self) -> None:
        """Say what this is."""
        self._console.print(INTRODUCTION, style="bold", highlight=False)

    def say(self, text: str) -> None:
        """Tell of something done."""
        self._print(f"  {text}")

    def sum_up(self, ledger: Ledger, problems: list[str]) -> None:
        """How it went."""
        for line in summary(ledger):
            self._print(f"  {line}")
        for problem in problems:
            self._print(f"  WRONG: {problem}", style="bold red")
        if ledger.delivered and not ledger.pending and not problems:
            line = "Every committed message arrived exactly once, each key's in order."
            self._print(f"  {line}", style="bold green")

    def _print(self, text: str, style: str | None = None) -> None:
        self._console.print(text, style=style, soft_wrap=True, markup=False, highlight=False)


def chosen_view() -> View:
    """The view that fits where standard output goes."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what others publish may have any characters
    console = Console()
    # Not `console.is_terminal`: FORCE_COLOR, which CI sets, makes that true for a pipe.
    live = sys.stdout.isatty() and not console.is_dumb_terminal
    return View(console, Screen(console) if live else Lines(console))
