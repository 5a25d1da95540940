"""A whole configuration against the catalogue: every problem at once, sorted.

The same as the SQL function `tide._config_problems`, step by step and word by word.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from pg_tide.config.catalogue import OPTIONS
from pg_tide.config.rules import rule_problems
from pg_tide.config.scalars import read
from pg_tide.config.values import value_problems
from pg_tide.nearest import nearest
from pg_tide.words import quoted, shown, shown_name

_BY_NAME = {option.name: option for option in OPTIONS}
_SECTIONS = frozenset(name.split(".", 1)[0] for name in _BY_NAME if "." in name)
_NAMES = _BY_NAME.keys() | _SECTIONS


class Verdict(NamedTuple):
    """Values by dotted name, defaults for those not given, and a sentence for each problem."""

    values: dict[str, Any]
    problems: list[str]


def check(config: Any) -> Verdict:
    """Check a configuration as it was parsed from JSON. A null counts as not given."""
    if not isinstance(config, dict):
        return Verdict({}, [f"config: must be an object, not {shown(config)}"])
    entries = list(_entries(config))
    problems = [*_name_problems(entries)]
    values: dict[str, Any] = {}
    wrong = set()
    given = {path: value for path, value in reversed(entries) if value is not None}
    for option in OPTIONS:
        values[option.name] = option.default
        if option.name in given:
            found = value_problems(option, given[option.name])
            values[option.name] = read(option.type, given[option.name])
            problems += found
            wrong |= {option.name} if found else set()
        elif option.required:
            problems.append(f"{option.name}: required")
            wrong.add(option.name)
    return Verdict(values, sorted({*problems, *rule_problems(values, wrong)}))


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
