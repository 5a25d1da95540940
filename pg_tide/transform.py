"""The stage after poll: which messages go on, and with what payload. Pure.

A null payload (a tombstone) is a message like any other, with a null to look at; a payload that
becomes null becomes a tombstone.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pg_tide.config import PipelineConfig
from pg_tide.errors import MessageError
from pg_tide.exact_json import write
from pg_tide.expression import Expression
from pg_tide.message import Message
from pg_tide.payload import parse_payload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _published_at(message: Message) -> str:
    at = _EPOCH + timedelta(microseconds=message.published_at_us)
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


# What expressions see of a message, by name.
_CONTEXT: dict[str, Callable[[Message], Any]] = {
    "payload": lambda message: parse_payload(message, "transform"),
    "headers": lambda message: message.headers or {},
    "op": lambda message: message.op,
    "key": lambda message: message.key,
    "dedup_key": lambda message: message.dedup_key,
    "outbox": lambda message: message.outbox,
    "stream_table": lambda message: message.source or message.outbox,
    "id": lambda message: message.id,
    "published_at": _published_at,
}


class Transform:
    """The filter and the projection of a pipeline, either or none; `idle` when there is none.

    Calling it returns the message that goes on, or None when the filter drops it. Raises
    MessageError where an expression fails. Raises ValueError when one cannot be compiled.
    """

    def __init__(self, config: PipelineConfig) -> None:
        expressions = config.transform
        self._filter = Expression(expressions.filter) if expressions.filter else None
        self._payload = Expression(expressions.payload) if expressions.payload else None
        used = [expression for expression in (self._filter, self._payload) if expression]
        self.idle = not used
        self._context = {
            name: read
            for name, read in _CONTEXT.items()
            if any(e.names is None or name in e.names for e in used)
        }

    def __call__(self, message: Message) -> Message | None:
        """Return the message that goes on, or None."""
        if self.idle:
            return message
        context = {name: read(message) for name, read in self._context.items()}
        if self._filter and _is_nothing(self._filter.search(context)):
            return None
        if self._payload is None:
            return message
        return _with_payload(message, _written(message, self._payload.search(context)))


def _is_nothing(value: Any) -> bool:
    """Return whether a value is false in JMESPath: null, false, or empty. Zero is not."""
    return value is None or value is False or value in ("", [], {})


def _written(message: Message, value: Any) -> bytes | None:
    if value is None:
        return None
    try:
        return write(value)
    except ValueError as error:
        problem = f"the new payload of message {message.id} cannot be written: {error}"
        raise MessageError(problem, stage="transform", reason="payload_unwritable") from None


def _with_payload(message: Message, payload: bytes | None) -> Message:
    return Message(
        id=message.id,
        outbox=message.outbox,
        source=message.source,
        op=message.op,
        key=message.key,
        dedup_key=message.dedup_key,
        headers=message.headers,
        payload=payload,
        is_json=True,
        before=message.before,
        published_at_us=message.published_at_us,
    )
