"""The stage after route: a message and its route become the records that Kafka gets. Pure.

One file a wire format. A message has its end when all its records have theirs.
"""

import time
from collections.abc import Callable

from pg_tide.encode import envelope, native
from pg_tide.message import Message, Record, Route

Encoder = Callable[[Message, Route], tuple[Record, ...]]

FORMATS: dict[str, Encoder] = {
    "native": native.encode,
    "envelope": envelope.encode,
}


def encoder(
    name: str, record_timestamp: str = "published", now: Callable[[], float] = time.time
) -> Encoder:
    """Return the encoder of a wire format, and of what its records have as their time.

    `published` is when the message was published, `produced` when the record is made, which is
    what clients of Kafka do by default: `now` then tells it, in seconds since 1970.
    """
    encode = FORMATS[name]
    return encode if record_timestamp == "published" else _stamped(encode, now)


def _stamped(encode: Encoder, now: Callable[[], float]) -> Encoder:
    def stamped(message: Message, route: Route) -> tuple[Record, ...]:
        records = encode(message, route)
        timestamp_ms = int(now() * 1000)
        for record in records:
            record.timestamp_ms = timestamp_ms
        return records

    return stamped
