"""Columns as `wire_config.columns` declares them: a name and a type of PostgreSQL's each.

The form is the same as that of the SQL functions `tide._columns_problems` and
`tide._column_problem`, which have these regular expressions too.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pg_tide.words import quoted, shown

_COLUMN = re.compile(
    r' *("[^"]+"|[a-z_][a-z0-9_]*) +([^\'"]*?)( +not +null)?'
    r"( +default +('[^']*'|true|false|-?[0-9]+(\.[0-9]+)?))? *",
    re.ASCII | re.IGNORECASE,
)
_TYPE = re.compile(
    r"(smallint|int2|integer|int|int4|bigint|int8|oid|real|float4|double precision|float8"
    r"|boolean|bool|text|citext|name|xml|inet|cidr|macaddr|uuid|json|jsonb|bytea|date"
    r"|(?:character varying|varchar|character|char|bpchar)(?: ?\([0-9]{1,8}\))?"
    r"|(?:timetz|timestamptz|(?:time|timestamp)(?: with time zone| without time zone)?)"
    r"|(?:time|timestamp) ?\([0-6]\)(?: with time zone| without time zone)?"
    r"|(?:timetz|timestamptz) ?\([0-6]\)"
    r"|(?:numeric|decimal)(?: ?\( ?[0-9]{1,4} ?(?:, ?[0-9]{1,4} ?)?\))?)(\[\])?",
    re.ASCII | re.IGNORECASE,
)
_NUMBERS = re.compile(r"[0-9]+")
_ARGUMENTS = re.compile(r" ?\([^)]*\)")
_EXAMPLE = '"price numeric(10,2) not null"'
_TEXTS = ("citext", "name", "xml", "inet", "cidr", "macaddr", "varchar", "char", "bpchar")
_SAME = {
    "int2": "smallint",
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "oid": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "decimal": "numeric",
    "timetz": "time with time zone",
    "timestamptz": "timestamp with time zone",
    "time without time zone": "time",
    "timestamp without time zone": "timestamp",
    "json": "jsonb",
    **dict.fromkeys((*_TEXTS, "character", "character varying"), "text"),
}


@dataclass(frozen=True, slots=True)
class DeclaredColumn:
    """A column. `type` is one name of each kind, without `arguments` like precision and scale.

    `default` is the text of a literal, with its quotes.
    """

    name: str
    type: str
    arguments: tuple[int, ...]
    is_array: bool
    not_null: bool
    default: str | None


def declared_column(text: str) -> DeclaredColumn:
    """Return a column as written; ValueError says what is wrong with it."""
    found = _COLUMN.fullmatch(text)
    if found is None:
        raise ValueError(f"must be a column like {_EXAMPLE}, not {quoted(text)}")
    name, written, not_null, default = found[1], found[2], found[3], found[5]
    typed = _TYPE.fullmatch(written)
    if typed is None:
        raise ValueError(f"has a type that is not known here: {quoted(written)}")
    arguments = _ARGUMENTS.search(typed[1])
    plain = _ARGUMENTS.sub("", typed[1].lower())
    return DeclaredColumn(
        name=name.strip('"'),
        type=_SAME.get(plain, plain),
        arguments=tuple(map(int, _NUMBERS.findall(arguments[0] if arguments else ""))),
        is_array=typed[2] is not None,
        not_null=not_null is not None,
        default=default,
    )


def columns_problems(path: str, columns: list[Any]) -> list[str]:
    """Return what is wrong with a list of columns."""
    problems = [
        f"{path}[{place}]: {problem}"
        for place, column in enumerate(columns)
        if (problem := _problem(column))
    ]
    return (
        problems or ([] if columns else [f"{path}: must not be empty"]) or [*_twice(path, columns)]
    )


def _problem(column: Any) -> str | None:
    if not isinstance(column, str):
        return f"must be a column like {_EXAMPLE}, not {shown(column)}"
    try:
        declared_column(column)
    except ValueError as error:
        return str(error)
    return None


def _twice(path: str, columns: list[str]) -> Iterator[str]:
    times = Counter(declared_column(column).name for column in columns)
    yield from sorted(
        f"{path}: {quoted(n)} is given twice" for n, count in times.items() if count > 1
    )
