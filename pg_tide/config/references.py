"""References in a configuration: ${env:NAME}, ${file:/path}, ${secret:NAME}. Only their form.

The same as the SQL functions `tide._is_reference` and `tide._reference_problems`. No sentence
shows the text around a reference: it may be a secret.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Resolve = Callable[[str, str], str]

MISPLACED = "references like ${env:NAME} are for connection options only"

_MOST = 20  # each may stand for 64 KiB
_PIECE = re.compile(r"\$\{([^}]*)\}?")
_REFERENCE = re.compile(
    r"\$\{(?:(env):([A-Za-z_][A-Za-z0-9_]*)|(file):(/[^}]*)|(secret):([A-Za-z0-9_.-]{1,200}))\}"
)
_MISPLACED = re.compile(r"\$\{(env|file|secret):")


class Reference(NamedTuple):
    """A reference as it was written, its kind (env, file, secret), and what it names."""

    written: str
    kind: str
    name: str


def find(text: str) -> Iterator[Reference]:
    """Return the references in a text."""
    for match in _REFERENCE.finditer(text):
        yield Reference(match[0], *_named(match))


def is_reference(value: Any) -> bool:
    """Return whether a value is, or holds, what must be a reference."""
    return isinstance(value, str) and "${" in value


def reference_problems(text: str) -> list[str]:
    """Return what is wrong with how the references of a text are written."""
    pieces = [match[0] for match in _PIECE.finditer(text)]
    if len(pieces) > _MOST:
        return [f"has {len(pieces)} references, and may have {_MOST}"]
    if all(_REFERENCE.fullmatch(piece) for piece in pieces):
        return []
    forms = "${env:NAME}, ${file:/absolute/path} or ${secret:NAME}"
    return [f'has a "${{" that begins no reference; write {forms}']


def is_misplaced(value: Any) -> bool:
    """Return whether a value has a reference where none is resolved."""
    return isinstance(value, str) and _MISPLACED.search(value) is not None


def resolved(text: str, resolve: Resolve) -> str:
    """Return a text with what its references stand for; `resolve` takes a kind and a name."""
    return _REFERENCE.sub(lambda match: resolve(*_named(match)), text)


def _named(match: re.Match[str]) -> tuple[str, str]:
    kind, name = (group for group in match.groups() if group is not None)
    return kind, name
