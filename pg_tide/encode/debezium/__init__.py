"""The wire format `debezium`: Debezium's change envelope around the row that was published.

Records are those of Debezium's PostgreSQL connector, member for member. A delete is two records,
a change of the primary key three.
"""

from collections.abc import Callable

from pg_tide.config import PipelineConfig
from pg_tide.config.columns import declared_column
from pg_tide.encode.debezium.columns import Handling
from pg_tide.encode.debezium.headers import NEW_KEY, OLD_KEY, context_headers
from pg_tide.encode.debezium.keys import Keys
from pg_tide.encode.debezium.shape import Kinds, Shape
from pg_tide.encode.debezium.table import Table
from pg_tide.encode.rows import change_of, is_tombstone, row_of
from pg_tide.exact_json import write
from pg_tide.message import Headers, Message, Record, Route

Encode = Callable[[Message, Route], tuple[Record, ...]]
Written = tuple[bytes, Kinds | None]  # a row, and what its schema depends on; None for no row

Moved = tuple[bytes | None, bytes, Headers]  # the key, the event, and the other key as a header

_NONE: Written = b"null", None
_UPDATES = {"create": "c", "read": "r", "null_before": "u"}


def encoder(config: PipelineConfig, now: Callable[[], float]) -> Encode:
    """Return the encoder of a pipeline; ValueError where a column's default does not fit it."""
    return Debezium(config, now)


class Debezium:
    """Makes the records of one message after the other."""

    def __init__(self, config: PipelineConfig, now: Callable[[], float]) -> None:
        options = config.wire_config
        handling = Handling(options.decimal_handling, options.time_precision)
        columns = [handling.column(declared_column(text)) for text in options.columns or ()]
        self._options = options
        self._shape = Shape(columns, handling, schemas=options.schemas)
        self._keys = Keys(options.primary_keys, self._shape, schemas=options.schemas)
        self._update = _UPDATES[options.update_without_before]
        self._context = context_headers(options.server_name) if options.extended_headers else []
        self._now = now
        self._tables: dict[str | None, Table] = {}

    def __call__(self, message: Message, route: Route) -> tuple[Record, ...]:
        """Return the records of a message; MessageError where it is no change of a row."""
        table = self._tables.get(message.source) or self._table(message)
        if is_tombstone(message):
            key, _ = self._keys.of_tombstone(message, route, table)
            return (self._record(message, route, key, None),)
        op, before, after = change_of(message)
        if op == "u" and before is None:
            op = self._update
        rows = self._written(before, message), self._written(after, message)
        (key, plain), old = self._keys.of((before, after), message, route, table)
        if old is not None:
            gone = self._event(message, table, "d", (rows[0], _NONE))
            made = self._event(message, table, "c", (_NONE, rows[1]))
            to, of = [(NEW_KEY, plain)], [(OLD_KEY, old[1])]
            return self._moved(message, route, (old[0], gone, to), (key, made, of))
        event = self._record(message, route, key, self._event(message, table, op, rows))
        if op == "d" and self._options.tombstones:
            return event, self._record(message, route, key, None)
        return (event,)

    def _moved(
        self, message: Message, route: Route, gone: Moved, made: Moved
    ) -> tuple[Record, ...]:
        """Return a change of the primary key: the old row is deleted, the new one created."""
        records = [self._record(message, route, *gone)]
        if self._options.tombstones:
            key, _, headers = gone
            records.append(self._record(message, route, key, None, headers))
        return *records, self._record(message, route, *made)

    def _record(
        self,
        message: Message,
        route: Route,
        key: bytes | None,
        value: bytes | None,
        first: Headers | None = None,
    ) -> Record:
        headers = self._context + route.headers
        return Record(
            route.topic,
            key,
            value,
            first + headers if first else headers,
            message.published_at_us // 1000,
            route.partition_by,
        )

    def _table(self, message: Message) -> Table:
        options = self._options
        name = options.table or message.source or f"tide.{message.outbox}"
        table = Table(options.server_name, options.database, name)
        return self._tables.setdefault(message.source, table)

    def _written(self, row: bytes | None, message: Message) -> Written:
        if row is None:
            return _NONE
        if self._shape.is_verbatim:
            return row, ()
        shaped = self._shape.row(row_of(row, message), message)
        return write(shaped.values), shaped.kinds

    def _event(
        self, message: Message, table: Table, op: str, rows: tuple[Written, Written]
    ) -> bytes:
        (before, old), (after, new) = rows
        handled_us = int(self._now() * 1_000_000)
        event = table.event(op, before, after, message.published_at_us, handled_us)
        if not self._options.schemas:
            return event
        # No row has the type of the other one.
        kinds = (
            (old or (), new or ())
            if old is not None and new is not None
            else (old or new or (),) * 2
        )
        fields = self._shape.fields
        return table.with_schema(
            kinds, lambda: table.envelope(fields(kinds[0]), fields(kinds[1])), event
        )
