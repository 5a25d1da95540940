"""A row as Debezium has it: the declared columns first, each as its type, then what else there is.

Without schemas, what is not declared goes as it is, for JSON tells its type itself; but with
`decimal_handling` string, numbers that are no bigint become texts. With schemas it gets a type.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pg_tide.encode.debezium.columns import Column, Handling, is_numeric
from pg_tide.encode.debezium.connect import Node, named, required
from pg_tide.encode.debezium.decimals import digits
from pg_tide.encode.rows import Row
from pg_tide.errors import MessageError
from pg_tide.message import Message
from pg_tide.words import shown, shown_name

Kinds = tuple[tuple[str, str], ...]  # columns that are not declared, and what their values are


class Shaped(NamedTuple):
    """A row as values of JSON, and what has to be known beside the declaration to describe it."""

    values: Row
    kinds: Kinds = ()


class Shape:
    """How the rows of a pipeline are written. Where it `is_verbatim`, that is as published."""

    def __init__(self, columns: Sequence[Column], handling: Handling, *, schemas: bool) -> None:
        self._columns = {column.name: column for column in columns}
        self._kind_of = handling.kind_of
        self._kinds = handling.kinds()
        self._schemas = schemas
        self._texts = handling.decimals == "string"
        self.is_verbatim = not (columns or schemas or self._texts)

    def row(self, row: Row, message: Message) -> Shaped:
        """Return a row with all declared columns; MessageError for a value that does not fit."""
        values: Row = {
            name: self._declared(column, row.get(name), message)
            for name, column in self._columns.items()
        }
        rest = {name: value for name, value in row.items() if name not in values}
        kinds = self._others(rest, values) if rest else ()
        return Shaped(values, kinds)

    def key(self, key: Row, message: Message) -> Shaped:
        """Return the columns of a key, in their own order."""
        values: Row = dict.fromkeys(key)
        rest = {}
        for name, value in key.items():
            if column := self._columns.get(name):
                values[name] = self._declared(column, value, message)
            else:
                rest[name] = value
        return Shaped(values, self._others(rest, values))

    def fields(self, kinds: Kinds) -> list[Node]:
        """Return the types of a row that has these columns beside the declared ones."""
        declared = [named(column.node, name) for name, column in self._columns.items()]
        return [*declared, *(named(self._kinds[kind][0], name) for name, kind in kinds)]

    def key_fields(self, shaped: Shaped) -> list[Node]:
        """Return the types of a key."""
        kinds = dict(shaped.kinds)
        return [
            named(required(self._kinds[kinds[name]][0]), name)
            if name in kinds
            else named(required(self._columns[name].node), name)
            for name in shaped.values
        ]

    def _declared(self, column: Column, value: Any, message: Message) -> Any:
        if value is None:
            if column.is_required and self._schemas:
                raise _unfit(column, message, "must not be null: it is declared so")
            return None
        try:
            return column.convert(value)
        except ValueError as error:
            raise _unfit(column, message, f"{error}, not {shown(value)}") from None

    def _others(self, rest: Row, values: Row) -> Kinds:
        """Add what is not declared to the values."""
        if not self._schemas:
            values.update(rest)
            if self._texts:
                values.update((n, digits(v)) for n, v in rest.items() if is_numeric(v))
            return ()
        kinds = tuple((name, self._kind_of(value)) for name, value in rest.items())
        for name, kind in kinds:
            value = rest[name]
            values[name] = None if value is None else self._kinds[kind][1](value)
        return kinds


def _unfit(column: Column, message: Message, problem: str) -> MessageError:
    return MessageError(
        f"wire_config.columns: {shown_name(column.name)} of message {message.id} {problem}",
        stage="encode",
        reason="column_unfit",
        hint="Correct the type that is declared, or what is published.",
    )
