"""The functions of JMESPath, exact where numbers are not binary fractions, and matches().

jmespath knows the types of Python by name and Decimal is not among them: the subclass that it
documents for own functions adds it. Each call tells the budget what it is about to read, and
then what it made; where one call alone could make or take too much, it tells that before.
"""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from functools import lru_cache
from typing import Any

from jmespath import exceptions, functions

from pg_tide.exact_json import number_length, parse_number, write_text
from pg_tide.expression.budget import Budget, scalar_weight, too_slow
from pg_tide.pattern import Pattern, TooSlowError

# PostgreSQL's longest numeric, on both sides of the point: nothing it stores is rounded.
_EXACT = Context(prec=131_072 + 16_383)
_QUOTIENT_DIGITS = 20
_WHOLE_DIGITS = 4000  # of an int, which slows by the square of them

_READS_ALL = frozenset({"avg", "join", "max", "min", "sort", "sum", "to_string"})
_NESTED = (list, dict)
_STEP_CHARACTERS = 64
_STEP_INSTRUCTIONS = 100
_LOOK_EVERY = 500  # additions, of a hundred thousand digits at worst
_ITEM, _MEMBER, _SORTED = 8, 100, 160  # bytes; the last for the time that sorting takes

_pattern = lru_cache(maxsize=16)(Pattern)


@lru_cache
def _allowed(types: tuple[str, ...]) -> tuple[list[str], list[tuple[str, ...]]]:
    own: Any = functions.Functions
    allowed, of_elements = own._get_allowed_pytypes(None, types)  # noqa: SLF001 - the same, kept
    return (
        [*allowed, "Decimal"] if "float" in allowed else allowed,
        [(*names, "Decimal") if "float" in names else names for names in of_elements],
    )


class Functions(functions.Functions):
    """What an expression may call, within a budget."""

    def __init__(self, budget: Budget, patterns: dict[str, Pattern]) -> None:
        self._budget = budget
        self._patterns = patterns

    def call_function(self, function_name: str, resolved_args: Any) -> Any:
        """Call a function; SpentError when the budget does not allow it."""
        budget = self._budget
        for given in resolved_args:
            if isinstance(given, str):
                budget.spend(len(given) // _STEP_CHARACTERS)
            elif isinstance(given, _NESTED):
                budget.spend(len(given))
                if function_name in _READS_ALL:
                    budget.weigh(given)
        result = super().call_function(function_name, resolved_args)
        size = _SIZES.get(type(result))
        if size and not any(result is given for given in resolved_args):
            budget.make(size(result))
        return result

    def _get_allowed_pytypes(self, types: list[str]) -> tuple[list[str], list[tuple[str, ...]]]:
        return _allowed(tuple(types))

    def _convert_to_jmespath_type(self, name: str) -> str:
        return "number" if name == "Decimal" else super()._convert_to_jmespath_type(name)  # type: ignore[misc]

    def _create_key_func(self, expref: Any, allowed: list[str], name: str) -> Any:
        key_of = super()._create_key_func(expref, allowed, name)  # type: ignore[misc]

        def key(value: Any) -> Any:
            found = key_of(value)
            self._budget.make(_SORTED + scalar_weight(found))
            return found

        return key

    def _wrong(self, name: str, given: Any, expected: str) -> exceptions.JMESPathTypeError:
        kind = self._convert_to_jmespath_type(type(given).__name__)
        return exceptions.JMESPathTypeError(name, given, kind, [expected])

    @functions.signature({"types": ["string", "null"]}, {"types": ["string"]})
    def _func_matches(self, text: str | None, regex: str) -> bool:
        pattern = self._patterns.get(regex)
        if pattern is None:
            try:
                pattern = _pattern(regex)
            except ValueError as error:
                raise ValueError(f"the regular expression of matches(): {error}") from None
            finally:
                self._budget.look()
        if text is None:
            return False
        self._budget.spend(len(text) * pattern.size // _STEP_INSTRUCTIONS)
        try:
            return pattern.matches(text)
        except TooSlowError:
            raise too_slow() from None

    @functions.signature({"types": []})
    def _func_type(self, value: Any) -> str:
        return self._convert_to_jmespath_type(type(value).__name__)

    @functions.signature({"types": []})
    def _func_to_string(self, value: Any) -> str:
        return write_text(value)

    @functions.signature({"types": []})
    def _func_to_number(self, value: Any) -> int | Decimal | None:
        if isinstance(value, str):
            return parse_number(value)
        return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None

    @functions.signature({"types": ["array", "string"]}, {"types": []})
    def _func_contains(self, subject: list[Any] | str, wanted: Any) -> bool:
        if isinstance(subject, list):
            if not isinstance(wanted, str) or len(wanted) > _STEP_CHARACTERS:
                self._budget.weigh(subject)
            return wanted in subject
        if isinstance(wanted, str):
            return wanted in subject
        raise self._wrong("contains", wanted, "string")

    @functions.signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, parts: list[str]) -> str:
        self._budget.make(len(separator) * len(parts))
        return separator.join(parts)

    @functions.signature({"types": ["object"], "variadic": True})
    def _func_merge(self, *objects: dict[str, Any]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for one in objects:
            if not isinstance(one, dict):  # jmespath looks at the first alone
                raise self._wrong("merge", one, "object")
            self._budget.spend(len(one))
            merged.update(one)
        return merged

    @functions.signature({"types": ["array-string", "array-number"]})
    def _func_sort(self, values: list[Any]) -> list[Any]:
        self._budget.make(_SORTED * len(values))
        return sorted(values)

    @functions.signature({"types": ["number"]})
    def _func_abs(self, value: int | Decimal) -> int | Decimal:
        return value.copy_abs() if isinstance(value, Decimal) else abs(value)

    @functions.signature({"types": ["number"]})
    def _func_ceil(self, value: int | Decimal) -> int | Decimal:
        return _whole(value, ROUND_CEILING)

    @functions.signature({"types": ["number"]})
    def _func_floor(self, value: int | Decimal) -> int | Decimal:
        return _whole(value, ROUND_FLOOR)

    @functions.signature({"types": ["array-number"]})
    def _func_sum(self, values: list[int | Decimal]) -> int | Decimal:
        total: int | Decimal = 0
        for begin in range(0, len(values), _LOOK_EVERY):
            self._budget.look()
            for value in values[begin : begin + _LOOK_EVERY]:
                total = _add(total, value)
        return total

    @functions.signature({"types": ["array-number"]})
    def _func_avg(self, values: list[int | Decimal]) -> Decimal | None:
        if not values:
            return None
        total = Decimal(self._func_sum(values))
        digits = len(total.as_tuple().digits) + _QUOTIENT_DIGITS
        return Context(prec=digits).divide(total, Decimal(len(values)))


FUNCTION_TABLE: dict[str, Any] = Functions.FUNCTION_TABLE
_SIZES: dict[type, Callable[[Any], int]] = {
    str: len,
    Decimal: number_length,
    list: lambda made: _ITEM * len(made),
    dict: lambda made: _MEMBER * len(made),
}


def _add(a: int | Decimal, b: int | Decimal) -> int | Decimal:
    return a + b if isinstance(a, int) and isinstance(b, int) else _EXACT.add(a, b)


def _whole(value: int | Decimal, rounding: str) -> int | Decimal:
    if isinstance(value, int):
        return value
    whole = value.to_integral_value(rounding)
    return int(whole) if whole.adjusted() < _WHOLE_DIGITS else whole
