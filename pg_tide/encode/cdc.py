"""The wire format `cdc`: a plain change, both images of the row byte for byte as they are."""

from collections.abc import Callable
from functools import lru_cache

from pg_tide.config import PipelineConfig
from pg_tide.encode.keys import key_of, routed_key
from pg_tide.encode.published import published_at
from pg_tide.encode.rows import Change, change_of, is_tombstone
from pg_tide.exact_json import write
from pg_tide.message import Message, Record, Route

_WORDS = {"c": "insert", "u": "update", "d": "delete", "r": "snapshot", "t": "truncate"}


def encoder(
    config: PipelineConfig, _now: Callable[[], float]
) -> Callable[[Message, Route], tuple[Record, ...]]:
    """Return what encodes a message as a change; one that says nothing of a row is a tombstone.

    Calling it raises MessageError where the payload is no row.
    """
    of_row = key_of(config)
    value_of = _values(config)

    def encode(message: Message, route: Route) -> tuple[Record, ...]:
        timestamp_ms = message.published_at_us // 1000
        key, value = routed_key(route), None
        if message.payload is not None or not is_tombstone(message):
            change = change_of(message)
            value = value_of(message, change)
            row = change[2] or change[1]
            if of_row is not None and row is not None:
                key = of_row(row, message)
        record = Record(route.topic, key, value, route.headers, timestamp_ms, route.partition_by)
        return (record,)

    return encode


def _values(config: PipelineConfig) -> Callable[[Message, Change], bytes]:
    """Return what makes the values."""
    prefix, upper = config.wire_config.field_prefix, config.wire_config.op_case == "upper"
    op, table, at = (write(prefix + name) for name in ("op", "table", "committed_at"))
    words = {o: write(word.upper() if upper else word) for o, word in _WORDS.items()}
    form = b'{%b:%%b,%b:%%b,%b:"%%b","before":%%b,"after":%%b}' % tuple(
        name.replace(b"%", b"%%") for name in (op, table, at)
    )

    def value(message: Message, change: Change) -> bytes:
        op, before, after = change
        return form % (
            words[op],
            _name(message.source or message.outbox),
            published_at(message),
            before or b"null",
            after or b"null",
        )

    return value


@lru_cache(1000)
def _name(table: str) -> bytes:
    return write(table)
