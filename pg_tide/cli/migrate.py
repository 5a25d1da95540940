"""`pg-tide migrate`: install or upgrade the schema, or print the SQL that would."""

import asyncio

import click

from pg_tide.cli.ending import endings
from pg_tide.cli.url import postgres_url
from pg_tide.migrate import Applied, Schema, applied_to
from pg_tide.migrate import migrate as apply
from pg_tide.postgres import connect


@click.command()
@postgres_url(required=False)
@click.option("--print", "only_print", is_flag=True, help="Write the SQL instead of running it.")
def migrate(url: str | None, *, only_print: bool) -> None:
    """Install or upgrade schema tide.

    With --print, the SQL goes to standard output: what this database still needs, or without
    --postgres-url all of it.
    """
    with endings():
        if only_print:
            click.echo(asyncio.run(script(url)))
            return
        if url is None:
            raise click.UsageError("--postgres-url (or PG_TIDE_POSTGRES_URL) is required")
        steps = asyncio.run(apply(url, lambda said: click.echo(f"warning: {said}", err=True)))
        for step in steps:
            click.echo(f"applied {step}")
        click.echo("schema tide is up to date" if steps else "schema tide was up to date")


async def script(url: str | None) -> str:
    """The SQL that a database still needs, or all of it."""
    if url is None:
        return Schema().script(Applied())
    connection = await connect(url)
    try:
        return Schema().script(await applied_to(connection) or Applied())
    finally:
        await connection.close()
