"""`{variable}` templates, compiled once: what they say about a message is read when rendered.

The same rules of writing as the SQL function `tide._template_problems`. A template without
variables is its `constant`; a payload is parsed at most once a message, and only if asked for.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pg_tide.errors import MessageError
from pg_tide.exact_json import write_text
from pg_tide.nearest import nearest
from pg_tide.payload import Sight, Values, reader_of
from pg_tide.words import quoted

Read = Callable[[Values], str | None]

_PIECE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")
_NAMED = re.compile(r"headers\..+|(payload|original)(\.[^.]+)+", re.DOTALL)
MOST = 16 * 1024 * 1024  # characters of a rendered text
_ROOTS = ("headers", "payload", "original")


_VARIABLES: dict[str, Read] = {
    "stream_table": lambda values: values.message.source or values.message.outbox,
    "outbox": lambda values: values.message.outbox,
    "op": lambda values: values.message.op,
    "outbox_id": lambda values: str(values.message.id),
    "dedup_key": lambda values: values.message.dedup_key,
    "key": lambda values: values.message.key,
}
_NULLABLE_KEYS = frozenset({"key", "dedup_key"})


class Template:
    """A template; `option` names it in errors. Raises ValueError with every problem at once.

    The variables in `known` have that text for all messages. `constant` is the whole text of one
    without other variables; `variable` is the name where the template is one variable and nothing
    else. Payloads are looked at through `sight`.
    """

    def __init__(
        self,
        text: str,
        option: str = "template",
        known: Mapping[str, str] | None = None,
        sight: Sight | None = None,
    ) -> None:
        if found := template_problems(text):
            raise ValueError("; ".join(found))
        self.text = text
        self.option = option
        self._parts, self._end = _compiled(text, known or {}, sight or Sight())
        names = [name for _, name, _ in self._parts]
        self.variables = frozenset(names)
        self.constant = None if names else self._end
        self.variable = names[0] if text == f"{{{names[0] if names else ''}}}" else None
        self._nullable = [_VARIABLES[name] for name in sorted(self.variables & _NULLABLE_KEYS)]

    def render(self, values: Values) -> str:
        """Return the text for a message; MessageError where a variable has no value."""
        text = ""
        size = 0
        for constant, name, read in self._parts:
            value = read(values)
            if value is None:
                raise self._missing(name, values)
            size += len(value)
            if size > MOST:
                raise self._too_large(values)
            text += constant
            text += value
        return text + self._end

    def render_key(self, values: Values) -> str | None:
        """Return the same for a message key: null where `{key}` or `{dedup_key}` is null."""
        for read in self._nullable:
            if read(values) is None:
                return None
        return self.render(values)

    def _too_large(self, values: Values) -> MessageError:
        return MessageError(
            f"{self.option}: its text for message {values.message.id} has over {MOST} characters",
            stage="route",
            reason="too_large",
        )

    def _missing(self, name: str, values: Values) -> MessageError:
        return MessageError(
            f"{self.option}: message {values.message.id} has no value for {{{name}}}",
            stage="route",
            reason="template_value_missing",
            hint="Correct the template, or give it a value for messages like this one: a tombstone "
            "has no payload, but may have headers.",
        )


def _compiled(
    text: str, known: Mapping[str, str], sight: Sight
) -> tuple[list[tuple[str, str, Read]], str]:
    """Return each variable: the constant text before it, its name, how to read it; and the end."""
    parts: list[tuple[str, str, Read]] = []
    constant = ""
    for _, piece in template_pieces(text):
        if piece in ("{{", "}}"):
            constant += piece[0]
        elif piece[1:-1] in known and piece[0] == "{":
            constant += known[piece[1:-1]]
        elif piece[0] == "{":
            parts.append((constant, piece[1:-1], variable(piece[1:-1], sight)))
            constant = ""
        else:
            constant += piece
    return parts, constant


def variable(name: str, sight: Sight | None = None) -> Read:
    """Return what reads a variable, by its name without braces: None where it has no value."""
    if name in _VARIABLES:
        return _VARIABLES[name]
    root, _, rest = name.partition(".")
    if root == "headers":
        return lambda values: _text((values.message.headers or {}).get(rest), name, values)
    first, *path = rest.split(".")
    if root == "payload":
        sight = sight or Sight()
        sight.see([(first, *path)])
        look = reader_of(root, sight)
    else:
        look = _original

    def read(values: Values) -> str | None:
        value = look(values)
        value = value.get(first) if type(value) is dict else None
        if path:
            value = _found(value, path)
        return value if type(value) is str else _text(value, name, values)

    return read


def _original(values: Values) -> Any:
    return values.original


def _found(value: Any, path: list[str]) -> Any:
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _text(value: Any, name: str, values: Values) -> str | None:
    try:
        return None if value is None else write_text(value)
    except ValueError as error:
        raise MessageError(
            f"message {values.message.id} has a {{{name}}} that cannot be written: {error}",
            stage="route",
            reason="template_value_unwritable",
        ) from None


def template_pieces(text: str) -> Iterator[tuple[int, str]]:
    """Cut into variables, braces and what is between them, each with its place from 1."""
    return ((match.start() + 1, match[0]) for match in _PIECE.finditer(text))


def template_problems(text: str) -> list[str]:
    """Return what is wrong with how a template is written."""
    pieces = template_pieces(text)
    return [problem for place, piece in pieces if (problem := _piece_problem(place, piece))]


def _piece_problem(place: int, piece: str) -> str | None:
    at = f"at character {place}"
    if piece == "{":
        return f'"{{" {at} is never closed; write "{{{{" for a brace'
    if piece == "}":
        return f'"}}" {at} closes nothing; write "}}}}" for a brace'
    if piece == "{}":
        return f'"{{}}" {at} names no variable; write "{{{{}}}}" for braces'
    if not piece.startswith("{") or piece == "{{":
        return None
    name = piece[1:-1]
    if name in _VARIABLES or _NAMED.fullmatch(name):
        return None
    return f"unknown variable {quoted(piece)} {at}; {_suggestion(name)}"


def _suggestion(name: str) -> str:
    root, dot, rest = name.partition(".")
    if root in _ROOTS:
        return f'{root} needs a name, as in "{{{root}.name}}"'
    if near := nearest(root, _ROOTS) if dot else nearest(name, _VARIABLES):
        return f"did you mean {quoted('{' + near + dot + rest + '}')}?"
    known = ", ".join(f"{{{name}}}" for name in (*_VARIABLES, "headers.name", "payload.name"))
    return f"there are {known} and {{original.name}}"
