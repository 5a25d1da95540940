"""The SQL is kept as its rules say: commented, one function a file, told in ASCII."""

import re
from collections import Counter
from pathlib import Path

import pytest

import pg_tide
from tests.fixtures.sql import Connection

SQL = Path(pg_tide.__file__).parent / "sql"
CREATED = re.compile(r"^create or replace (?:function|view) tide\.(\w+)", re.MULTILINE)
FILES = sorted([*SQL.glob("functions/*.sql"), *SQL.glob("views/*.sql")])


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_file_holds_what_it_is_named_after(file: Path) -> None:
    text = file.read_text("utf-8")
    assert set(CREATED.findall(text)) == {file.stem}
    assert text.count("\ncomment on ") == len(CREATED.findall(text))


def test_errors_can_be_told_in_every_encoding() -> None:
    for file in SQL.rglob("*.sql"):
        assert file.read_text("utf-8").isascii(), file.name


async def test_every_function_and_view_comes_from_its_file(db: Connection) -> None:
    functions = await db.fetch(
        "select proname from pg_proc where pronamespace = 'tide'::regnamespace"
    )
    views = await db.fetch("select viewname from pg_views where schemaname = 'tide'")
    found = {
        "functions": Counter(name for (name,) in functions),
        "views": Counter(name for (name,) in views),
    }
    for kind, names in found.items():
        written = Counter[str]()
        for file in SQL.glob(f"{kind}/*.sql"):
            written.update(CREATED.findall(file.read_text("utf-8")))
        assert names == written


async def test_everything_has_a_comment(db: Connection) -> None:
    silent = await db.fetch(
        "select p.oid::regprocedure::text from pg_proc p"
        "   where p.pronamespace = 'tide'::regnamespace"
        "     and obj_description(p.oid, 'pg_proc') is null"
        " union all"
        " select c.oid::regclass::text from pg_class c"
        "   where c.relnamespace = 'tide'::regnamespace and c.relkind in ('r', 'p', 'v')"
        "     and obj_description(c.oid, 'pg_class') is null"
    )
    assert [name for (name,) in silent] == []


async def test_no_view_bears_the_name_of_a_table(db: Connection) -> None:
    names = await db.fetch(
        "select c.relname, c.relkind::text from pg_class c"
        " where c.relnamespace = 'tide'::regnamespace and c.relkind in ('r', 'p', 'v')"
    )
    tables = {name for name, kind in names if kind != "v"}
    assert not tables & {name for name, kind in names if kind == "v"}
    assert not [name for name in tables if name.endswith("_status")]
