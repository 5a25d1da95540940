"""The wire format `kv`: the row as it is now, under its primary key; a deleted one is a tombstone.

What remains of a compacted topic is the table. Where an update gives a row another key, the old
key gets its tombstone first.
"""

from collections.abc import Callable

from pg_tide.config import PipelineConfig
from pg_tide.encode.keys import key_of, routed_key
from pg_tide.encode.rows import change_of, is_tombstone, op_refused
from pg_tide.errors import MessageError
from pg_tide.message import Message, Record, Route


def encoder(
    config: PipelineConfig, _now: Callable[[], float]
) -> Callable[[Message, Route], tuple[Record, ...]]:
    """Return what encodes a message as the row that it leaves, or as a tombstone.

    Calling it raises MessageError where the payload is no row, or a row has no key.
    """
    of_row = key_of(config)

    def encode(message: Message, route: Route) -> tuple[Record, ...]:
        if message.payload is None and is_tombstone(message):
            return (_record(message, route, _routed(message, route), None),)
        _, before, after = change_of(message)
        row = before if after is None else after
        if row is None:
            raise op_refused(message, "is none that wire_format kv can tell")
        if of_row is None:
            return (_record(message, route, _routed(message, route), after),)
        key = of_row(row, message)
        record = _record(message, route, key, after)
        if before is not None and after is not None and (old := of_row(before, message)) != key:
            return (_record(message, route, old, None), record)
        return (record,)

    return encode


def _record(message: Message, route: Route, key: bytes, value: bytes | None) -> Record:
    timestamp_ms = message.published_at_us // 1000
    return Record(route.topic, key, value, route.headers, timestamp_ms, route.partition_by)


def _routed(message: Message, route: Route) -> bytes:
    key = routed_key(route)
    if key is None:
        raise MessageError(
            f"message {message.id} has no key, and wire_format kv goes by keys",
            stage="encode",
            reason="primary_key_missing",
            hint="Name its columns in wire_config.primary_keys, or publish it with a key.",
        )
    return key
