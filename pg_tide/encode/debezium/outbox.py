"""The wire format `debezium_outbox`: what Debezium's outbox event router makes of a row.

The row's columns are the message: id its dedup_key, aggregateid its key, type its header of that
name or its op, payload its payload, and every other column a header of the message.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pg_tide.config import PipelineConfig
from pg_tide.config.placements import Placement, placement_of
from pg_tide.encode import native
from pg_tide.encode.debezium import connect
from pg_tide.encode.debezium.headers import context_headers
from pg_tide.encode.debezium.keys import text_key
from pg_tide.exact_json import number_text, write
from pg_tide.message import Headers, Message, Record, Route
from pg_tide.payload import parse_payload

Encode = Callable[[Message, Route], tuple[Record, ...]]

_SCHEMA = write(connect.JSON)
_INT32 = range(-(2**31), 2**31)


class MixedError(ValueError):
    """An array has elements of different types, for which Connect has no type."""


def encoder(config: PipelineConfig, _now: Callable[[], float]) -> Encode:
    """Return the encoder of a pipeline; ValueError where its options exclude each other."""
    return OutboxRouter(config)


class OutboxRouter:
    """Makes the record of one message after the other."""

    def __init__(self, config: PipelineConfig) -> None:
        options = config.wire_config
        placements = [placement_of(text) for text in options.placement]
        self._headers = [place for place in placements if not place.in_envelope]
        self._envelope = [place for place in placements if place.in_envelope]
        if self._envelope and options.schemas:
            raise ValueError("wire_config.placement: an envelope needs wire_config.schemas false")
        self._columns = {"type", "aggregatetype", *(place.field for place in placements)}
        self._options = options
        self._is_json = options.schemas or options.expand_json_payload or bool(self._envelope)
        self._context = context_headers(options.server_name) if options.extended_headers else []

    def __call__(self, message: Message, route: Route) -> tuple[Record, ...]:
        """Return the record of a message; MessageError for bytes where the value is JSON."""
        return (
            Record(
                route.topic,
                text_key(route.key, schemas=self._options.schemas),
                self._value(message, route),
                self._all_headers(message, route),
                message.published_at_us // 1000,
                route.partition_by,
            ),
        )

    def _all_headers(self, message: Message, route: Route) -> Headers:
        identity = message.dedup_key or f"{message.outbox}:{message.id}"
        headers = [*self._context, ("id", identity.encode())]
        for place in self._headers:
            value = _column(place, message)
            headers.append((place.name, None if value is None else value.encode()))
        if not message.headers:
            return headers + route.headers
        columns = self._columns & message.headers.keys()
        return headers + [header for header in route.headers if header[0] not in columns]

    def _value(self, message: Message, route: Route) -> bytes | None:
        payload = message.payload
        if not self._is_json or (payload is None and self._options.tombstone_on_empty_payload):
            return payload
        native.encode(message, route)  # which refuses bytes
        if self._options.expand_json_payload:
            text = b"null" if payload is None else expanded(message, payload)
        else:
            text = write(None if payload is None else payload.decode())
        if self._envelope:
            placed = {place.name: _column(place, message) for place in self._envelope}
            return b'{"payload":%b,%b' % (text, write(placed)[1:])
        if self._options.schemas:
            return b'{"schema":%b,"payload":%b}' % (_SCHEMA, text)
        return text


def _column(place: Placement, message: Message) -> str | None:
    headers = message.headers or {}
    if place.field == "type":
        return str(headers.get("type", message.op))
    return headers.get(place.field)


def expanded(message: Message, payload: bytes) -> bytes:
    """Return a payload as Debezium expands it; as a text of JSON where it can not.

    Fractions end with no zero. Debezium rounds them to doubles, this does not.
    """
    value = parse_payload(message, "encode")
    if isinstance(value, dict | list):
        try:
            return write(_expanded(value))
        except MixedError:
            pass
    return write(payload.decode())


def _expanded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _expanded(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        if len({_kind(part) for part in value if part is not None}) > 1:
            raise MixedError
        return [_expanded(part) for part in value]
    return _shortened(value) if isinstance(value, Decimal) else value


def _shortened(number: Decimal) -> Decimal:
    """Return the same number without zeros at its end, but one digit behind the point."""
    text = number_text(number)
    return (
        Decimal(text.rstrip("0") + "0" * text.rstrip("0").endswith(".")) if "." in text else number
    )


def _kind(value: Any) -> object:
    is_long = isinstance(value, int) and not isinstance(value, bool) and value not in _INT32
    return "long" if is_long else type(value)
