"""When a message was published, as text, quickly: messages of one second share most of it."""

from datetime import UTC, datetime
from functools import lru_cache

from pg_tide.message import Message


def published_at(message: Message) -> bytes:
    """Return the same as `message.published_at`, like 2026-01-31T12:00:00.123456Z."""
    at = message.published_at_us
    second = at // 1_000_000
    return b"%b.%06dZ" % (_second(second), at - second * 1_000_000)


@lru_cache(1000)
def _second(second: int) -> bytes:
    return datetime.fromtimestamp(second, UTC).replace(tzinfo=None).isoformat().encode()
