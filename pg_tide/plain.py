"""The pure stages in one step, where no message has to be looked into. Pure.

What comes out is what transform, route and encode make of each message, for a third of the time.
"""

from collections.abc import Sequence

from pg_tide.config import PipelineConfig
from pg_tide.message import Message, Record, Records
from pg_tide.route import Router


def is_plain(config: PipelineConfig) -> bool:
    """Whether messages may go as they are: the payload is the value, and its time the record's."""
    transform = config.transform
    changes = transform.filter is not None or transform.payload is not None
    as_published = config.record_timestamp == "published"
    return config.wire_format == "native" and as_published and not changes


def plain_records(messages: Sequence[Message], route: Router) -> Records | None:
    """The records of such messages; None where their way depends on what is in them."""
    topic = route.topic_of_all(messages)
    if topic is None:
        return None
    all_headers = route.headers_of_all(messages)
    return [
        (
            Record(
                topic,
                None if message.key is None else message.key.encode(),
                message.payload,
                headers,
                message.published_at_us // 1000,
            ),
        )
        for message, headers in zip(messages, all_headers, strict=True)
    ]
