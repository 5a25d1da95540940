"""`pg-tide dead-letters`: messages that were put aside; what was wrong, and what becomes of them.

Whatever is asked for here is one call of a function in SQL, which only marks: the relay acts.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeVar

import click
from rich.table import Table
from rich.text import Text

from pg_tide.catalog import no_such_pipeline
from pg_tide.cli.database import database
from pg_tide.cli.ending import endings
from pg_tide.cli.screen import screen
from pg_tide.cli.url import postgres_url
from pg_tide.cli.visible import visible
from pg_tide.errors import ConfigurationError

UNRESOLVED = ("waiting", "parked", "retrying")
STATES = ("unresolved", *UNRESOLVED, "delivered", "filtered", "discarded")
STYLES = {"waiting": "bold red", "parked": "yellow", "retrying": "cyan"}
LIST = (
    "SELECT id, pipeline, outbox, message_id, key, op, stage, reason, error, attempts, first_at,"
    " last_at, state, resolved_at, parks_key, waits_behind FROM tide.dead_letters"
    " WHERE ($1::text IS NULL OR pipeline = $1) AND state = ANY ($2) ORDER BY id LIMIT $3"
)
SHOW = (
    "SELECT id, pipeline, outbox, message_id, key, op, stage, reason, error, attempts,"
    " first_at, last_at, state, waits_behind, resolved_at, published_at, source, dedup_key,"
    " headers::text, payload::text, encode(payload_bytes, 'hex') AS payload_bytes, before::text,"
    " tide._reads_messages() AS whole"
    " FROM tide.dead_letters WHERE id = $1"
)
PIPELINES = "SELECT pipeline FROM tide.relay_status"
ALL = "SELECT tide.dead_letter_{verb}_all($1, $2, $3)"
ONE = "SELECT tide.dead_letter_{verb}($1)"
VIEWER, ADMIN = "tide_viewer", "tide_admin"
STAGES = "transform, route, encode, produce, handle or park"
NUMBERS = {"id", "message", "tries"}
LONG = {"stage", "tries", "last"}  # columns that only a wide terminal has room for
WIDE = 140  # columns of a terminal; below, an error's text would be a tower of words
F = TypeVar("F", bound=Callable[..., Any])


class Chosen(NamedTuple):
    """Dead letters by their ids, or all of a pipeline that are of a stage and of a key."""

    ids: Sequence[int]
    pipeline: str | None
    stage: str | None
    key: str | None

    @classmethod
    def of(cls, ids: Sequence[int], *, every: bool, **among: str | None) -> "Chosen":
        """Read what was given on the command line; UsageError where it says two things, or none."""
        chosen = cls(sorted(set(ids)), **among)
        if every and ids:
            raise click.UsageError("Give ids or --all, not both.")
        if every and chosen.pipeline is None:
            raise click.UsageError("--all needs --pipeline.")
        if not every and not ids:
            raise click.UsageError("Give the ids of dead letters, or --all and --pipeline.")
        if not every and any(among.values()):
            raise click.UsageError("--pipeline, --stage and --key go with --all.")
        return chosen

    @property
    def words(self) -> str:
        """Which they are, as a person says it."""
        if self.ids:
            return counted(len(self.ids))
        stage = f" of stage {self.stage}" if self.stage is not None else ""
        key = f" of key {self.key}" if self.key is not None else ""
        return f"all dead letters of pipeline {self.pipeline}{stage}{key}"


def choice(command: F) -> F:
    """Add the arguments that choose dead letters."""
    for add in (
        click.option("--key", help="With --all: only those of this key."),
        click.option("--stage", help=f"With --all: only those put aside at this stage, {STAGES}."),
        click.option("--pipeline", metavar="NAME", help="With --all: of which pipeline."),
        click.option("--all", "every", is_flag=True, help="All of a pipeline, instead of ids."),
        click.argument("ids", metavar="[ID]...", nargs=-1, type=click.IntRange(1, 2**63 - 1)),
    ):
        command = add(command)
    return command


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at messages that could not go, and have them tried again or given up.

    In SQL the view tide.dead_letters and functions such as tide.dead_letter_retry do the same.
    """


@dead_letters.command("list")
@click.option("--pipeline", metavar="NAME", help="Only those of this pipeline.")
@click.option(
    "--state",
    type=click.Choice(STATES),
    default="unresolved",
    show_default=True,
    help="Only those in this state; unresolved is waiting, parked or retrying.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000),
    default=100,
    show_default=True,
    help="So many at most, the oldest first.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, an array of objects.")
@postgres_url()
def list_(url: str, pipeline: str | None, state: str, limit: int, *, as_json: bool) -> None:
    """Show dead letters: where each failed, why, and what it waits for."""
    states = UNRESOLVED if state == "unresolved" else (state,)
    with endings():
        rows = asyncio.run(listed(url, pipeline, states, limit + 1))
    if as_json:
        click.echo(json.dumps([dict(row) for row in rows[:limit]], default=str, indent=2))
        return
    console = screen(highlight=False)
    if not rows:
        console.print(f"no {state} dead letters")
        return
    wide = console.width >= WIDE
    console.print(table(rows[:limit], wide=wide))
    if not wide:
        click.echo('what was wrong with one of them: "pg-tide dead-letters show ID"')
    if len(rows) > limit:
        click.echo(f"there are more than {limit}: --limit shows more, --pipeline and --state fewer")


