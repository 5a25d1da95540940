"""From the text of an expression to its syntax tree; what is wrong with it, in our words and where.

jmespath forgets where a node came from and reads fractions as binary ones: its lexer and parser
are extended so that calls and literals know their place and literals keep their digits.
"""

import contextlib
import re
import warnings
from collections.abc import Iterator
from typing import Any

from jmespath import exceptions, lexer, parser

from pg_tide.exact_json import parse
from pg_tide.words import quoted

Node = dict[str, Any]

_LONGEST = 20_000  # characters; reading them takes a tenth of a second
# Evaluating a level takes up to five of Python's thousand frames.
_DEEPEST = 150
_LITERAL = re.compile(r"`((?:\\.|[^`\\])*)`", re.DOTALL)


def _tokens_of(expression: str) -> Iterator[Node]:
    """Cut an expression into its tokens; literals have exact numbers."""
    cut: Iterator[Any] = lexer.Lexer().tokenize(expression)
    for token in cut:
        if token["type"] == "literal" and expression[token["start"]] == "`":
            token["value"] = _literal(expression, token)
        yield token


def _literal(expression: str, token: Node) -> Any:
    found = _LITERAL.match(expression, token["start"])
    text = found[1].replace("\\`", "`") if found else ""
    try:
        return parse(text)
    except ValueError as error:
        if isinstance(token["value"], str):  # `text` stands for `"text"`
            return token["value"]
        place = token["start"]
        raise exceptions.LexerError(place, text, f"{quoted(text)}: {error}") from None


_extended: Any = parser.Parser  # by steps that its stubs do not know


class _Parser(_extended):  # type: ignore[misc]
    """The parser, whose calls and literals have a `place`, from 1."""

    def parse(self, expression: str) -> Any:
        # Not by way of the cache that all parsers of a process share.
        return self._do_parse(expression)

    def _parse(self, expression: str) -> parser.ParsedResult:
        self._tokens = list(_tokens_of(expression))
        self._index = 0
        tree = self._expression(binding_power=0)
        if self._current_token() != "eof":
            self._error_led_token(self._lookahead_token(0))
        return parser.ParsedResult(expression, tree)

    def _token_nud_literal(self, token: Node) -> Node:
        return {**super()._token_nud_literal(token), "place": token["start"] + 1}

    def _token_nud_unquoted_identifier(self, token: Node) -> Node:
        return {**super()._token_nud_unquoted_identifier(token), "place": token["start"] + 1}

    def _token_nud_quoted_identifier(self, token: Node) -> Node:
        if self._current_token() == "lparen":
            self._error_nud_token(token)
        field: Node = super()._token_nud_quoted_identifier(token)
        return field

    def _token_led_lparen(self, left: Node) -> Node:
        return {**super()._token_led_lparen(left), "place": left["place"]}


def tree_of(text: str) -> Node:
    """Return the syntax tree of an expression; ValueError says what is wrong, and where."""
    if not text.strip():
        raise ValueError("it is empty")
    if len(text) > _LONGEST:
        raise ValueError(f"it has {len(text)} characters, and may have {_LONGEST}")
    try:
        with _text_without_quotes():
            tree: Node = _Parser().parse(text).parsed
        if _depth(tree) <= _DEEPEST:
            return tree
        problem = "it is nested too deeply"
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


def _depth(node: Node) -> int:
    return 1 + max((_depth(child) for child in children_of(node)), default=0)


def children_of(node: Node) -> Iterator[Node]:
    """Return the nodes right below one, without the numbers of a slice."""
    return (child for child in node["children"] if isinstance(child, dict))


def nodes_of(node: Node) -> Iterator[Node]:
    """Return a node and all below it."""
    yield node
    for child in children_of(node):
        yield from nodes_of(child)
