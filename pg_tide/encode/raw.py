"""The wire format `raw`: the payload's bytes, whatever they are; a null payload is a tombstone.

For what tide.outbox_publish_bytes carries. JSON goes as PostgreSQL prints it.
"""

from collections.abc import Callable

from pg_tide.config import PipelineConfig
from pg_tide.message import Message, Record, Route


def encoder(
    _config: PipelineConfig, _now: Callable[[], float]
) -> Callable[[Message, Route], tuple[Record, ...]]:
    """Return the encoder: it has no options."""
    return encode


def encode(message: Message, route: Route) -> tuple[Record, ...]:
    """Return the one record of a message."""
    key = route.key
    return (
        Record(
            route.topic,
            None if key is None else key.encode(),
            message.payload,
            route.headers,
            message.published_at_us // 1000,
            route.partition_by,
        ),
    )
