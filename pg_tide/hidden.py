"""What this process knows and never says: the log, errors and states have something else instead.

No sentence of ours shows a secret. This is for those of others, and for secrets that stand where
none is expected, such as a password in place of a user's name.
"""

import json
import re
from collections.abc import MutableMapping
from typing import Any, TypeVar

MASK = "********"
SHORTEST = 8  # characters; shorter ones are parts of many words, and guessed anyway

T = TypeVar("T")
_known: dict[str, tuple[re.Pattern[str], str]] = {}  # the longest first


def learn(text: str, instead: str = MASK) -> None:
    """Say something else instead of a text from now on; what is known already stays.

    As Python and JSON write it within quotes, it is known too.
    """
    for form in (text, repr(text)[1:-1], json.dumps(text)[1:-1]):
        if len(text) >= SHORTEST and form not in _known:
            _learn(form, instead)


def _learn(text: str, instead: str) -> None:
    # A password that is a word is no part of others, such as "password" of "sasl_password".
    before, after = (r"\b" if re.match(r"\w", end) else "" for end in (text[0], text[-1]))
    _known[text] = re.compile(before + re.escape(text) + after), instead.replace("\\", r"\\")
    for longest in sorted(_known, key=len, reverse=True):  # one may be a part of another
        _known[longest] = _known.pop(longest)


def hide(value: T) -> T:
    """Return a text, or what holds texts, without what is never said; anything else as it is."""
    shown: Any = value
    if isinstance(value, dict):
        shown = {hide(name): hide(each) for name, each in value.items()}
    elif isinstance(value, list | tuple):
        shown = [hide(each) for each in value]
        shown = shown if isinstance(value, list) else tuple(shown)
    if not isinstance(value, str):
        return shown  # type: ignore[no-any-return]
    for text, (pattern, instead) in _known.items():
        if text in shown:
            shown = pattern.sub(instead, shown)
    return shown  # type: ignore[no-any-return]


def hide_all(
    _logger: Any, _level: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Hide it in every field of a line of the log."""
    return {name: hide(value) for name, value in event.items()}
