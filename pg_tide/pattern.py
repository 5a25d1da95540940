"""Regular expressions that take linear time, whoever wrote them. The door to google-re2.

re2 needs at most one step for each byte of a text and instruction of a compiled expression; the
product of both is limited, so that no search ever takes over a second.
"""

import re
from functools import cached_property
from typing import Any

import re2  # type: ignore[import-untyped]

from pg_tide.words import quoted

_LONGEST = 4000  # characters; compiling this many takes a tenth of a second at worst
_MEMORY = 2 * 1024 * 1024  # bytes that one expression may hold
_MOST_STEPS = 100_000_000  # about a second
_GROUPS_A_STEP = 10  # so many groups take as long to follow as the rest of a step

_PROBLEMS = {
    "missing )": 'a "(" is never closed',
    "unexpected )": 'a ")" closes nothing',
    "missing ]": "{} is never closed",
    "trailing \\": 'it ends with a lone "\\"',
    "no argument for repetition operator": "{} has nothing to repeat",
    "bad repetition operator": "{} repeats a repetition",
    "invalid repetition size": "{} is over 1000 times, or has its limits swapped",
    "invalid character class range": "{} is no range or class of characters",
    "invalid escape sequence": "{} is no escape; there are no references to groups",
    "invalid perl operator": "{} is not known; there is no looking ahead or behind",
    "invalid named capture group": "{} names no group",
    "pattern too large - compile failed": "it is too large",
}
_SINGLE_BYTE = re.compile(r"(?:[^\\]|\\[^C])*?(\\C)", re.DOTALL)


class TooSlowError(ValueError):
    """A text is too long to search it for this expression."""


class Pattern:
    """A regular expression in the syntax of RE2, compiled once; `size` is in instructions.

    Raises ValueError, which says what is wrong and where, when it is none.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._finder = _compiled(text, captures=False)
        self.size: int = self._finder.programsize

    @cached_property
    def _cutter(self) -> Any:
        return _compiled(self.text, captures=True)

    def matches(self, text: str) -> bool:
        """Return whether it is found anywhere in a text; TooSlowError if that could take long."""
        searched = text.encode("utf-8", "surrogatepass")
        if len(searched) * self.size > _MOST_STEPS:
            raise _too_slow(text)
        return self._finder.search(searched) is not None

    def key_of(self, text: str) -> str | None:
        """Return its first group in a text, or all it matches where it has no group.

        None where it is not found, or found without that group. Raises TooSlowError as `matches`.
        """
        cutter, searched = self._cutter, text.encode("utf-8", "surrogatepass")
        steps = len(searched) * cutter.programsize
        if steps * (1 + cutter.groups / _GROUPS_A_STEP) > _MOST_STEPS:
            raise _too_slow(text)
        found = cutter.search(searched)
        key: bytes | None = found and found[1 if cutter.groups else 0]
        return None if key is None else key.decode("utf-8", "surrogatepass")


def _too_slow(text: str) -> TooSlowError:
    return TooSlowError(f"a text of {len(text)} characters is too long for this regular expression")


def _compiled(text: str, *, captures: bool) -> Any:
    if len(text) > _LONGEST:
        raise ValueError(f"it has {len(text)} characters, and may have {_LONGEST}")
    if found := _SINGLE_BYTE.match(text):
        raise ValueError(f'"\\C" at character {found.start(1) + 1}: text has no single bytes')
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    options.never_capture = not captures
    try:
        return re2.compile(text, options)
    except re2.error as error:
        problem = error.args[0].decode("utf-8", "replace")
    except UnicodeEncodeError as error:
        raise ValueError(f"character {error.start + 1} is half a character") from None
    raise ValueError(_in_our_words(problem, text))


def _in_our_words(problem: str, text: str) -> str:
    """Return what re2 says; of where it is wrong, re2 tells a piece of the expression."""
    kind, _, piece = problem.partition(": ")
    words = _PROBLEMS.get(kind, problem)
    if "{}" not in words:
        return words
    shown = quoted(piece)
    if text.count(piece) == 1:
        shown = f"{shown} at character {text.index(piece) + 1}"
    return words.format(shown)
