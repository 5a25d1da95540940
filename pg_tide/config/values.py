"""One value against its option: type, choices, limits, form.

The same as the SQL function `tide._value_problems`.
"""

from typing import Any

from pg_tide.config.catalogue import type_words
from pg_tide.config.formats import FORMATS
from pg_tide.config.option import Option
from pg_tide.config.references import MISPLACED, find, is_misplaced
from pg_tide.config.scalars import read
from pg_tide.words import shown

_EXPECTED = {
    "text": "a string",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "an array",
    "list": "an array of strings, or a string with commas",
    "schema": "a string or an object",
}


def value_problems(option: Option, value: Any) -> list[str]:
    """Return a sentence for everything wrong with the value given for an option."""
    if not option.reference and is_misplaced(value):
        return [f"{option.name}: {MISPLACED}"]
    plain = read(option.type, value)
    but = "" if option.secret else f", not {shown(value)}"
    if plain is None or (option.choices and plain not in option.choices):
        return [f"{option.name}: must {_expected(option)}{but}"]
    if problem := _limit_problem(option, plain):
        return [f"{option.name}: must {problem}{but}"]
    return FORMATS[option.format](option.name, plain) if option.format else []


def reference_value_problems(option: Option, written: str, text: str) -> list[str]:
    """Return the same for what references stand for, which no sentence shows."""
    if not value_problems(option, text):
        return []
    references = " and ".join(f'"{reference.written}"' for reference in find(written))
    if not text:
        return [f"{option.name}: what {references} stands for is empty"]
    problem = f"{option.name}: what {references} stands for is no {type_words(option)}"
    return [problem + ("; the option takes the path itself" if option.format == "path" else "")]


def _expected(option: Option) -> str:
    """Return what the value must be."""
    if not option.choices:
        return f"be {_EXPECTED[option.type]}"
    return "be " + "one of " * (len(option.choices) > 1) + ", ".join(option.choices)


def _limit_problem(option: Option, plain: Any) -> str | None:
    """Return what the value must be to keep within the limits; every option has both or none."""
    least, most = option.minimum, option.maximum
    if least is None or most is None:
        return None
    limits = f"{least} and {most}"
    if option.type == "integer":
        return None if least <= plain <= most else f"be between {limits}"
    return None if least <= len(plain) <= most else f"have between {limits} characters"
