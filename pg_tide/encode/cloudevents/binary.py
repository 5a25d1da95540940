"""Binary mode: the value is the payload as it is, the attributes are headers."""

from collections.abc import Callable

from pg_tide.encode.cloudevents.attributes import Remembered, Templates
from pg_tide.encode.cloudevents.content import Unclaimed, content_type
from pg_tide.encode.keys import routed_key
from pg_tide.encode.published import published_at
from pg_tide.message import Headers, Message, Record, Route


def encoder(
    templates: Templates, datacontenttype: str
) -> Callable[[Message, Route], tuple[Record, ...]]:
    """Return what encodes a message as an event; without a payload it is a tombstone."""

    def shared(message: Message) -> tuple[Headers, bytes]:
        of_data = content_type(datacontenttype, is_json=message.is_json)
        first = [("content-type", of_data.encode()), ("ce_specversion", b"1.0")]
        return [*first, *_headers(templates.shared(message))], message.outbox.encode()

    remembered = Remembered(shared)
    unclaimed = Unclaimed()

    def encode(message: Message, route: Route) -> tuple[Record, ...]:
        shared_headers, outbox = remembered.of(message)
        headers = [
            *shared_headers,
            ("ce_id", b"%b:%d" % (outbox, message.id)),
            ("ce_time", published_at(message)),
        ]
        if subject := templates.key_as_subject(message):
            headers.append(("ce_subject", subject.encode()))
        if own := templates.own(message):
            headers += _headers(own)
        headers += unclaimed(route.headers)
        timestamp_ms = message.published_at_us // 1000
        key = routed_key(route)
        value = message.payload
        return (Record(route.topic, key, value, headers, timestamp_ms, route.partition_by),)

    return encode


def _headers(attributes: dict[str, str]) -> Headers:
    return [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
