"""The wire format `native`: the payload's bytes as they are; a null payload is a tombstone."""

from pg_tide.message import Message, Record, Route


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
