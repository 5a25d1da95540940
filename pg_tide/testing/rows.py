"""Messages in the form in which PostgreSQL gives them."""

from collections.abc import Sequence

import orjson

from pg_tide.message import Message, Rows


def rows_of(messages: Sequence[Message]) -> Rows:
    """Messages of one outbox as rows of a page."""
    outbox = messages[0].outbox if messages else ""
    return Rows(outbox, [_row(message) for message in messages])


def _row(one: Message) -> tuple[object, ...]:
    headers = None if one.headers is None else orjson.dumps(one.headers).decode()
    known = (one.id, one.source, one.op, one.key, one.dedup_key, headers)
    return (*known, one.payload, one.is_json, one.before, one.published_at_us)
