"""JMESPath, compiled once; every error in our words. The door to jmespath.

Numbers are int and Decimal throughout, never float, so that they keep their digits. Whatever an
expression is and is applied to, it ends soon and in little memory: see budget.py. Where that is
sure beforehand, as it mostly is, it is evaluated without counting: see compiled.py.
"""

import sys
from typing import Any

from jmespath.exceptions import JMESPathError, JMESPathTypeError
from jmespath.functions import TYPES_MAP

from pg_tide.errors import MessageError
from pg_tide.expression.analysis import (
    copies_of,
    names_of,
    paths_of,
    selects,
    set_sizes,
    work_of,
)
from pg_tide.expression.budget import MOST, SpentError
from pg_tide.expression.calls import check_calls
from pg_tide.expression.comparing import is_something
from pg_tide.expression.compiled import Lookup, compiled
from pg_tide.expression.direct import UnfitError
from pg_tide.expression.interpreter import Interpreter
from pg_tide.expression.syntax import tree_of
from pg_tide.words import quoted

_NESTED = (list, dict)
_FAILURES = (SpentError, JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError)
_UNFIT = (UnfitError, *_FAILURES)  # what only the interpreter can evaluate, or say in words

UNKNOWN = sys.maxsize  # bytes
_LITTLE_WORK = 4_000_000  # steps for each byte, times bytes: a tenth of a second at worst


class Expression:
    """A JMESPath expression, in one stage of the path.

    Raises ValueError, which names the position, when it is none. `paths` lead to all that it
    looks at. `names` are those that it may look up in the outermost object; None: any. `lookup`
    says how one is looked up where that is none; its `get` does the same.
    """

    def __init__(self, text: str, stage: str = "transform", lookup: Lookup | None = None) -> None:
        self.text = text
        self._stage = stage
        tree = tree_of(text)
        patterns = check_calls(tree)
        set_sizes(tree)
        self.paths = paths_of(tree)
        self.names = names_of(self.paths)
        self._selects = selects(tree)
        self._copies = copies_of(tree)
        self._interpreter = Interpreter(tree, patterns)
        evaluate = compiled(tree, None if self.names is None else lookup)
        self._evaluate = evaluate or self._interpreter.evaluate
        # Up to this size an evaluation is not worth counting.
        self._small = _LITTLE_WORK // work_of(tree) if evaluate else -1

    def holds(self, context: Any, size: int = UNKNOWN) -> bool:
        """Return whether it makes something of parsed JSON: not null, false, "", [] or {}.

        Raises MessageError if it cannot. `size` as for `search`.
        """
        if size <= self._small:
            try:
                return is_something(self._evaluate(context))
            except _UNFIT:
                pass
        try:
            return is_something(self._interpreter.evaluate(context))
        except _FAILURES as error:
            raise self._failed(error) from None

    def search(self, context: Any, size: int = UNKNOWN) -> Any:
        """Return what it makes of parsed JSON; MessageError if it cannot.

        The result is never too large to be written and compared. That is seen sooner where
        `size` tells about how many bytes the JSON has that `context` was parsed from.
        """
        if size <= self._small:
            try:
                return self._evaluate(context)
            except _UNFIT:
                pass
        try:
            found = self._interpreter.evaluate(context)
            if isinstance(found, _NESTED) and not self._is_small(size):
                self._interpreter.budget.weigh(found)
        except _FAILURES as error:
            raise self._failed(error) from None
        return found

    def _is_small(self, size: int) -> bool:
        if self._selects:
            return True
        return self._copies * (size + self._interpreter.budget.made) <= MOST

    def _failed(self, error: Exception) -> MessageError:
        reason = error.reason if isinstance(error, SpentError) else "expression_failed"
        problem = f"the expression {quoted(self.text)} failed: {_problem(error)}"
        return MessageError(problem, stage=self._stage, reason=reason)


def _problem(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, ArithmeticError):
        return "a number in it is too long"
    return _type_problem(error) if isinstance(error, JMESPathTypeError) else str(error)


def _type_problem(error: JMESPathTypeError) -> str:
    """Say what jmespath says, but for the value: a message's content belongs in no log."""
    expected = " or ".join(error.expected_types).replace("array-", "array of ")
    actual = {**TYPES_MAP, "Decimal": "number"}.get(error.actual_type, error.actual_type)
    return f"{error.function_name}() takes {expected}, not {actual}"
