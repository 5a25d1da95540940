"""One value against its option: type, choices, limits, form.

The same as the SQL function `tide._value_problems`.
"""

from typing import Any

from pg_tide.config.formats import FORMATS
from pg_tide.config.option import Option
from pg_tide.config.scalars import read
from pg_tide.words import shown

_EXPECTED = {
    "text": "a string",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
}


def value_problems(option: Option, value: Any) -> list[str]:
    """Return a sentence for everything wrong with the value given for an option."""
    plain = read(option.type, value)
    if plain is None or (option.choices and plain not in option.choices):
        return [f"{option.name}: must be {_expected(option)}, not {shown(value)}"]
    if problem := _limit_problem(option, plain):
        return [f"{option.name}: must {problem}, not {shown(value)}"]
    return FORMATS[option.format](option.name, plain) if option.format else []


def _expected(option: Option) -> str:
    if not option.choices:
        return _EXPECTED[option.type]
    return "one of " * (len(option.choices) > 1) + ", ".join(option.choices)


def _limit_problem(option: Option, plain: Any) -> str | None:
    """Return what the value must be to keep within the limits; every option has both or none."""
    least, most = option.minimum, option.maximum
    if least is None or most is None:
        return None
    limits = f"{least} and {most}"
    if option.type == "integer":
        return None if least <= plain <= most else f"be between {limits}"
    return None if least <= len(plain) <= most else f"have between {limits} characters"
