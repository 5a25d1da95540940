"""A real dump, restored into another cluster."""

import shutil
import subprocess

import asyncpg

from pg_tide.demo.postgres_binaries import wheel_binaries
from tests.fixtures.postgres import chosen_binaries
from tests.fixtures.sql import Connection
from tests.fixtures.unavailable import UnavailableError, skip_unless_ci


def _program(name: str) -> str:
    path = (chosen_binaries() or wheel_binaries()) / name
    found = str(path) if path.is_file() else shutil.which(name)
    if found is None:
        skip_unless_ci(UnavailableError(f"there is no {name}"))
    return found


def copy_database(source: str, target: str) -> None:
    """Dump a database and restore it into an empty one."""
    dump = subprocess.run([_program("pg_dump"), source], capture_output=True, check=True)
    psql = [_program("psql"), "-q", "-v", "ON_ERROR_STOP=1", target]
    subprocess.run(psql, input=dump.stdout, stdout=subprocess.DEVNULL, check=True)


async def outrun(source: Connection, target: str) -> None:
    """Draw transaction ids in a cluster until they are beyond those of another.

    Restoring a dump there takes one for each of its statements.
    """
    other = await asyncpg.connect(target)
    beyond = 3000 + await other.fetchval("select pg_current_xact_id()::text::bigint")
    await other.close()
    await source.execute(
        "do $$ begin"
        f" while pg_current_xact_id()::text::bigint < {beyond:d} loop commit; end loop;"
        " end $$"
    )
