"""Where commands write: as wide as the terminal, or as needed where there is none."""

from rich.console import Console

WIDE = 10_000  # characters: what a file or a pipe takes is not cut


def screen(*, highlight: bool = True) -> Console:
    """Return a console on standard output."""
    console = Console(highlight=highlight)
    return console if console.is_terminal else Console(highlight=highlight, width=WIDE)
