"""Columns as Debezium writes them: each a type of Connect, and how a value of JSON becomes one.

A column that is declared has its type of PostgreSQL; of any other the JSON says what it can.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pg_tide.config.columns import DeclaredColumn
from pg_tide.encode.debezium import connect
from pg_tide.encode.debezium.connect import Node
from pg_tide.encode.debezium.decimals import decimal_type
from pg_tide.encode.debezium.times import time_types
from pg_tide.exact_json import number_text, parse

Convert = Callable[[Any], Any]

_SPECIAL = frozenset({"NaN", "Infinity", "-Infinity"})
_quick = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Column:
    """A declared column. `convert` raises ValueError for what its type can not have."""

    name: str
    node: Node
    convert: Convert
    is_required: bool


@dataclass(frozen=True, slots=True)
class Handling:
    """Debezium's decimal.handling.mode and time.precision.mode."""

    decimals: str = "precise"
    times: str = "adaptive"

    def column(self, declared: DeclaredColumn) -> Column:
        """Return a column; ValueError where its default is none of its type."""
        found, convert = self._type(declared)
        if declared.is_array:
            found, convert = connect.array_of(found), _array(convert)
        if declared.not_null:
            found = connect.required(found)
        is_required = declared.not_null and declared.default is None
        if declared.default is not None:
            default = declared.default
            value = default[1:-1] if default[0] == "'" else parse(default)
            try:
                found = {**found, "default": convert(value)}
            except ValueError as error:
                raise ValueError(
                    f"wire_config.columns: the default of {declared.name} {error}"
                ) from None
        return Column(declared.name, found, convert, is_required)

    def _type(self, declared: DeclaredColumn) -> tuple[Node, Convert]:
        first, second = (*declared.arguments, None, None)[:2]
        if declared.type == "numeric":
            scale = None if first is None else second or 0
            return decimal_type(self.decimals, first, scale)
        if declared.type in _PLAIN:
            return _PLAIN[declared.type]
        return time_types(first, self.times)[declared.type]

    def kind_of(self, value: Any) -> str:
        """Return which of `kinds` a value has whose column is not declared.

        Objects and arrays are a text of JSON, as of a column of jsonb: so a type depends on no
        more than the kind of its value. Of null nothing is known: a text.
        """
        if isinstance(value, str) or value is None:
            return "text"
        if isinstance(value, bool):
            return "boolean"
        if is_numeric(value):
            return "numeric"
        return "bigint" if isinstance(value, int) else "jsonb"

    def kinds(self) -> dict[str, tuple[Node, Convert]]:
        """Return the types that columns have which are not declared, and how to write values."""
        found = {kind: _PLAIN[kind] for kind in ("text", "boolean", "bigint", "jsonb")}
        return {**found, "numeric": decimal_type(self.decimals, None, None)}


def is_numeric(value: Any) -> bool:
    """Return whether a value is a number that no bigint can be."""
    kind = type(value)
    return kind is Decimal or (kind is int and value not in _INT64)


def jsonb_text(value: Any) -> str:
    """Return a value as PostgreSQL prints it as jsonb: with spaces, numbers with their digits."""
    try:
        return _quick(value)
    except TypeError:  # a number with a fraction
        return _exact(value)


def _exact(value: Any) -> str:
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quick(n)}: {_exact(part)}" for n, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_exact, value)) + "]"
    return _quick(value)


def _integer(bits: int) -> Convert:
    allowed = range(-(2**bits), 2**bits)

    def integer(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
            raise ValueError(f"must be a whole number of {bits + 1} bits")
        return value

    return integer


def _float(value: Any) -> Any:
    if isinstance(value, str) and value in _SPECIAL:
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        problem = "must be a number, or NaN, Infinity or -Infinity as a text"
        raise ValueError(problem)  # noqa: TRY004 - like every value that does not fit
    try:
        return float(value)
    except OverflowError:
        raise ValueError("must be a number that a double can hold") from None


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - like every value that does not fit
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")  # noqa: TRY004 - like every value that does not fit
    return value


def _bytes(value: Any) -> str:
    if isinstance(value, str) and value.startswith("\\x"):
        try:
            return b64encode(bytes.fromhex(value[2:])).decode()
        except ValueError:
            pass
    raise ValueError('must be a text like "\\x00ff", as PostgreSQL prints bytea')


def _array(convert: Convert) -> Convert:
    def array(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValueError("must be an array")  # noqa: TRY004 - like every value that does not fit
        return [None if part is None else convert(part) for part in value]

    return array


_PLAIN: dict[str, tuple[Node, Convert]] = {
    "smallint": (connect.INT16, _integer(15)),
    "integer": (connect.INT32, _integer(31)),
    "bigint": (connect.INT64, _integer(63)),
    "real": (connect.FLOAT, _float),
    "double precision": (connect.DOUBLE, _float),
    "boolean": (connect.BOOLEAN, _boolean),
    "text": (connect.STRING, _text),
    "uuid": (connect.UUID, _text),
    "jsonb": (connect.JSON, jsonb_text),
    "bytea": (connect.BYTES, _bytes),
}
