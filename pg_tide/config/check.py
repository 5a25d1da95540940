"""A whole configuration against the catalogue: every problem at once, sorted.

The same as the SQL function `tide._config_problems`, step by step and word by word, but for what
only Python can read: expressions and regular expressions.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from pg_tide.config.catalogue import OPTIONS
from pg_tide.config.demands import RULES
from pg_tide.config.lookups import lookup_problems
from pg_tide.config.option import Option
from pg_tide.config.references import Resolve, is_reference, reference_problems, resolved
from pg_tide.config.rules import Found, broken_rules
from pg_tide.config.scalars import read
from pg_tide.config.values import reference_value_problems, value_problems
from pg_tide.nearest import nearest
from pg_tide.words import quoted, shown, shown_name

_BY_NAME = {option.name: option for option in OPTIONS}
_SECTIONS = frozenset(name.split(".", 1)[0] for name in _BY_NAME if "." in name)
_NAMES = _BY_NAME.keys() | _SECTIONS
_REFUSING = tuple(rule for rule in RULES if rule.kind != "warning")
_WARNING = tuple(rule for rule in RULES if rule.kind == "warning")


class Verdict(NamedTuple):
    """Values by dotted name, defaults for those not given; a sentence for each problem, warning."""

    values: dict[str, Any]
    problems: list[str]
    warnings: list[str]


def check(config: Any, resolve: Resolve | None = None) -> Verdict:
    """Check a configuration as it was parsed from JSON. A null counts as not given.

    References are replaced by what `resolve` returns for them, and stay as they are without it.
    """
    if not isinstance(config, dict):
        return Verdict({}, [f"config: must be an object, not {shown(config)}"], [])
    entries = list(_entries(config))
    found = Found()
    problems = [*_name_problems(entries)]
    given = {path: value for path, value in reversed(entries) if value is not None}
    for option in OPTIONS:
        found.values[option.name] = option.default
        if option.name in given:
            wrong = _take(option, given[option.name], found, resolve)
        else:
            wrong = [f"{option.name}: required"] if option.required else []
        problems += wrong
        found.wrong |= {option.name} if wrong else set()
    problems += broken_rules(_REFUSING, found)
    problems += lookup_problems(found.values, found.wrong)
    return Verdict(found.values, sorted(set(problems)), sorted(broken_rules(_WARNING, found)))


def _take(option: Option, value: Any, found: Found, resolve: Resolve | None) -> list[str]:
    """Note what is given for an option; returns what is wrong with it."""
    found.given.add(option.name)
    if not (option.reference and is_reference(value)):
        found.values[option.name] = read(option.type, value)
        return value_problems(option, value)
    if wrong := reference_problems(value):
        return [f"{option.name}: {problem}" for problem in wrong]
    if resolve is None:
        found.unknown.add(option.name)
        if option.type == "text" and not option.choices:
            found.values[option.name] = value
        return []
    text = resolved(value, resolve)
    found.values[option.name] = read(option.type, text)
    return reference_value_problems(option, value, text)


def _entries(config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Return the values by dotted name: those written so first, then those inside sections."""
    opened = {name for name, value in config.items() if name in _SECTIONS and type(value) is dict}
    yield from ((name, value) for name, value in config.items() if name not in opened)
    for section in opened:
        yield from ((f"{section}.{name}", value) for name, value in config[section].items())


def _name_problems(entries: list[tuple[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with the names, whatever their values."""
    times = Counter(path for path, _ in entries)
    for path, value in entries:
        if path in _BY_NAME:
            section = quoted(path.split(".", 1)[0])
            if times[path] > 1:
                yield f"{path}: given twice, as {quoted(path)} and inside {section}"
        elif path in _SECTIONS:
            if value is not None:
                yield f"{path}: must be an object, not {shown(value)}"
        else:
            near = nearest(path, _BY_NAME if "." in path else _NAMES)
            hint = f"; did you mean {quoted(near)}?" if near else ""
            yield f"{shown_name(path)}: unknown option{hint}"
