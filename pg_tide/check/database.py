"""What a relay needs of PostgreSQL, before any pipeline: server, schema, rights, LISTEN."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from pg_tide import __version__
from pg_tide.check.step import Step, ok, tried, warning
from pg_tide.errors import FatalError, TransientError
from pg_tide.migrate import Schema, applied_to
from pg_tide.postgres import Postgres, connect
from pg_tide.secret import KeySource

OLDEST = 13  # the first version of PostgreSQL that is supported
HEARD_WITHIN = 5.0  # seconds
SERVER, SCHEMA, ROLE = "server", "schema", "role"


class Asked(NamedTuple):
    """What a relay would be told, as far as a check needs it."""

    url: str
    direct_url: str
    relay_group: str
    keys: KeySource


async def database_steps(asked: Asked, postgres: Postgres) -> AsyncIterator[Step]:
    """Yield each step, up to one without which the next cannot be; opens the pool."""
    looks: tuple[tuple[str, Callable[[], Awaitable[Step]]], ...] = (
        (SERVER, lambda: server(asked, postgres)),
        (SCHEMA, lambda: schema(postgres)),
        (ROLE, lambda: role(postgres)),
        ("LISTEN", lambda: listen(asked, postgres)),
        ("relays", lambda: relays(postgres)),
    )
    for name, look in looks:
        step = await tried(name, look())
        yield step
        if step.error is not None and name in {SERVER, SCHEMA, ROLE}:
            return


async def server(asked: Asked, postgres: Postgres) -> Step:
    """Whether it answers, can be written, and is not too old."""
    await postgres.open()
    async with postgres.transaction(read_only=True) as connection:
        version = connection.server_version
        if await connection.value("SELECT pg_is_in_recovery()"):
            raise TransientError(
                f"{where(asked.url)} is a standby, where no relay can write its position",
                reason="standby",
                hint="Correct the host in --postgres-url, or wait for the promotion.",
            )
    found = f"PostgreSQL {version} at {where(asked.url)}"
    if version < OLDEST:
        return warning(SERVER, found, f"Upgrade: {OLDEST} is the oldest that is supported.")
    return ok(SERVER, found)


def where(url: str) -> str:
    """The hosts and the database of a URL, and nothing else of it."""
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2] or parse_qs(parts.query).get("host", [""])[0]
    return f"{hosts or 'the default host'}, {parts.path.strip('/') or 'the default database'}"


async def schema(postgres: Postgres) -> Step:
    """Whether the schema is this program's."""
    async with postgres.transaction(read_only=True) as connection:
        Schema().verdict(await applied_to(connection))
    return ok(SCHEMA, f"that of version {__version__}")


async def role(postgres: Postgres) -> Step:
    """Whether the user may do what a relay does."""
    async with postgres.transaction(read_only=True) as connection:
        row = await connection.row("SELECT role_name, lacking FROM tide._relay_rights()")
    if not row["lacking"]:
        return ok(ROLE, f"{row['role_name']} may do what a relay does")
    raise FatalError(
        f"{row['role_name']} may not call {row['lacking'][0]}"
        + (f" and {len(row['lacking']) - 1} more" if len(row["lacking"]) > 1 else ""),
        reason="not_permitted",
        hint=f'GRANT tide_relay TO "{row["role_name"]}", or run "pg-tide migrate" for the grants.',
    )


async def listen(asked: Asked, postgres: Postgres) -> Step:
    """Whether the direct connection hears what is notified through the other one.

    It proves a session of its own, which locks need too, and that both URLs are one database.
    """
    channel = f"tide_check_{uuid.uuid4().hex}"
    heard = asyncio.Event()
    connection = await connect(asked.direct_url, application_name="pg-tide check")
    try:
        await connection.listen(channel, lambda _: heard.set())
        async with postgres.transaction() as other:
            await other.value("SELECT pg_notify($1, '')", channel)
        async with asyncio.timeout(HEARD_WITHIN):
            await heard.wait()
    except TimeoutError:
        raise FatalError(
            f"a notification did not arrive at {where(asked.direct_url)}",
            reason="not_heard",
            hint="Set --postgres-direct-url to the server itself, past any PgBouncer, and to the "
            "same database: the relay's locks need that too.",
        ) from None
    finally:
        await connection.close()
    return ok("LISTEN", f"notifications arrive at {where(asked.direct_url)}")


async def relays(postgres: Postgres) -> Step:
    """Which relays live."""
    async with postgres.transaction(read_only=True) as connection:
        rows = await connection.rows("SELECT name, version, pipelines FROM tide.relay_processes")
    if not rows:
        return warning("relays", "no relay lives", 'Start one with "pg-tide" when all is well.')
    each = [f"{row['name']} (version {row['version']}, runs {row['pipelines']})" for row in rows]
    return ok("relays", ", ".join(each))
