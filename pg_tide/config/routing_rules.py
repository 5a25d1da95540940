"""The form of `routing.rules`: a condition and where to, in each of them.

The same as the SQL functions `tide._routing_rules_problems` and `tide._routing_rule_problems`.
"""

from collections.abc import Callable, Iterator
from typing import Any

from pg_tide.config.scalars import read
from pg_tide.nearest import nearest
from pg_tide.template import template_problems
from pg_tide.words import quoted, shown, shown_name

_MOST = 100  # each may take as long as an expression may, for every message
_MEMBERS = ("when", "match_field", "match_value", "topic", "message_key")

Checks = dict[str, Callable[[str], list[str]]]


def routing_rules_problems(path: str, rules: list[Any], checks: Checks) -> list[str]:
    """Return what is wrong with the rules; `checks` has the form of some members' texts."""
    if len(rules) > _MOST:
        return [f"{path}: must have at most {_MOST} rules, not {len(rules)}"]
    return [
        problem
        for place, rule in enumerate(rules)
        for problem in _rule_problems(f"{path}[{place}]", rule, checks)
    ]


def _rule_problems(path: str, rule: Any, checks: Checks) -> Iterator[str]:
    if not isinstance(rule, dict):
        yield f"{path}: must be an object, not {shown(rule)}"
        return
    given = {name: value for name, value in rule.items() if value is not None}
    for name, value in rule.items():
        if value is not None or name not in _MEMBERS:
            yield from _member_problems(path, name, value, checks)
    if "topic" not in given:
        yield f"{path}.topic: required"
    if problem := _condition_problem(given):
        yield f"{path}: {problem}"


def _member_problems(path: str, name: str, value: Any, checks: Checks) -> Iterator[str]:
    member = f"{path}.{shown_name(name)}"
    if name not in _MEMBERS:
        near = nearest(name, _MEMBERS)
        hint = f"; did you mean {quoted(near)}?" if near else ""
        yield f"{member}: unknown option{hint}"
        return
    text = read("text", value)
    if text is None:
        yield f"{member}: must be a string, not {shown(value)}"
    elif name in checks:
        yield from (f"{member}: {problem}" for problem in checks[name](text))


def _condition_problem(given: dict[str, Any]) -> str | None:
    if "when" in given and ("match_field" in given or "match_value" in given):
        return "when conflicts with match_field and match_value; a rule has one condition"
    if "when" in given or ("match_field" in given and "match_value" in given):
        return None
    return "needs a condition: when, or match_field and match_value"


def variable_problems(name: str) -> list[str]:
    """Return what is wrong with the name of a variable, written without braces."""
    if not name or "{" in name or "}" in name:
        return [f"must be a variable without braces, like op or payload.type, not {quoted(name)}"]
    return template_problems(f"{{{name}}}")
