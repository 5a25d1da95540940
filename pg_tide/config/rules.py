"""What options demand of each other, as data: SQL checks the same rows (tide.option_rule).

A rule looks at one option's value, `when` given (or one of a list), and at another's: `other`
given (or one of a list), or `at_most`: the first no greater than it. A `conflict` is broken when
both hold, a `requirement` when only the first does. Unset options count with their defaults.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pg_tide.words import shown


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. In `message`, {value} and {other} stand for what was found."""

    kind: Literal["conflict", "requirement"]
    option: str
    value: Mapping[str, Any]
    other: str
    message: str
    hint: str | None = None


RULES = (
    Rule(
        "conflict",
        "idempotent",
        {"when": [True], "other": ["0", "1"]},
        "acks",
        "true conflicts with acks {other}",
        'use acks "all", or leave idempotent out',
    ),
    Rule(
        "requirement",
        "batch_size",
        {"at_most": True},
        "max_in_flight",
        "must not be above max_in_flight ({other}), not {value}",
    ),
    Rule(
        "requirement",
        "retry_backoff_ms",
        {"at_most": True},
        "retry_backoff_max_ms",
        "must not be above retry_backoff_max_ms ({other}), not {value}",
    ),
)


def rule_problems(
    values: Mapping[str, Any], wrong: Collection[str], rules: Collection[Rule] = RULES
) -> list[str]:
    """Return a sentence for each rule that the values break; not of options already `wrong`."""
    return [
        _sentence(rule, values[rule.option], values[rule.other])
        for rule in rules
        if rule.option not in wrong
        and rule.other not in wrong
        and _broken(rule, values[rule.option], values[rule.other])
    ]


def _broken(rule: Rule, value: Any, other: Any) -> bool:
    if not _holds(rule.value.get("when"), value):
        return False
    if rule.value.get("at_most"):
        met = other is None or value <= other
    else:
        met = _holds(rule.value.get("other"), other)
    return met if rule.kind == "conflict" else not met


def _holds(among: Collection[Any] | None, value: Any) -> bool:
    return value is not None and (among is None or value in among)


def _sentence(rule: Rule, value: Any, other: Any) -> str:
    message = rule.message.replace("{value}", shown(value)).replace("{other}", shown(other))
    return f"{rule.option}: {message}" + (f"; {rule.hint}" if rule.hint else "")
