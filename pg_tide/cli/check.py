"""`pg-tide check`: whether a relay could run its pipelines here, step by step."""

import asyncio
from collections.abc import Sequence
from typing import Any

import click
import orjson
from rich.table import Table
from rich.text import Text

from pg_tide.check import SEVERITY, Asked, Section
from pg_tide.check import check as look
from pg_tide.cli.ending import RUNNING, endings
from pg_tide.cli.keys import secret_keys
from pg_tide.cli.screen import screen
from pg_tide.cli.url import postgres_url
from pg_tide.cli.visible import visible
from pg_tide.secret import KeySource

STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}


@click.command()
@click.argument("pipelines", metavar="[PIPELINE]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document instead of tables.")
@click.option(
    "--relay-group",
    envvar="PG_TIDE_RELAY_GROUP",
    show_envvar=True,
    metavar="NAME",
    default="default",
    show_default=True,
    help="Without a PIPELINE, check all of this relay group.",
)
@secret_keys()
@click.option(
    "--postgres-direct-url",
    "direct_url",
    envvar="PG_TIDE_POSTGRES_DIRECT_URL",
    show_envvar=True,
    metavar="URL",
    help="The same database past any PgBouncer in transaction mode; unset: the same URL.",
)
@postgres_url()
def check(
    url: str, direct_url: str | None, relay_group: str, keys: KeySource, **given: Any
) -> None:
    """Look whether a relay could run its pipelines from here.

    Connects to PostgreSQL and to the brokers as the relay would, and says of each thing it needs
    whether it is there: login, certificates, topics, the right to write. Nothing is changed and
    nothing produced; for exactly_once a transaction is begun and aborted. Exits with 1 when a step
    failed; warnings are no failure.
    """
    asked = Asked(url, direct_url or url, relay_group, keys)
    with endings():
        worst = asyncio.run(run(asked, given["pipelines"], as_json=given["as_json"]))
    if worst == "failed":
        raise SystemExit(RUNNING)


async def run(asked: Asked, pipelines: Sequence[str], *, as_json: bool) -> str:
    """Print each section as soon as it is complete; the worst verdict of all."""
    console = screen(highlight=False)
    sections = []
    try:
        async for section in look(asked, pipelines):
            sections.append(section)
            if not as_json:
                console.print(table(section))
    finally:
        if as_json:
            click.echo(document(sections))
    worst = max((section.verdict for section in sections), key=lambda one: SEVERITY[one])
    if not as_json:
        console.print(conclusion(sections))
    return worst


def table(section: Section) -> Table:
    """A section as a table; what to do stands below what was found."""
    made = Table(title=Text(section.title), title_justify="left")
    made.add_column("verdict", no_wrap=True)
    made.add_column("step", overflow="fold")
    made.add_column("found", overflow="fold", ratio=1)
    for step in section.steps:
        found = Text(visible(step.found, keep="\n"))
        if step.hint:
            found.append(f"\n{visible(step.hint, keep=chr(10))}", style="dim")
        made.add_row(Text(step.verdict, style=STYLES[step.verdict]), Text(step.name), found)
    return made


def conclusion(sections: Sequence[Section]) -> Text:
    """One line for all."""
    verdicts = [step.verdict for section in sections for step in section.steps]
    failed, warned = verdicts.count("failed"), verdicts.count("warning")
    if not failed and not warned:
        return Text("all is well", style=STYLES["ok"])
    words = [f"{failed} failed"] if failed else []
    words += [f"{warned} warning{'s' if warned > 1 else ''}"] if warned else []
    return Text(", ".join(words), style=STYLES["failed" if failed else "warning"])


def document(sections: Sequence[Section]) -> str:
    """The same as JSON."""
    verdicts = [section.verdict for section in sections]
    content = {
        "verdict": max(verdicts, key=lambda one: SEVERITY[one], default="failed"),
        "sections": [
            {
                "title": section.title,
                "steps": [
                    {
                        "step": step.name,
                        "verdict": step.verdict,
                        "found": step.found,
                        "hint": step.hint,
                    }
                    for step in section.steps
                ],
            }
            for section in sections
        ],
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
