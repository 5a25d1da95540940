"""The wire format `maxwell`: what Maxwell's daemon writes of a change to a row."""

from collections.abc import Callable
from functools import lru_cache

from pg_tide.config import PipelineConfig
from pg_tide.encode.keys import routed_key
from pg_tide.encode.maxwell.key import KEYS
from pg_tide.encode.maxwell.value import Value
from pg_tide.encode.maxwell.zone import Zone
from pg_tide.encode.rows import PrimaryKey, change_of, is_tombstone, op_refused
from pg_tide.message import Message, Record, Route

_DATABASE = "public"  # of what is no captured table


def encoder(
    config: PipelineConfig, now: Callable[[], float]
) -> Callable[[Message, Route], tuple[Record, ...]]:
    """Return what encodes a message as a change; one that says nothing of a row is a tombstone.

    Its key is made of `wire_config.primary_keys`, if given. Calling it raises MessageError where
    the payload is no row, or lacks a column of the key. Raises ValueError for a zone that there
    is not.
    """
    columns = config.wire_config.primary_keys or ()
    primary_key = PrimaryKey(columns)
    make_key = KEYS[config.wire_config.key_format]
    zone = Zone.of(config)
    value = Value(config, columns, now)

    def encode(message: Message, route: Route) -> tuple[Record, ...]:
        if message.payload is None and is_tombstone(message):
            return (_record(message, route, routed_key(route), None),)
        op, before, after = change_of(message)
        if zone is not None:
            before, after = zone.moved(before, message), zone.moved(after, message)
        row = after or before
        if row is None:
            raise op_refused(message, "is none that wire_format maxwell can tell")
        found = primary_key.of_text(row, message) if columns else {}
        place = _place(message.source or message.outbox)
        key = make_key(*place, found) if columns else routed_key(route)
        return (_record(message, route, key, value.of(message, place, (op, before, after), found)),)

    return encode


def _record(message: Message, route: Route, key: bytes | None, value: bytes | None) -> Record:
    timestamp_ms = message.published_at_us // 1000
    return Record(route.topic, key, value, route.headers, timestamp_ms, route.partition_by)


@lru_cache(1000)
def _place(name: str) -> tuple[str, str]:
    """Return database and table: the schema and name of a captured table, or the outbox."""
    schema, dot, table = name.partition(".")
    return (schema, table) if dot else (_DATABASE, schema)
