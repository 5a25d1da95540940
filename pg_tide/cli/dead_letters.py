"""`pg-tide dead-letters`: messages that were put aside; what was wrong, and what becomes of them.

Whatever is asked for here is one call of a function in SQL, which only marks: the relay acts.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import click
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pg_tide.cli.database import database
from pg_tide.cli.ending import endings
from pg_tide.cli.screen import screen
from pg_tide.cli.url import postgres_url
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
    " headers::text, payload::text, encode(payload_bytes, 'hex') AS payload_bytes, before::text"
    " FROM tide.dead_letters WHERE id = $1"
)
ALL = "SELECT tide.dead_letter_{verb}_all($1, $2, $3)"
ONE = "SELECT tide.dead_letter_{verb}($1)"
VIEWER, ADMIN = "tide_viewer", "tide_admin"
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
        click.option("--stage", help="With --all: only those put aside at this stage."),
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
        rows = asyncio.run(look(url, LIST, pipeline, states, limit + 1))
    if as_json:
        click.echo(json.dumps([dict(row) for row in rows[:limit]], default=str, indent=2))
        return
    screen(highlight=False).print(table(rows[:limit]) if rows else f"no {state} dead letters")
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
    for name, value in rows[0].items():
        if value is not None:
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


async def resolve(url: str, verb: str, chosen: Chosen) -> int:
    """Mark those that were chosen, all or none of those with ids; how many."""
    async with database(url, ADMIN) as connection, connection.transaction():
        if chosen.ids:
            for number in chosen.ids:
                await connection.value(ONE.format(verb=verb), number)
            return len(chosen.ids)
        marked: int = await connection.value(ALL.format(verb=verb), *chosen[1:])
        return marked


def table(rows: Sequence[Any]) -> Table:
    """Dead letters as a table, the oldest first."""
    made = Table()
    for heading in ("id", "pipeline", "message", "key", "stage", "error", "tries", "last", "state"):
        number = heading in {"id", "message", "tries"}
        made.add_column(heading, justify="right" if number else "left", overflow="fold")
    for row in rows:
        made.add_row(
            str(row["id"]),
            escape(row["pipeline"]),
            str(row["message_id"]),
            escape(shortened(row["key"] or "", 60)),
            escape(row["stage"]),
            escape(error(row)),
            str(row["attempts"]),
            f"{row['last_at']:%Y-%m-%d %H:%M:%S}",
            condition(row),
        )
    return made


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
    return f"{value:%Y-%m-%d %H:%M:%S.%f} UTC" if hasattr(value, "year") else str(value)
