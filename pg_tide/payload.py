"""The payload of a message as a value, and all else that is known of a message by name.

Nothing is read before somebody asks for it, and of a payload only what the options look at.
"""

import sys
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from pg_tide.errors import MessageError
from pg_tide.exact_json import Path, parse, parser_of
from pg_tide.message import Message


def parse_payload(message: Message, stage: str, parse: Callable[[bytes], Any] = parse) -> Any:
    """Return the value of a payload, its numbers exact; None for a tombstone.

    Raises MessageError of `stage` where the payload is not JSON.
    """
    if message.payload is None:
        return None
    try:
        if message.is_json:
            return parse(message.payload)
        problem = "it was published as bytes"
    except ValueError as error:
        problem = str(error)
    raise MessageError(
        f"the payload of message {message.id} cannot be read as JSON: {problem}",
        stage=stage,
        reason="payload_unreadable",
    )


class Sight:
    """What several options look at in a payload: they share it, so that it is parsed once.

    Those that come after the first message are seen from the next one on.
    """

    def __init__(self) -> None:
        self._paths: frozenset[Path] = frozenset()
        self.parse: Callable[[bytes], Any] = self._parse_first

    def see(self, paths: Iterable[Path]) -> None:
        """These paths too are looked at."""
        self._paths = self._paths.union(paths)
        self.parse = self._parse_first

    def _parse_first(self, text: bytes) -> Any:
        self.parse = parser_of(self._paths)
        return self.parse(text)


_UNREAD = object()


class Values(Struct, gc=False, eq=False):
    """What one stage knows of a message, by name: `get` is all that looking a name up takes.

    `message` is the message as it goes, `published` as it was published, or the same.
    """

    message: Message
    published: Message
    stage: str
    _sight: Sight | None = None
    _seen: Any = None
    _payload: Any = _UNREAD
    _original: Any = _UNREAD

    @property
    def payload(self) -> Any:
        """The payload as it goes, parsed; MessageError where it is not JSON."""
        if self._payload is _UNREAD:
            self._payload = parse_payload(self.message, self.stage)
        return self._payload

    def seen(self, sight: Sight) -> Any:
        """The same, or as much of it as this sight sees."""
        if self._sight is sight:
            return self._seen
        if self._sight is not None or self._payload is not _UNREAD:
            return self.payload  # whoever else comes has it all
        self._seen = parse_payload(self.message, self.stage, sight.parse)
        self._sight = sight
        return self._seen

    @property
    def original(self) -> Any:
        """The payload as published, parsed; MessageError where it is not JSON."""
        if self.published is self.message:
            return self.payload
        if self._original is _UNREAD:
            self._original = parse_payload(self.published, self.stage)
        return self._original

    def get(self, name: str) -> Any:
        """Return what has this name, or None."""
        if read := _NAMES.get(name):
            return read(self)
        return self.original if name == "original" and self._has_original else None

    def whole(self) -> dict[str, Any]:
        """Return everything that has a name, as an object."""
        whole = {name: read(self) for name, read in _NAMES.items()}
        return {**whole, "original": self.original} if self._has_original else whole

    def size(self) -> int:
        """About how many bytes all of this has as JSON, without parsing or writing it."""
        message, published = self.message, self.published
        size = self.usual_size() + (
            len(published.payload or b"") if published is not message else 0
        )
        try:
            headers = (message.headers or {}).items()
            return size + sum(len(name) + len(value) for name, value in headers)
        except (AttributeError, TypeError):
            return sys.maxsize  # they are no flat object of texts

    def usual_size(self) -> int:
        """The same of all whose name is among `USUAL`."""
        message = self.message
        size = _NAMED + len(message.payload or b"") + len(message.op)
        return size + len(message.key or "") + len(message.dedup_key or "")

    @property
    def _has_original(self) -> bool:
        # Before the transform, the payload as published is the payload.
        return self.stage != "transform"


_NAMED = 400  # bytes of the names, and of what is always short
_NAMES: dict[str, Callable[[Values], Any]] = {
    "payload": lambda values: values.payload,
    "headers": lambda values: values.message.headers or {},
    "op": lambda values: values.message.op,
    "key": lambda values: values.message.key,
    "dedup_key": lambda values: values.message.dedup_key,
    "outbox": lambda values: values.message.outbox,
    "stream_table": lambda values: values.message.source or values.message.outbox,
    "id": lambda values: values.message.id,
    "published_at": lambda values: values.message.published_at,
}
NAMES = frozenset(_NAMES)  # what expressions may look up; `original` too after the transform
USUAL = NAMES - {"headers"}


def reader_of(name: str, sight: Sight) -> Callable[[Values], Any]:
    """Return what looks this name up, the payload as far as this sight sees it."""
    if name == "payload":
        return lambda values: values.seen(sight)
    return _NAMES.get(name) or (lambda values: values.get(name))
