"""`pg-tide status`: pipelines and outboxes as they stand now, as tables."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from shlex import quote
from typing import Any, Literal

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pg_tide.cli.database import database
from pg_tide.cli.ending import endings
from pg_tide.cli.screen import screen
from pg_tide.cli.url import postgres_url
from pg_tide.cli.visible import visible

PIPELINES = (
    "SELECT pipeline, state, outbox, topic, pending, lag_seconds AS lag_s, delivered, dead_letters,"
    " last_error, hint, next_retry FROM tide.relay_status"
)
OUTBOXES = (
    "SELECT outbox, enabled, retained, retention_hours AS hours, consumer_group AS group,"
    " pending, held_by, note FROM tide.outbox_status"
)
SAID = ("last_error", "hint", "next_retry")
NOTED = ("held_by", "note")
BAD_STATES = {
    "failed": "bold red",
    "halted": "bold red",
    "not owned": "bold red",
    "retrying": "yellow",
}
NO_RELAY = "no live relay runs it"
START_ONE = "Start pg-tide, with the --relay-group that the pipeline has in its options, if any."


@click.command()
@postgres_url()
def status(url: str) -> None:
    """Show pipelines and outboxes as they stand now.

    Exits with 1 when a pipeline is failed, halted, retrying or not owned.
    """
    with endings():
        pipelines, outboxes = asyncio.run(look(url))
    console = screen()
    console.print(table("Pipelines", pipelines, SAID) if pipelines else "no pipelines yet")
    for row in pipelines:
        if row["state"] in BAD_STATES:
            explain(console, row)
        if row["dead_letters"]:
            point(console, row)
    console.print(table("Outboxes", outboxes, NOTED) if outboxes else "no outboxes yet")
    for row in outboxes:
        for name in NOTED:
            if row[name]:
                note(console, row, name)
    if any(row["state"] in BAD_STATES for row in pipelines):
        raise SystemExit(1)


async def look(url: str) -> tuple[Sequence[Any], Sequence[Any]]:
    """The rows of both tables."""
    async with database(url, "tide_viewer") as connection:
        return await connection.rows(PIPELINES), await connection.rows(OUTBOXES)


def tell(console: Console, words: str, style: str | None = None) -> None:
    """Print a line as it is, however long."""
    console.print(Text(visible(words)), style=style, soft_wrap=True)


def note(console: Console, row: Any, name: str) -> None:
    """Tell what stands beside the table of outboxes, and of which consumer group."""
    group = f", group {row['group']}" if row["group"] else ""
    tell(console, f"{row['outbox']}{group}: {name.replace('_', ' ')}: {row[name]}")


def explain(console: Console, row: Any) -> None:
    """Say why a pipeline is not well, and what to do about it."""
    nobody = row["state"] == "not owned"
    why, hint = (NO_RELAY, START_ONE) if nobody else (row["last_error"], row["hint"])
    tell(console, f"{row['pipeline']}: {why or row['state']}", "red")
    if hint:
        tell(console, f"  hint: {hint}")
    if row["next_retry"] and not nobody:
        tell(console, f"  next try: {row['next_retry']:%H:%M:%S} UTC")


def point(console: Console, row: Any) -> None:
    """Say how to see what was put aside."""
    tell(console, f"{row['pipeline']}: unresolved dead letters: {row['dead_letters']:,}")
    tell(console, f'  hint: "pg-tide dead-letters list --pipeline {quote(row["pipeline"])}"')


def table(title: str, rows: Sequence[Any], beside: Sequence[str]) -> Table:
    """Rows as a table, without the columns that are told beside it."""
    columns = [name for name in rows[0].keys() if name not in beside]  # noqa: SIM118 - a record's items are its values
    made = Table(title=title, title_justify="left")
    for name in columns:
        value = rows[0][name]
        number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        justify: Literal["right", "left"] = "right" if number else "left"
        made.add_column(name.replace("_", " "), justify=justify, overflow="fold")
    for row in rows:
        made.add_row(*(cell(name, row[name]) for name in columns))
    return made


def cell(name: str, value: Any) -> str | Text:
    """A value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    style = BAD_STATES.get(value) if name == "state" else None
    return Text(visible(str(value)), style=style or "")
