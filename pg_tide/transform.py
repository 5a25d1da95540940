"""The stage after poll: which messages go on, and with what payload. Pure.

A null payload (a tombstone) is a message like any other, with a null to look at; a payload that
becomes null becomes a tombstone.
"""

from typing import Any

from pg_tide.config import PipelineConfig
from pg_tide.context import MessageExpression
from pg_tide.errors import MessageError
from pg_tide.exact_json import write
from pg_tide.message import Message
from pg_tide.payload import Sight, Values


class Transform:
    """The filter and the projection of a pipeline, either or none; `idle` when there is none.

    Calling it returns the message that goes on, or None when the filter drops it. Raises
    MessageError where an expression fails. Raises ValueError when one cannot be compiled.
    """

    def __init__(self, config: PipelineConfig) -> None:
        transform, sight = config.transform, Sight()
        self._filter, self._payload = (
            MessageExpression(text, "transform", transform.root, sight) if text else None
            for text in (transform.filter, transform.payload)
        )
        self.idle = self._filter is None and self._payload is None

    def __call__(self, message: Message) -> Message | None:
        """Return the message that goes on, or None."""
        if self.idle:
            return message
        values = Values(message, message, "transform")
        if self._filter and not self._filter.holds(values):
            return None
        if self._payload is None:
            return message
        return _with_payload(message, _written(message, self._payload.search(values)))


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
        message.id,
        message.outbox,
        message.source,
        message.op,
        message.key,
        message.dedup_key,
        message.headers,
        payload,
        True,
        message.before,
        message.published_at_us,
    )
