"""How a rule across two options is checked; the rules themselves are in demands.py.

A rule looks at one option, `when` given (or one of a list; or `unset`), and at another: `other`
given (or one of a list), `above` a number, or `at_most`: the first no greater than it. A
`conflict` is broken when both hold, a `requirement` when only the first does; a `warning` is a
conflict that refuses nothing. The same as the SQL function `tide._rule_is_broken`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pg_tide.words import shown

Kind = Literal["conflict", "requirement", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. In `message`, {value} and {other} stand for what was found."""

    kind: Kind
    option: str
    value: Mapping[str, Any]
    other: str
    message: str
    hint: str | None = None


@dataclass
class Found:
    """What a configuration says: values with defaults, and the names given, wrong and unknown.

    What a reference stands for is unknown until it is resolved.
    """

    values: dict[str, Any] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)


def broken_rules(rules: tuple[Rule, ...], found: Found) -> Iterator[str]:
    """Yield a sentence for each rule that is broken; not of options that are wrong already."""
    for rule in rules:
        if not {rule.option, rule.other} & found.wrong and is_broken(rule, found):
            value, other = found.values[rule.option], found.values[rule.other]
            message = rule.message.replace("{value}", shown(value)).replace("{other}", shown(other))
            yield f"{rule.option}: {message}" + (f"; {rule.hint}" if rule.hint else "")


def is_broken(rule: Rule, found: Found) -> bool:
    """Return whether a rule is broken for certain."""
    if rule.value.get("unset"):
        first: bool | None = rule.option not in found.given
    else:
        first = _holds(rule.option, rule.value.get("when"), found)
    second = _second(rule, found)
    return first is True and second is (rule.kind != "requirement")


def _second(rule: Rule, found: Found) -> bool | None:
    if "at_most" not in rule.value and "above" not in rule.value:
        return _holds(rule.other, rule.value.get("other"), found)
    if {rule.option, rule.other} & found.unknown:
        return None
    value, other = found.values[rule.option], found.values[rule.other]
    if "above" in rule.value:
        return other is not None and other > rule.value["above"]
    return value is None or other is None or value <= other


def _holds(name: str, among: list[Any] | None, found: Found) -> bool | None:
    if among is None:
        return name in found.given
    return None if name in found.unknown else found.values[name] in among
