"""Where fields of an outbox go: `field:header:name` or `field:envelope:name`, the name if another.

The form is the same as that of the SQL function `tide._placements_problems`.
"""

import re
from typing import NamedTuple

from pg_tide.words import quoted

_PLACEMENT = re.compile(r"([A-Za-z0-9_.-]+):(header|envelope)(:([A-Za-z0-9_.-]+))?")


class Placement(NamedTuple):
    """A field, whether it goes into the envelope instead of the headers, and its name there."""

    field: str
    in_envelope: bool
    name: str


def placement_of(text: str) -> Placement:
    """Return a placement as written; ValueError where it is none."""
    found = _PLACEMENT.fullmatch(text)
    if found is None:
        raise ValueError(f"must be like type:header:eventType, not {quoted(text)}")
    return Placement(found[1], found[2] == "envelope", found[4] or found[1])


def placements_problems(path: str, placements: list[str]) -> list[str]:
    """Return what is wrong with a list of placements."""
    problems = []
    for text in placements:
        try:
            placement_of(text)
        except ValueError as error:
            problems.append(f"{path}: {error}")
    return problems
