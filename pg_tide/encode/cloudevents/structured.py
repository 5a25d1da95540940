"""Structured mode: the value is the event as JSON, with the payload's JSON in it as it is."""

from base64 import b64encode
from collections.abc import Callable

from pg_tide.encode.cloudevents.attributes import Remembered, Templates
from pg_tide.encode.cloudevents.content import Unclaimed, content_type, declares_json
from pg_tide.encode.keys import routed_key
from pg_tide.encode.published import published_at
from pg_tide.exact_json import write
from pg_tide.message import Message, Record, Route

_HEADER = ("content-type", b"application/cloudevents+json; charset=UTF-8")


def encoder(
    templates: Templates, datacontenttype: str
) -> Callable[[Message, Route], tuple[Record, ...]]:
    """Return what encodes a message as an event; without a payload, one without data."""
    as_json = declares_json(datacontenttype)

    def shared(message: Message) -> tuple[bytes, bytes]:
        head = write({"specversion": "1.0", "id": f"{message.outbox}:"})[:-2]
        of_data = content_type(datacontenttype, is_json=message.is_json)
        attributes = {**templates.shared(message), "datacontenttype": of_data}
        return head, write(attributes)[1:-1]

    remembered = Remembered(shared)
    unclaimed = Unclaimed()

    def encode(message: Message, route: Route) -> tuple[Record, ...]:
        head, attributes = remembered.of(message)
        own, subject = templates.own(message), templates.key_as_subject(message)
        value = b'%b%d",%b,"time":"%b"%b%b%b}' % (
            head,
            message.id,
            attributes,
            published_at(message),
            b',"subject":' + write(subject) if subject else b"",
            b"," + write(own)[1:-1] if own else b"",
            _data(message, as_json=as_json),
        )
        headers = [_HEADER, *unclaimed(route.headers)]
        timestamp_ms = message.published_at_us // 1000
        key = routed_key(route)
        return (Record(route.topic, key, value, headers, timestamp_ms, route.partition_by),)

    return encode


def _data(message: Message, *, as_json: bool) -> bytes:
    """Return the member with the data; by the JSON event format, 3.1.1."""
    payload = message.payload
    if payload is None:
        return b""
    if not message.is_json:
        return b',"data_base64":"%b"' % b64encode(payload)
    return b',"data":%b' % (payload if as_json else write(payload.decode()))
