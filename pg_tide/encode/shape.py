"""The shape of payloads as learned from them: what a schema is derived from. Pure.

It only ever grows: a member that was never seen is added at the end, whole numbers may become
fractions, and what was null so far gets its type. Anything else is a conflict.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Union

from pg_tide.encode.misfit import MisfitError

Scalar = Literal["null", "boolean", "integer", "number", "string"]
Shape = Union[Scalar, "ArrayShape", "ObjectShape"]

MOST_MEMBERS = 1000  # of all objects together: more are keys of a map, and no columns
DEEPEST = 30


@dataclass(frozen=True)
class ArrayShape:
    """Elements of one shape; `null` where none was seen."""

    items: Shape


@dataclass(frozen=True)
class ObjectShape:
    """Members by name, in the order in which their types were learned."""

    members: dict[str, Shape]


def merged(shape: Shape, value: Any, *, widen: bool = True) -> Shape:
    """Return the shape that has a value too: the same object where it had it already.

    `widen`: whole numbers may become fractions.

    Raises MisfitError, with its path, where the types conflict or there are too many members.
    """
    grown = _Merge(widen).of(shape, value, 0)
    if grown is not shape and _count(grown) > MOST_MEMBERS:
        raise MisfitError(f"has more than {MOST_MEMBERS} members in all that was seen")
    return grown


class _Merge:
    """Merges shapes with values."""

    def __init__(self, widen: bool) -> None:
        self._widen = widen

    def of(self, shape: Shape, value: Any, depth: int) -> Shape:
        """Return the shape that has a value too."""
        if depth > DEEPEST:
            raise MisfitError(f"is nested more than {DEEPEST} levels deep")
        if value is None:
            return shape
        if isinstance(value, dict):
            return self._object(shape, value, depth)
        if isinstance(value, list):
            return self._array(shape, value, depth)
        found = _scalar(value)
        if found == shape or (found == "integer" and shape == "number"):
            return shape
        if shape == "null" or (self._widen and (shape, found) == ("integer", "number")):
            return found
        raise _conflict(shape, found)

    def _object(self, shape: Shape, value: dict[str, Any], depth: int) -> Shape:
        if shape != "null" and not isinstance(shape, ObjectShape):
            raise _conflict(shape, ObjectShape({}))
        known = shape.members if isinstance(shape, ObjectShape) else {}
        grown = dict(known)
        for name, part in value.items():
            before = known.get(name, "null")
            try:
                after = self.of(before, part, depth + 1)
            except MisfitError as error:
                raise error.within(name) from None
            if before == "null" and after != "null":
                grown.pop(name, None)  # its place is behind all that have a type already
            grown[name] = after
        same = grown.keys() == known.keys() and all(grown[name] is known[name] for name in grown)
        return shape if same and shape != "null" else ObjectShape(grown)

    def _array(self, shape: Shape, value: list[Any], depth: int) -> Shape:
        if shape != "null" and not isinstance(shape, ArrayShape):
            raise _conflict(shape, ArrayShape("null"))
        known = shape.items if isinstance(shape, ArrayShape) else "null"
        items = known
        for place, part in enumerate(value):
            try:
                items = self.of(items, part, depth + 1)
            except MisfitError as error:
                raise error.within(place) from None
        return shape if isinstance(shape, ArrayShape) and items is known else ArrayShape(items)


def _scalar(value: Any) -> Scalar:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float | Decimal) else "string"


def _conflict(before: Shape, now: Shape) -> MisfitError:
    return MisfitError(f"is {_words(now)}, and was {_words(before)} before")


def _words(shape: Shape) -> str:
    if isinstance(shape, ArrayShape):
        return "an array"
    if isinstance(shape, ObjectShape):
        return "an object"
    return {
        "boolean": "true or false",
        "integer": "a whole number",
        "number": "a number with a fraction",
        "string": "a string",
        "null": "null",
    }[shape]


def _count(shape: Shape) -> int:
    if isinstance(shape, ArrayShape):
        return _count(shape.items)
    if isinstance(shape, ObjectShape):
        return len(shape.members) + sum(_count(part) for part in shape.members.values())
    return 0
