"""The value of Maxwell's records: its members in its order, the row's JSON in it as it is.

https://github.com/zendesk/maxwell/blob/v1.44.0/src/main/java/com/zendesk/maxwell/row/RowMap.java
"""

from collections.abc import Callable
from functools import lru_cache

from pg_tide.config import PipelineConfig
from pg_tide.encode.maxwell.old import old_of
from pg_tide.encode.rows import Change, Row
from pg_tide.exact_json import write
from pg_tide.message import Message

_TYPES = {"c": "insert", "u": "update", "d": "delete", "r": "bootstrap-insert"}
_UNKNOWN = b"{}"  # old values: Flink refuses an update without the member


class Value:
    """Makes values. `now` is in seconds since 1970: the time at which they are pushed.

    A message is a transaction of its own, its id is both the transaction and the position; what
    else only a binlog knows is null.
    """

    def __init__(
        self, config: PipelineConfig, columns: tuple[str, ...], now: Callable[[], float]
    ) -> None:
        wire = config.wire_config
        self._position = wire.output_binlog_position
        unknown = {
            "server_id": wire.output_server_id,
            "thread_id": wire.output_thread_id,
            "schema_id": wire.output_schema_id,
        }
        self._unknown = b"".join(
            b',"%b":null' % n.encode() for n, asked in unknown.items() if asked
        )
        self._now = now if wire.output_push_timestamp else None
        self._primary_key = wire.output_primary_keys
        self._columns = b""
        if wire.output_primary_key_columns:
            self._columns = b',"primary_key_columns":' + write(columns)
        self._old_of = old_of(wire.old_values, columns)

    def of(self, message: Message, place: tuple[str, str], change: Change, key: Row) -> bytes:
        """Return the value of a row's change in a database and table, with its primary key."""
        op, before, after = change
        value = b'%b%d%b,"data":%b' % (
            _head(place, op),
            message.published_at_us // 1_000_000,
            self._about(message, op, key),
            after or before or b"{}",
        )
        if op != "u" or after is None:
            return value + b"}"
        old = _UNKNOWN if before is None else self._old_of(before, after, message)
        return b'%b,"old":%b}' % (value, old)

    def _about(self, message: Message, op: str, key: Row) -> bytes:
        """Return the members between `ts` and `data`."""
        about = b',"xid":%d,"commit":true' % message.id if op != "r" else b""
        if self._position:
            about += b',"position":%b%d"' % (write(message.outbox + ":")[:-1], message.id)
        about += self._unknown
        if self._now:
            about += b',"push_ts":' + _decimal(self._now())
        if self._primary_key:
            about += b',"primary_key":' + (write(list(key.values())) if key else b"[]")
        return about + self._columns


@lru_cache(1000)
def _head(place: tuple[str, str], op: str) -> bytes:
    database, table = place
    return write({"database": database, "table": table, "type": _TYPES[op]})[:-1] + b',"ts":'


def _decimal(seconds: float) -> bytes:
    """Return seconds to the microsecond, as Java's BigDecimal has them: 7.5, and 7.0."""
    text = f"{seconds:.6f}".rstrip("0")
    return (text + "0" if text.endswith(".") else text).encode()
