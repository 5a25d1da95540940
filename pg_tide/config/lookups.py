"""Names that an expression looks up and no message has: always null, so a mistake of its writer.

A filter with `op == "insert"` drops everything, for double quotes name a member. Python alone
reads JMESPath, so SQL cannot tell.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pg_tide.expression import Expression
from pg_tide.nearest import nearest
from pg_tide.payload import NAMES
from pg_tide.words import quoted

_AFTER_THE_TRANSFORM = NAMES | {"original"}


def lookup_problems(values: Mapping[str, Any], wrong: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each such name, not in options that are `wrong` already."""
    values = {**values, **dict.fromkeys(wrong)}
    if values["transform.root"] != "payload":
        for option in ("transform.filter", "transform.payload"):
            yield from _problems(option, values[option], NAMES)
    for option in ("message_key_expression", "partition_by"):
        yield from _problems(option, values[option], _AFTER_THE_TRANSFORM)
    for place, rule in enumerate(values["routing.rules"] or ()):
        when = rule.get("when") if isinstance(rule, dict) else None
        yield from _problems(f"routing.rules[{place}].when", when, _AFTER_THE_TRANSFORM)


def _problems(path: str, text: Any, known: frozenset[str]) -> Iterator[str]:
    names = Expression(text).names if isinstance(text, str) else None
    for name in sorted((names or frozenset()) - known - {"null"}):  # which is meant to be null
        yield (
            f"{path}: no message has a {quoted(name)}, it would always be null; did you mean "
            f"{_meant(name, known)}?"
        )


def _meant(name: str, known: frozenset[str]) -> str:
    if name in {"true", "false"}:
        return f"the literal `{name}`"
    near = nearest(name, known)
    return f"{near}, " * bool(near) + f"payload.{name}, or the text '{name}'"
