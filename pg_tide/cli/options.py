"""`pg-tide options`: every option of a pipeline, by section."""

from collections.abc import Iterator, Sequence

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from pg_tide.cli.ending import endings
from pg_tide.cli.screen import screen
from pg_tide.config import OPTIONS
from pg_tide.config.catalogue import SECTIONS, default_words, type_words
from pg_tide.config.option import Option
from pg_tide.errors import ConfigurationError
from pg_tide.nearest import nearest

BY_TITLE = {section.title: section.__name__.lower() for section in SECTIONS}


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
def options(names: Sequence[str]) -> None:
    """Show the options of a pipeline: type, default and meaning.

    All of them, or those of each NAME: an option, or a section (connection, security, producing,
    delivering, routing, keys, shaping, failing, operation).
    """
    with endings():
        chosen = list(named(names))
    console = screen(highlight=False)
    section = None
    for option in chosen:
        if option.section != section:
            if section is not None:
                console.print()
            section = option.section
            console.print(Text(f"{section} ({BY_TITLE[section]})", "bold"))
        show(console, option)


def named(names: Sequence[str]) -> Iterator[Option]:
    """Yield the options with these names, or in these sections, in the order of the reference."""
    known = set().union(*map(names_of, OPTIONS))
    wanted = {name.lower() for name in names}
    for name in names:
        if name.lower() not in known:
            near = nearest(name, sorted(known))
            hint = f'Did you mean "{near}"?' if near else '"pg-tide options" shows all.'
            raise ConfigurationError(f'no option or section is called "{name}"', hint=hint)
    yield from (option for option in OPTIONS if not names or names_of(option) & wanted)


def names_of(option: Option) -> set[str]:
    """What an option may be asked for by: its name, what stands before a dot in it, a section."""
    return {option.name, option.name.partition(".")[0], BY_TITLE[option.section]}


def show(console: Console, option: Option) -> None:
    """Print an option in two lines, or more at a terminal."""
    first = Text.assemble(
        ("  ", ""), (option.name, "cyan"), f"  {type_words(option)}; {preset(option)}"
    )
    console.print(first, soft_wrap=True)
    console.print(Padding(Text(option.description), (0, 0, 0, 6), expand=False))


def preset(option: Option) -> str:
    """What holds where it is not given."""
    words = default_words(option)
    return words if words in {"required", "unset"} else f"default {words}"
