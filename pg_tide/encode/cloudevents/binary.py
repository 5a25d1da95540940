"""Binary mode: the value is the payload as it is, the attributes are headers."""

from collections.abc import Callable

from pg_tide.encode.cloudevents.attributes import Remembered, Templates
from pg_tide.encode.cloudevents.content import content_type, others
from pg_tide.encode.keys import routed_key
from pg_tide.encode.published import published_at
from pg_tide.message import Headers, Message, Record, Route


def encoder(
    templates: Templates, datacontenttype: str
) -> Callable[[Message, Route], tuple[Record, ...]]:
    """Return what encodes a message as an event; without a payload it is a tombstone."""
    json, binary = (
        ("content-type", content_type(datacontenttype, is_json=is_json).encode())
        for is_json in (True, False)
    )

    def shared(message: Message) -> Headers:
        return [("ce_specversion", b"1.0"), *_headers(templates.shared(message))]

    remembered = Remembered(shared)

    def encode(message: Message, route: Route) -> tuple[Record, ...]:
        headers = [
            json if message.is_json else binary,
            *remembered.of(message),
            ("ce_id", f"{message.outbox}:{message.id}".encode()),
            ("ce_time", published_at(message)),
        ]
        if own := templates.own(message):
            headers += _headers(own)
        headers += others(route.headers)
        timestamp_ms = message.published_at_us // 1000
        key = routed_key(route)
        value = message.payload
        return (Record(route.topic, key, value, headers, timestamp_ms, route.partition_by),)

    return encode


def _headers(attributes: dict[str, str]) -> Headers:
    return [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
