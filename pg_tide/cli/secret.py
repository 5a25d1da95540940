"""`pg-tide secret`: values that pipelines refer to, encrypted here before they go anywhere.

No value is ever an argument: others see a command line, and the shell keeps it.
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from pg_tide import small_file
from pg_tide.cli.database import database
from pg_tide.cli.ending import endings
from pg_tide.cli.keys import secret_keys
from pg_tide.cli.screen import screen
from pg_tide.cli.url import postgres_url
from pg_tide.errors import ConfigurationError
from pg_tide.secret import Encrypted, Keys, KeySource, new_key

LIST = "SELECT name, key_id, set_at, pipelines FROM tide.secrets"
ROLES = {
    "set": "tide_admin",
    "delete": "tide_admin",
    "list": "tide_viewer",
    "rotate": "both tide_admin and tide_relay",
}


@click.group()
def secret() -> None:
    """Keep passwords in the database, encrypted, for pipelines to refer to as ${secret:NAME}.

    The keys never go there: the relay has them from --secret-key-file or PG_TIDE_SECRET_KEY.
    """


@secret.command()
def key() -> None:
    """Make a new key and write it to standard output."""
    click.echo(new_key())


@secret.command("set", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
@click.argument("name")
@click.option(
    "--from-file", metavar="FILE", help="Read the value from a file instead of standard input."
)
@secret_keys()
@postgres_url()
@click.pass_context
def set_(
    context: click.Context, name: str, from_file: str | None, keys: KeySource, url: str
) -> None:
    """Store a secret, or replace it; pipelines that refer to it start anew, and no others.

    The value is asked for, or read from standard input where that is no terminal; the line end it
    closes with is left out. It is encrypted with the first key.
    """
    if context.args:
        raise click.UsageError(
            "There is something after the name. A value is never given there, where others see "
            "it: it is asked for. One that was given is known to others now."
        )
    with endings():
        usable = keys.keys()
        asyncio.run(store(url, usable.encrypt(name, value(from_file))))


@secret.command("list")
@postgres_url()
def list_(url: str) -> None:
    """Show the names of all secrets, their keys, and the pipelines that refer to them."""
    with endings():
        rows = asyncio.run(look(url))
    table = Table()
    for heading in ("name", "key", "set", "pipelines"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        set_at = f"{row['set_at']:%Y-%m-%d %H:%M:%S}"
        table.add_row(row["name"], row["key_id"], set_at, Text(", ".join(row["pipelines"])))
    screen().print(table if rows else "no secrets yet")


@secret.command()
@click.argument("name")
@click.option(
    "--force", is_flag=True, help="Even if pipelines refer to it: they fail until it is set again."
)
@postgres_url()
def delete(name: str, url: str, *, force: bool) -> None:
    """Remove a secret that no pipeline refers to."""
    with endings():
        asyncio.run(drop(url, name, force=force))
    click.echo(f'secret "{name}" deleted')


@secret.command()
@secret_keys()
@postgres_url()
def rotate(keys: KeySource, url: str) -> None:
    """Encrypt all secrets anew with the first key, all or none; pipelines go on.

    Give the new key first and after it those in use, here and to every relay. When this is done,
    the relays need the new one alone.
    """
    with endings():
        done, of = asyncio.run(again(url, keys.keys()))
    click.echo(f"{done} of {of} secrets were encrypted anew, {of - done} had the first key already")


def value(from_file: str | None) -> str:
    """The value of a secret, which nothing shows."""
    try:
        if from_file is not None:
            found = small_file.read(from_file)
        elif sys.stdin.isatty():
            found = click.prompt("Value", hide_input=True, confirmation_prompt=True, err=True)
        else:
            found = small_file.text(sys.stdin.buffer.read(small_file.MOST + 1))
    except ValueError as error:
        where = "" if from_file is None else f" in {from_file}"
        raise ConfigurationError(f"the value{where} {error}") from None
    if not found:
        raise ConfigurationError("the value is empty")
    return found


async def store(url: str, one: Encrypted) -> None:
    """Store a secret, and say who uses it."""
    async with database(url, ROLES["set"]) as connection:
        done = await connection.value(
            "SELECT tide.secret_set($1, $2, $3)", one.name, one.key_id, one.ciphertext
        )
        row = await connection.row(f"{LIST} WHERE name = $1", one.name)
    click.echo(f'secret "{one.name}" {done}, encrypted with key {one.key_id}')
    if row and row["pipelines"]:
        click.echo(f"used by {', '.join(row['pipelines'])}")


async def look(url: str) -> Sequence[Any]:
    """What is known of every secret but its value."""
    async with database(url, ROLES["list"]) as connection:
        return await connection.rows(LIST)


async def drop(url: str, name: str, *, force: bool) -> None:
    """Remove a secret."""
    async with database(url, ROLES["delete"]) as connection:
        await connection.value("SELECT tide.secret_drop($1, $2)", name, force)


async def again(url: str, keys: Keys) -> tuple[int, int]:
    """Encrypt all secrets with the first key, in one transaction; how many, of how many."""
    async with database(url, ROLES["rotate"]) as connection, connection.transaction():
        rows = await connection.rows(
            "SELECT name, key_id, ciphertext FROM tide._stored_secrets(NULL)"
        )
        stored = [Encrypted(*row) for row in rows]
        values = {one.name: keys.decrypt(one) for one in stored}
        outdated = [one for one in stored if one.key_id != keys.ids[0]]
        for old in outdated:
            new = keys.encrypt(old.name, values[old.name])
            await connection.value(
                "SELECT tide.secret_rotate($1, $2, $3, $4)",
                *(new.name, old.ciphertext, new.key_id, new.ciphertext),
            )
    return len(outdated), len(stored)
