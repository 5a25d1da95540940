"""The attributes of events: what the templates of `wire_config` make of a message.

Those of the same outbox, op and table are the same for many messages, and made once for them.
"""

import re
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar
from urllib.parse import quote

from pg_tide.config import PipelineConfig
from pg_tide.errors import MessageError
from pg_tide.message import Message
from pg_tide.payload import Values
from pg_tide.template import Template

Attributes = dict[str, str]
Made = TypeVar("Made")

_REQUIRED = ("source", "type")
_SHARED = frozenset({"outbox", "op", "stream_table"})  # variables with few values, by habit
_NONE: Attributes = {}
_REMEMBERED = 1000
_IN_A_URI = "%:/?#[]@!$&'()*+,;=~"
# https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#type-system, String
_FORBIDDEN = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufdd0-\\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)


class Templates:
    """The attributes that options make, in the order of the specification, extensions last.

    Making one raises ValueError where a template asks for what an encoder does not know; its
    methods raise MessageError where one that an event must have has no value, or one that no
    event may have.
    """

    def __init__(self, config: PipelineConfig) -> None:
        wire = config.wire_config
        texts = {"source": wire.source, "type": wire.type, "subject": wire.subject}
        if wire.dataschema is not None:
            texts["dataschema"] = wire.dataschema
        made = {name: Template(text, f"wire_config.{name}") for name, text in texts.items()}
        for name, text in wire.extensions.items():
            made[name] = Template(text, f"wire_config.extensions.{name}")
        for template in made.values():
            _refuse_original(template)
        self._shared = {n: t for n, t in made.items() if t.variables <= _SHARED}
        own = {n: t for n, t in made.items() if n not in self._shared}
        self._own = {n: t for n, t in own.items() if (n, t.variable) != ("subject", "key")}
        self._subject_is_key = len(self._own) < len(own)

    def shared(self, message: Message) -> Attributes:
        """Return the attributes that all messages of its outbox, op and table have."""
        return dict(_rendered(self._shared, message))

    def own(self, message: Message) -> Attributes:
        """Return the others, without the subject where it is the message's key."""
        return dict(_rendered(self._own, message)) if self._own else _NONE

    def key_as_subject(self, message: Message) -> str | None:
        """Return the subject where it is the message's key."""
        key = message.key if self._subject_is_key else None
        return key if not key or key.isprintable() else _checked("subject", key, message)


class Remembered(Generic[Made]):
    """What is made once for all messages of one outbox, op and table, JSON or bytes."""

    def __init__(self, make: Callable[[Message], Made]) -> None:
        self._make = make
        self._made: dict[tuple[str, str, str | None, bool], Made] = {}

    def of(self, message: Message) -> Made:
        """Return it for a message."""
        key = (message.outbox, message.op, message.source, message.is_json)
        made = self._made.get(key)
        if made is None:
            made = self._make(message)
            if len(self._made) < _REMEMBERED:
                self._made[key] = made
        return made


def _refuse_original(template: Template) -> None:
    for variable in template.variables:
        if variable.startswith("original."):
            raise ValueError(
                f"{template.option}: {{{variable}}} is not known here; use {{payload.…}}"
            )


def _rendered(templates: dict[str, Template], message: Message) -> Iterator[tuple[str, str]]:
    """Yield the attributes that have a value; MessageError where one must and has not."""
    values = Values(message, message, "encode")
    for name, template in templates.items():
        try:
            text = template.render(values)
        except MessageError as error:
            if name not in _REQUIRED and error.reason == "template_value_missing":
                continue
            error.stage = "encode"
            raise
        if text or name in _REQUIRED:
            yield name, _checked(name, text, message)


def _checked(name: str, text: str, message: Message) -> str:
    """Return the text of an attribute as the specification has it, or raise MessageError."""
    problem = None if text else "is empty"
    if not text.isprintable() and (found := _FORBIDDEN.search(text)):
        problem = f"has the character U+{ord(found[0]):04X}"
    if problem:
        raise MessageError(
            f"the CloudEvents attribute {name} of message {message.id} {problem}",
            stage="encode",
            reason="attribute_refused",
            hint=f"Give it another value in wire_config.{name}.",
        )
    return quote(text, safe=_IN_A_URI) if name in {"source", "dataschema"} else text
