"""The payload of a message as a value, and all else that is known of a message by name.

Nothing is read before somebody asks for it: a payload is parsed at most once a stage.
"""

from collections.abc import Callable
from typing import Any

from pg_tide.errors import MessageError
from pg_tide.exact_json import parse
from pg_tide.message import Message


def parse_payload(message: Message, stage: str) -> Any:
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


class Values:
    """What one stage knows of a message, by name: `get` is all that looking a name up takes.

    `message` is the message as it goes, `published` as it was published, or the same.
    """

    __slots__ = ("_original", "_payload", "_stage", "message", "published")

    def __init__(self, message: Message, published: Message, stage: str) -> None:
        self.message = message
        self.published = published
        self._stage = stage
        self._payload: Any = _UNREAD
        self._original: Any = _UNREAD

    @property
    def payload(self) -> Any:
        """The payload as it goes, parsed; MessageError where it is not JSON."""
        if self._payload is _UNREAD:
            self._payload = parse_payload(self.message, self._stage)
        return self._payload

    @property
    def original(self) -> Any:
        """The payload as published, parsed; MessageError where it is not JSON."""
        if self.published is self.message:
            return self.payload
        if self._original is _UNREAD:
            self._original = parse_payload(self.published, self._stage)
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
        size = _NAMED + len(message.payload or b"") + len(message.op)
        size += len(message.key or "") + len(message.dedup_key or "")
        if message.headers:
            size += sum(len(name) + len(value) for name, value in message.headers.items())
        return size + (len(published.payload or b"") if published is not message else 0)

    @property
    def _has_original(self) -> bool:
        # Before the transform, the payload as published is the payload.
        return self._stage != "transform"


_UNREAD = object()
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