@dead_letters.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1))
@postgres_url()
def show(number: int, url: str) -> None:
    """Show one dead letter whole; what its message holds, to tide_admin alone."""
    with endings():
        rows = asyncio.run(look(url, SHOW, number))
        if not rows:
            raise ConfigurationError(
                f"there is no dead letter {number}", hint='"pg-tide dead-letters list" has the ids.'
            )
    console = screen(highlight=False)
    for name, value in fields(rows[0]):
        line = Text.assemble((f"{name.replace('_', ' '):13}  ", "bold"), said(value))
        console.print(line, soft_wrap=True)


@dead_letters.command()
@choice
@postgres_url()
def retry(ids: Sequence[int], url: str, *, every: bool, **among: str | None) -> None:
    """Have dead letters tried again, at once; what is parked behind them follows.

    Those with the IDs, or with --all those of a pipeline that wait. A relay has to run the
    pipeline.
    """
    chosen = Chosen.of(ids, every=every, **among)
    with endings():
        marked = asyncio.run(resolve(url, "retry", chosen))
    click.echo(f"{counted(marked)} will be tried again")


@dead_letters.command()
@choice
@click.option("--yes", is_flag=True, help="Without asking.")
@postgres_url()
def discard(ids: Sequence[int], url: str, *, every: bool, yes: bool, **among: str | None) -> None:
    """Give dead letters up: their messages are never delivered.

    Those with the IDs, or with --all those of a pipeline that are not resolved. What is parked
    behind them, and not given up itself, is delivered.
    """
    chosen = Chosen.of(ids, every=every, **among)
    if not yes:
        click.confirm(f"Give up {chosen.words}?", abort=True, err=True)
    with endings():
        given_up = asyncio.run(resolve(url, "discard", chosen))
    click.echo(f"{counted(given_up)} discarded")


async def look(url: str, query: str, *values: Any) -> Sequence[Any]:
    """The rows of a query."""
    async with database(url, VIEWER) as connection:
        return await connection.rows(query, *values)


async def listed(
    url: str, pipeline: str | None, states: Sequence[str], limit: int
) -> Sequence[Any]:
    """Dead letters; ConfigurationError where there are none because no pipeline is called so."""
    async with database(url, VIEWER) as connection:
        rows = await connection.rows(LIST, pipeline, states, limit)
        if rows or pipeline is None:
            return rows
        names = [row["pipeline"] for row in await connection.rows(PIPELINES)]
    if pipeline not in names:
        raise no_such_pipeline(pipeline, names, '"pg-tide status" shows all of them.')
    return rows


async def resolve(url: str, verb: str, chosen: Chosen) -> int:
    """Mark those that were chosen, all or none of those with ids; how many."""
    async with database(url, ADMIN) as connection, connection.transaction():
        if chosen.ids:
            for number in chosen.ids:
                await connection.value(ONE.format(verb=verb), number)
            return len(chosen.ids)
        marked: int = await connection.value(ALL.format(verb=verb), *chosen[1:])
        return marked


def table(rows: Sequence[Any], *, wide: bool) -> Table:
    """Dead letters as a table, the oldest first; where it is narrow, the less of each."""
    made = Table()
    for heading in cells(rows[0]):
        if wide or heading not in LONG:
            number = heading in NUMBERS
            justify: Literal["right", "left"] = "right" if number else "left"
            made.add_column(heading, justify=justify, overflow="fold", no_wrap=number)
    for row in rows:
        shown = cells(row)
        if not wide:
            shown["error"] = Text(visible(row["reason"]))
        made.add_row(*(cell for heading, cell in shown.items() if wide or heading not in LONG))
    return made


def cells(row: Any) -> dict[str, Text]:
    """One of them, by the headings of its columns."""
    return {
        "id": Text(str(row["id"])),
        "pipeline": Text(visible(row["pipeline"])),
        "message": Text(str(row["message_id"])),
        "key": Text(shortened(visible(row["key"] or ""), 60)),
        "stage": Text(visible(row["stage"])),
        "error": Text(visible(error(row))),
        "tries": Text(str(row["attempts"])),
        "last": Text(f"{row['last_at']:%Y-%m-%d %H:%M:%S}"),
        "state": condition(row),
    }


def fields(row: Any) -> Iterator[tuple[str, Any]]:
    """What is told of one dead letter: all that it has, and that its message holds nothing."""
    *given, (_, whole) = row.items()
    yield from ((name, value) for name, value in given if value is not None)
    if not whole:
        yield "payload", "shown, with headers, to members of tide_admin alone"
    elif row["payload"] is None and row["payload_bytes"] is None:
        yield "payload", "none: it is a tombstone"


def error(row: Any) -> str:
    """What was wrong; of one that only waits for another, no more than its reason."""
    if row["stage"] == "park":
        return str(row["reason"])
    return shortened(f"{row['reason']}: {row['error']}", 200)


def condition(row: Any) -> Text:
    """The state, and what it waits for."""
    behind = f" behind {row['waits_behind']}" if row["waits_behind"] else ""
    return Text(f"{row['state']}{behind}", style=STYLES.get(row["state"], ""))


def shortened(text: str, most: int) -> str:
    """A text that fits into a cell."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def counted(number: int) -> str:
    """So many dead letters."""
    return f"{number:,} dead letter{'' if number == 1 else 's'}"


def said(value: Any) -> str:
    """A value as a person reads it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f} UTC"
    return visible(str(value))
