"""Installs and upgrades the schema: `sql/migrations` in order and once, then all that is replaced.

Each migration is a transaction of its own that records its number under a lock, so that two
starters cannot both run it. Functions, views, the catalogue of options and the grants follow in
one transaction whenever the digest of their texts differs from the one recorded.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

from pg_tide import __version__
from pg_tide.errors import StartError
from pg_tide.postgres import Connection, connect

LOCK = "select pg_advisory_xact_lock(hashtextextended('tide.migrate', 0))"


@dataclass(frozen=True)
class Step:
    """One transaction of SQL: its name, and its text."""

    name: str
    sql: str


@dataclass(frozen=True)
class Applied:
    """What stands in a database: the last migration (0: none), the program, the digest."""

    migration: int = 0
    version: str = ""
    digest: str = ""


class Schema:
    """The schema as this program brings it."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self.folder = folder if folder is not None else files("pg_tide") / "sql"

    @cached_property
    def migrations(self) -> dict[int, Step]:
        """By number, in order."""
        texts = sorted(self._texts("migrations"))
        return {int(name[:4]): Step(name.removesuffix(".sql"), sql) for name, sql in texts}

    @cached_property
    def bookkeeping(self) -> str:
        """The text that makes the tables of what was applied, where they are missing."""
        return self._text("bookkeeping.sql")

    @cached_property
    def grants(self) -> str:
        """The text that gives each role what it may do."""
        return self._text("grants.sql")

    @cached_property
    def replaced(self) -> str:
        """The text of functions, views, options and grants, which are replaced as a whole."""
        parts = [*sorted(self._texts("functions")), *sorted(self._texts("views"))]
        texts = [*(sql for _, sql in parts), self._text("catalogue.sql"), self.grants]
        return "set local check_function_bodies = off;\n\n" + "\n".join(texts)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the replaced text, in hexadecimal."""
        return hashlib.sha256(self.replaced.encode()).hexdigest()

    def _text(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")

    def _texts(self, name: str) -> Iterable[tuple[str, str]]:
        for entry in (self.folder / name).iterdir():
            if entry.name.endswith(".sql"):
                yield entry.name, entry.read_text("utf-8")

    def steps(self, applied: Applied) -> list[Step]:
        """What a database that stands at `applied` still needs, in order."""
        steps = [
            Step(step.name, record_migration(number, step))
            for number, step in self.migrations.items()
            if number > applied.migration
        ]
        if steps or applied.digest != self.digest:
            steps.append(Step("functions, views, options, grants", self.replaced + self._record()))
        return steps

    def _record(self) -> str:
        return (
            "\ndelete from tide.schema_applied;\n"
            "insert into tide.schema_applied (version, digest) "
            f"values ('{__version__}', '{self.digest}');\n"
        )

    def script(self, applied: Applied) -> str:
        """The same as text, for those who run their own migrations."""
        steps = [Step("bookkeeping", self.bookkeeping), *self.steps(applied)]
        return "\n".join(
            f"-- {step.name}\nbegin;\n{LOCK};\n{step.sql}\ncommit;\n" for step in steps
        )

    def refuse_newer(self, applied: Applied) -> None:
        """Raise StartError for a schema that a later program installed."""
        newest = max(self.migrations)
        if (applied.migration, release(applied.version)) > (newest, release(__version__)):
            raise StartError(
                f"schema tide is newer (version {applied.version}, migration {applied.migration}) "
                f"than this program (version {__version__}, migration {newest})",
                reason="schema_newer",
                hint="Run the version of pg-tide that installed it, or a later one.",
            )

    def verdict(self, applied: Applied | None) -> None:
        """Raise StartError unless the schema is this program's."""
        if applied is None:
            raise StartError(
                "schema tide is not installed in this database",
                reason="schema_missing",
                hint='Install it with "pg-tide migrate", or start with --migrate.',
            )
        self.refuse_newer(applied)
        newest = max(self.migrations)
        if (applied.migration, applied.version) == (newest, __version__):
            if applied.digest == self.digest:
                return
            raise StartError(
                f"schema tide was installed by another build of version {__version__}",
                reason="schema_older",
                hint='Bring it to this one with "pg-tide migrate", or start with --migrate.',
            )
        if applied.migration < newest or applied.digest != self.digest:
            raise StartError(
                f"schema tide is older (version {applied.version or 'unknown'}, "
                f"migration {applied.migration}) than this program "
                f"(version {__version__}, migration {newest})",
                reason="schema_older",
                hint='Upgrade it with "pg-tide migrate", or start with --migrate.',
            )


def record_migration(number: int, step: Step) -> str:
    """The text of a migration, with its own number recorded first: a second run fails there."""
    name = step.name.replace("'", "''")
    return f"insert into tide.migration (number, name) values ({number}, '{name}');\n{step.sql}"  # noqa: S608 - both are our own file names


def release(version: str) -> tuple[int, ...]:
    """The numbers a version begins with, for comparison."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


async def applied_to(connection: Connection) -> Applied | None:
    """What stands in a database, or None where the schema is not installed."""
    if await connection.value("select to_regclass('tide.schema_applied')") is None:
        return None
    row = await connection.row(
        "select coalesce((select max(number) from tide.migration), 0) as migration,"
        " coalesce(version, '') as version, coalesce(digest, '') as digest"
        " from (select) as one left join tide.schema_applied on true"
    )
    return Applied(row["migration"], row["version"], row["digest"])


async def apply_next(connection: Connection, schema: Schema) -> str | None:
    """Apply the first step that is missing, in a transaction; its name, or None at the end."""
    applied = await applied_to(connection)
    if applied is None:
        await connection.script(f"{LOCK};\n{schema.bookkeeping}")
        return "bookkeeping"
    schema.refuse_newer(applied)
    for step in schema.steps(applied)[:1]:
        async with connection.transaction():
            await connection.script(LOCK)
            if await applied_to(connection) == applied:
                await connection.script(step.sql)
        return step.name
    return None


async def migrate(postgres_url: str, warn: Callable[[str], None] | None = None) -> list[str]:
    """Install or upgrade the schema of a database; the names of the steps that were applied.

    `warn` is called with each warning of the server (a role that it may not create).
    """
    schema = Schema()
    connection = await connect(postgres_url)
    if warn is not None:
        connection.on_notice(warn)
    steps = []
    try:
        while step := await apply_next(connection, schema):
            steps.append(step)
        async with connection.transaction():  # roles may have been created since
            await connection.script(f"{LOCK};\n{schema.grants}")
    finally:
        await connection.close()
    return steps
