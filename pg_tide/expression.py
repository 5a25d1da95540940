"""JMESPath, compiled once; every error in our words. The door to jmespath.

Numbers are int and Decimal throughout, never float, so that they keep their digits. jmespath
knows the types of Python by name and Decimal is not among them: `_Functions` adds it, by the
subclass that jmespath documents for own functions.
"""

import contextlib
import itertools
import warnings
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Any

from jmespath import exceptions, functions, lexer, parser, visitor

from pg_tide.errors import MessageError
from pg_tide.exact_json import parse_number, write_text
from pg_tide.nearest import nearest
from pg_tide.words import quoted

Node = dict[str, Any]

# PostgreSQL's longest numeric, on both sides of the point: nothing it stores is rounded.
_EXACT = Context(prec=131_072 + 16_383)
_QUOTIENT_DIGITS = 20
_SEES_ALL = frozenset({"current", "value_projection"})


class _Functions(functions.Functions):
    """The functions of JMESPath, exact where numbers are not binary fractions."""

    def _get_allowed_pytypes(self, types: list[str]) -> tuple[list[str], list[tuple[str, ...]]]:
        allowed, of_elements = super()._get_allowed_pytypes(types)  # type: ignore[misc]
        return (
            [*allowed, "Decimal"] if "float" in allowed else allowed,
            [(*names, "Decimal") if "float" in names else names for names in of_elements],
        )

    def _convert_to_jmespath_type(self, name: str) -> str:
        return "number" if name == "Decimal" else super()._convert_to_jmespath_type(name)  # type: ignore[misc]

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

    @functions.signature({"types": ["number"]})
    def _func_abs(self, value: int | Decimal) -> int | Decimal:
        return value.copy_abs() if isinstance(value, Decimal) else abs(value)

    @functions.signature({"types": ["array-number"]})
    def _func_sum(self, values: list[int | Decimal]) -> int | Decimal:
        total: int | Decimal = 0
        for value in values:
            total = _add(total, value)
        return total

    @functions.signature({"types": ["array-number"]})
    def _func_avg(self, values: list[int | Decimal]) -> Decimal | None:
        if not values:
            return None
        total = Decimal(self._func_sum(values))
        digits = len(total.as_tuple().digits) + _QUOTIENT_DIGITS
        return Context(prec=digits).divide(total, Decimal(len(values)))


def _add(a: int | Decimal, b: int | Decimal) -> int | Decimal:
    return a + b if isinstance(a, int) and isinstance(b, int) else _EXACT.add(a, b)


class Expression:
    """A JMESPath expression. Raises ValueError, which names the position, when it is none.

    `names` are those that it may look up in the outermost object; None: any.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tree: Any = _exact(_compiled(text))
        self._interpreter = visitor.TreeInterpreter(visitor.Options(custom_functions=_FUNCTIONS))
        nodes = list(_nodes(self._tree))
        _check_calls(text, nodes)
        sees_all = any(node["type"] in _SEES_ALL for node in nodes)
        fields = frozenset(node["value"] for node in nodes if node["type"] == "field")
        self.names = None if sees_all else fields

    def search(self, context: dict[str, Any]) -> Any:
        """Return what the expression makes of a parsed JSON object; MessageError if it cannot."""
        try:
            return self._interpreter.visit(self._tree, context)
        except exceptions.JMESPathTypeError as error:
            problem = _type_problem(error)
        except (exceptions.JMESPathError, TypeError, ValueError, ArithmeticError) as error:
            problem = str(error)
        except RecursionError:
            problem = "it is nested too deeply"
        raise MessageError(
            f"the expression {quoted(self.text)} failed: {problem}",
            stage="transform",
            reason="expression_failed",
        )


_FUNCTIONS = _Functions()


def _compiled(text: str) -> Any:
    if not text.strip():
        raise ValueError("it is empty")
    try:
        with _text_without_quotes():
            return parser.Parser().parse(text).parsed
    except exceptions.LexerError as error:
        problem = f"{error.message[0].lower()}{error.message[1:]}"
        problem = f"{problem} at character {error.lexer_position + 1}"
    except exceptions.ParseError as error:
        problem = _parse_problem(error, text)
    except RecursionError:
        problem = "it is nested too deeply"
    except ValueError:
        problem = "a number in it is too long"
    raise ValueError(problem)


@contextlib.contextmanager
def _text_without_quotes() -> Iterator[None]:
    """Let `text` stand for `"text"` in silence: jmespath still takes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        yield


def _parse_problem(error: exceptions.ParseError, text: str) -> str:
    kind, value = error.token_type, error.token_value
    if kind in {None, "EOF"}:
        return f"it ends too early, at character {len(text) + 1}"
    hint = f"; write a number as `{value}`" if kind == "NUMBER" else ""
    return f"unexpected {quoted(str(value))} at character {error.lex_position + 1}{hint}"


def _type_problem(error: exceptions.JMESPathTypeError) -> str:
    """Say what jmespath says, but for the value: a message's content belongs in no log."""
    expected = " or ".join(error.expected_types).replace("array-", "array of ")
    actual = {**functions.TYPES_MAP, "Decimal": "number"}.get(error.actual_type, error.actual_type)
    return f"{error.function_name}() takes {expected}, not {actual}"


def _exact(node: Node) -> Node:
    """Return a copy of a syntax tree whose literals are compared by their decimal digits."""
    copy = {**node, "children": [_exact_child(child) for child in node["children"]]}
    if node["type"] == "literal":
        copy["value"] = _exact_value(node["value"])
    return copy


def _exact_child(child: Any) -> Any:
    return _exact(child) if isinstance(child, dict) else child


def _exact_value(value: Any) -> Any:
    if isinstance(value, float):
        number = Decimal(repr(value))
        if not number.is_finite():
            raise ValueError(f"{value} is not a number of JSON")
        return number
    if isinstance(value, list):
        return [_exact_value(part) for part in value]
    if isinstance(value, dict):
        return {name: _exact_value(part) for name, part in value.items()}
    return value


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _nodes(child)


def _check_calls(text: str, nodes: list[Node]) -> None:
    """Raise ValueError for a call that could never succeed: jmespath itself looks only then."""
    with _text_without_quotes():
        pieces = list(lexer.Lexer().tokenize(text))
    for name, bracket in itertools.pairwise(pieces):
        called = name["type"] == "unquoted_identifier" and bracket["type"] == "lparen"
        if called and name["value"] not in _FUNCTIONS.FUNCTION_TABLE:
            near = nearest(name["value"], _FUNCTIONS.FUNCTION_TABLE)
            hint = f"; did you mean {near}()?" if near else ""
            place = name["start"] + 1
            raise ValueError(f"unknown function {name['value']}() at character {place}{hint}")
    for node in nodes:
        if node["type"] == "function_expression":
            _check_arity(node["value"], len(node["children"]))


def _check_arity(name: str, given: int) -> None:
    takes = _FUNCTIONS.FUNCTION_TABLE[name]["signature"]
    more = takes[-1].get("variadic", False)
    if given == len(takes) or (more and given > len(takes)):
        return
    least = "at least " if more else ""
    count = "1 argument" if len(takes) == 1 else f"{len(takes)} arguments"
    raise ValueError(f"{name}() takes {least}{count}, not {given}")
