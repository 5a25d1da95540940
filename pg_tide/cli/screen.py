"""Where commands write, and how: as wide as the terminal, or as needed where there is none.

What others wrote (keys, payloads, errors that quote them) must not reach a terminal as it is: a
control character in it would move the cursor, colour what follows, or feign a line.
"""

from rich.console import Console

WIDE = 10_000  # characters: what a file or a pipe takes is not cut


def screen(*, highlight: bool = True) -> Console:
    """Return a console on standard output."""
    console = Console(highlight=highlight)
    return console if console.is_terminal else Console(highlight=highlight, width=WIDE)


def visible(text: str, *, keep: str = "") -> str:
    """A text with its control and invisible characters written out, but for those to keep."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep else repr(char)[1:-1] for char in text
    )
