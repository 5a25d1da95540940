"""Writes sql/schema.sql: the whole schema as PostgreSQL itself tells it after every migration.

`python -m tools.sql_snapshot` writes it, with `--check` it fails when the file is stale. A change
to a migration or a function is then seen in review as what it makes of the schema.
"""

import argparse
import asyncio
import re
import subprocess
import sys
from pathlib import Path

from pg_tide.demo.postgres import EmbeddedPostgres
from pg_tide.migrate import migrate

SNAPSHOT = Path(__file__).resolve().parent.parent / "sql" / "schema.sql"
VOLATILE = re.compile(
    r"^(\\(un)?restrict .*|-- Dumped .*|SET .*|SELECT pg_catalog\.set_config.*)$\n?", re.MULTILINE
)
HEADER = """\
-- The whole schema, as the migrations and functions make it. Written by "make sql-snapshot", to be
-- read and compared; it is never applied.
"""


def snapshot() -> str:
    """The schema of a fresh database after every migration, as pg_dump writes it."""
    with EmbeddedPostgres() as server:
        asyncio.run(migrate(server.url))
        command = [str(server.binaries / "pg_dump"), "--schema-only", "--schema=tide", "--no-owner"]
        dump = subprocess.run(  # noqa: S603 - our own server's program
            [*command, server.url], check=True, capture_output=True, text=True
        ).stdout
    return HEADER + re.sub(r"\n{3,}", "\n\n", VOLATILE.sub("", dump)).rstrip() + "\n"


def main() -> int:
    """Write the snapshot, or with --check only compare it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.sql_snapshot", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the file is stale")
    only_check = parser.parse_args().check
    text = snapshot()
    if SNAPSHOT.exists() and SNAPSHOT.read_text("utf-8") == text:
        return 0
    if only_check:
        sys.stderr.write('sql/schema.sql is stale: run "make sql-snapshot"\n')
        return 1
    SNAPSHOT.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
