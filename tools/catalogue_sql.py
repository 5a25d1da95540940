"""Makes `sql/catalogue.sql`: the options and the rules across them, as SQL validates with them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pg_tide.config.catalogue import OPTIONS
from pg_tide.config.demands import RULES
from pg_tide.config.option import Option
from pg_tide.config.rules import Rule

_HEAD = """\
-- Generated from pg_tide/config by "make generate": every option of a pipeline, and what options
-- demand of each other. Replaced as a whole whenever it changed.
"""


def catalogue_sql() -> str:
    """Return the statements that fill tide.option and tide.option_rule."""
    options = _fill("tide.option", map(_option_row, OPTIONS))
    rules = _fill("tide.option_rule", map(_rule_row, RULES))
    text = f"{_HEAD}\n{options}\n{rules}"
    if not text.isascii():
        raise ValueError("sql/catalogue.sql must install into a database of any encoding")
    return text


def _option_row(option: Option) -> dict[str, str]:
    return {
        "name": _text(option.name),
        "type": _text(option.type),
        "format": _text(option.format),
        "default_value": _json(option.default),
        "minimum": _number(option.minimum),
        "maximum": _number(option.maximum),
        "choices": _array(option.choices),
        "required": json.dumps(option.required),
        "secret": json.dumps(option.secret),
        "reference": json.dumps(option.reference),
        "description": _text(option.description),
    }


def _rule_row(rule: Rule) -> dict[str, str]:
    return {
        "kind": _text(rule.kind),
        "option": _text(rule.option),
        "value": _json(rule.value),
        "other": _text(rule.other),
        "message": _text(rule.message),
        "hint": _text(rule.hint),
    }


def _fill(table: str, rows: Iterable[Mapping[str, str]]) -> str:
    listed = list(rows)
    values = ",\n".join(f"  ({', '.join(row.values())})" for row in listed)
    columns = ", ".join(listed[0])
    head = f"delete from {table};\ninsert into {table}\n  ({columns})\nvalues"  # noqa: S608 - our own
    return f"{head}\n{values};\n"


def _text(text: str | None) -> str:
    return "null" if text is None else "'" + text.replace("'", "''") + "'"


def _json(value: Any) -> str:
    return "null" if value is None else _text(json.dumps(value))


def _number(number: int | None) -> str:
    return "null" if number is None else str(number)


def _array(texts: tuple[str, ...]) -> str:
    return f"array[{', '.join(_text(text) for text in texts)}]" if texts else "null"
