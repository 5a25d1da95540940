"""The wire format `native`: the payload as PostgreSQL prints it; a null payload is a tombstone."""

from collections.abc import Callable

from pg_tide.config import PipelineConfig
from pg_tide.errors import MessageError
from pg_tide.message import Message, Record, Route


def encoder(
    _config: PipelineConfig, _now: Callable[[], float]
) -> Callable[[Message, Route], tuple[Record, ...]]:
    """Return the encoder: it has no options."""
    return encode


def encode(message: Message, route: Route) -> tuple[Record, ...]:
    """Return the one record of a message; MessageError for a payload that is not JSON."""
    if not message.is_json:
        raise _not_json(message)
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


def _not_json(message: Message) -> MessageError:
    return MessageError(
        f"the payload of message {message.id} is not JSON: it was published as bytes",
        stage="encode",
        reason="payload_unreadable",
        hint="Such payloads go with wire_format raw.",
    )
