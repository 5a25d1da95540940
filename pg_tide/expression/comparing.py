"""What comparators make of the values of two nodes, and what counts as true: see compiled.py."""

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pg_tide.expression.direct import UnfitError

Read = Callable[[Any], Any]
Order = Callable[[Any, Any], bool]

_ORDERS: dict[str, Order] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
_NUMBERS = frozenset({int, Decimal})


def is_something(value: Any) -> bool:
    """Return whether a value counts as true: it is not null, false, "", [] or {}."""
    return bool(value) or type(value) in _NUMBERS


def compared(kind: str, left: Read, right: Read) -> Read:
    """Return what compares what two nodes make."""
    if kind in _ORDERS:
        return _ordered(_ORDERS[kind], left, right)
    equal = _equals(left, right)
    return equal if kind == "eq" else lambda value: not equal(value)


def compared_with(kind: str, left: Read, literal: Any) -> Read:
    """Return what compares what a node makes with a value that stands in the expression."""
    if kind == "eq" and type(literal) is str:
        return lambda value: bool(left(value) == literal)
    if kind in _ORDERS and type(literal) in _NUMBERS:
        return _ordered_by(_ORDERS[kind], left, literal)
    return compared(kind, left, lambda _: literal)


def _equals(left: Read, right: Read) -> Read:
    def equals(value: Any) -> bool:
        one, other = left(value), right(value)
        if type(one) is not type(other) and (type(one) is bool or type(other) is bool):
            return False  # 1 is not true
        return bool(one == other)

    return equals


def _ordered_by(order: Order, left: Read, number: int | Decimal) -> Read:
    def ordered(value: Any) -> bool | None:
        found = left(value)
        kind = type(found)
        if kind is Decimal or kind is int:
            return order(found, number)
        if kind is str:
            raise UnfitError
        return None

    return ordered


def _ordered(order: Order, left: Read, right: Read) -> Read:
    def ordered(value: Any) -> bool | None:
        one, other = left(value), right(value)
        kinds = {type(one), type(other)}
        if kinds <= _NUMBERS or kinds == {str}:
            return order(one, other)
        if kinds <= _NUMBERS | {str}:
            raise UnfitError
        return None

    return ordered
