"""`pg-tide status`: pipelines and outboxes as they stand now, as tables."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pg_tide.cli.ending import endings
from pg_tide.cli.screen import screen
from pg_tide.cli.url import postgres_url
from pg_tide.migrate import Schema, applied_to
from pg_tide.postgres import connect

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
BAD_STATES = {"failed": "bold red", "halted": "bold red", "retrying": "yellow"}


@click.command()
@postgres_url()
def status(url: str) -> None:
    """Show pipelines and outboxes as they stand now.

    Exits with 1 when a pipeline is failed, halted or retrying.
    """
    with endings():
        pipelines, outboxes = asyncio.run(look(url))
    console = screen()
    console.print(table("Pipelines", pipelines, SAID) if pipelines else "no pipelines yet")
    for row in pipelines:
        if row["state"] in BAD_STATES:
            explain(console, row)
    console.print(table("Outboxes", outboxes, NOTED) if outboxes else "no outboxes yet")
    for row in outboxes:
        for name in NOTED:
            if row[name]:
                note(console, row, name)
    if any(row["state"] in BAD_STATES for row in pipelines):
        raise SystemExit(1)


async def look(url: str) -> tuple[Sequence[Any], Sequence[Any]]:
    """The rows of both tables."""
    connection = await connect(url)
    try:
        Schema().verdict(await applied_to(connection))
        return await connection.rows(PIPELINES), await connection.rows(OUTBOXES)
    finally:
        await connection.close()


def note(console: Console, row: Any, name: str) -> None:
    """Tell what stands beside the table of outboxes, and of which consumer group."""
    group = f", group {row['group']}" if row["group"] else ""
    of = escape(f"{row['outbox']}{group}")
    said = f"{of}: {name.replace('_', ' ')}: {escape(row[name])}"
    console.print(said, soft_wrap=True)


def explain(console: Console, row: Any) -> None:
    """Say why a pipeline is not well, and what to do about it."""
    said = escape(f"{row['pipeline']}: {row['last_error'] or row['state']}")
    console.print(said, style="red", soft_wrap=True)
    if row["hint"]:
        console.print(f"  hint: {escape(row['hint'])}", soft_wrap=True)
    if row["next_retry"]:
        console.print(f"  next try: {row['next_retry']:%H:%M:%S} UTC")


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


def cell(name: str, value: Any) -> str:
    """A value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    style = BAD_STATES.get(value) if name == "state" else None
    return f"[{style}]{value}[/]" if style else escape(str(value))
