"""The form of topics: templates and prefixes, against what Kafka takes as a topic's name.

The same as the SQL functions `tide._topic_template_problems` and `tide._topic_prefix_problems`.
"""

import re

from pg_tide.template import template_pieces, template_problems
from pg_tide.words import quoted

LEGAL_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_NOT_IN_TOPICS = re.compile(r"[^a-zA-Z0-9._-]")
_LONGEST_TOPIC = 249


def topic_template_problems(text: str) -> list[str]:
    """Return what is wrong with a topic that may have variables."""
    constants = [
        (place, piece[:1] if piece in {"{{", "}}"} else piece)
        for place, piece in template_pieces(text)
        if piece[0] not in "{}" or piece in {"{{", "}}"}
    ]
    wrong = template_problems(text)
    wrong += [problem for place, piece in constants if (problem := _foreign(place, piece))]
    if text in {".", ".."}:
        wrong.append('must not be "." or ".."')
    return wrong + _length_problems(text, sum(len(constant) for _, constant in constants))


def topic_prefix_problems(text: str) -> list[str]:
    """Return what is wrong with the text that a topic begins with."""
    foreign = _foreign(1, text)
    return ([foreign] if foreign else []) + _length_problems(text, len(text))


def _length_problems(text: str, constants: int) -> list[str]:
    if not text:
        return ["must not be empty"]
    if constants > _LONGEST_TOPIC:
        return [f"has {constants} constant characters; Kafka takes {_LONGEST_TOPIC} at most"]
    return []


def _foreign(place: int, constant: str) -> str | None:
    if not (found := _NOT_IN_TOPICS.search(constant)):
        return None
    at = f"{quoted(found[0])} at character {place + found.start()}"
    return f'{at} is not allowed in a topic; Kafka takes a-z, A-Z, 0-9, ".", "_" and "-"'
