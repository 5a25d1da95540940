"""The wire format `envelope`: an object of the payload and what is known of its message.

For consumers that see no headers. The payload's JSON stands in it byte for byte, so that numbers
keep their digits; a null payload is a tombstone, as in every format, for topics that are compacted.
"""

from collections.abc import Callable

from pg_tide.config import PipelineConfig
from pg_tide.encode import native
from pg_tide.exact_json import write
from pg_tide.message import Message, Record, Route


def encoder(
    _config: PipelineConfig, _now: Callable[[], float]
) -> Callable[[Message, Route], tuple[Record, ...]]:
    """Return the encoder: it has no options."""
    return encode


def encode(message: Message, route: Route) -> tuple[Record, ...]:
    """Return the one record of a message; MessageError for a payload that is not JSON."""
    (record,) = native.encode(message, route)
    if message.payload is not None:
        record.value = _value(message, message.payload)
    return (record,)


def _value(message: Message, payload: bytes) -> bytes:
    known = {
        "outbox_id": message.id,
        "op": message.op,
        "stream_table": message.source or message.outbox,
        "dedup_key": message.dedup_key,
        "published_at": message.published_at,
        "headers": message.headers or {},
    }
    return b'%b,"payload":%b}' % (write(known)[:-1], payload)
