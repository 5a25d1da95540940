"""How names and values that somebody wrote appear in a sentence about them.

The same words as the SQL functions `tide._shown` and `tide._shown_name`: SQL and Python say the
same of one configuration.
"""

import json
import re
from decimal import Decimal
from typing import Any

from pg_tide.exact_json import number_text

_MOST = 60
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def quoted(text: str) -> str:
    """Return a string as in JSON, cut when it is long."""
    return _cut(json.dumps(text, ensure_ascii=False))


def shown(value: Any) -> str:
    """Return a scalar as it is in JSON, cut when it is long; anything else by its kind."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "an array"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return _cut(number_words(value))


def shown_name(name: str) -> str:
    """Return a name as it is where it is plain, else as a string."""
    return name if _PLAIN_NAME.fullmatch(name) else quoted(name)


def number_words(number: float | Decimal) -> str:
    """Return the digits of a number as PostgreSQL prints it in jsonb."""
    if isinstance(number, int):
        return str(number)
    return number_text(Decimal(repr(number)) if isinstance(number, float) else number)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else text[: _MOST - 3] + "..."
