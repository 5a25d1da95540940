"""What all events of one table have in common: names, the source, schemas. Made once, kept."""

from collections.abc import Callable, Hashable

from pg_tide import __version__
from pg_tide.encode.debezium import connect
from pg_tide.encode.debezium.connect import INT64, STRING, Node, named, required
from pg_tide.exact_json import write

_REMEMBERED = 1000  # schemas: they change with the message where columns are not declared
_ALLOWED = "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"
_SNAPSHOT = {
    **connect.node("string", "io.debezium.data.Enum", parameters={"allowed": _ALLOWED}),
    "default": "false",
}
_STRING, _INT64 = required(STRING), required(INT64)
_SOURCE = required(
    connect.struct(
        [
            *(named(_STRING, name) for name in ("version", "connector", "name")),
            named(_INT64, "ts_ms"),
            named(_SNAPSHOT, "snapshot"),
            named(_STRING, "db"),
            named(STRING, "sequence"),
            *(named(INT64, name) for name in ("ts_us", "ts_ns")),
            *(named(_STRING, name) for name in ("schema", "table")),
            *(named(INT64, name) for name in ("txId", "lsn", "xmin")),
            named(STRING, "origin"),
            named(INT64, "origin_lsn"),
        ],
        "io.debezium.connector.postgresql.Source",
        1,
    )
)
_TRANSACTION = connect.struct(
    [named(_STRING, "id"), named(_INT64, "total_order"), named(_INT64, "data_collection_order")],
    "event.block",
    1,
)


class Table:
    """One table as the source of events. A name without a schema is of `public`."""

    def __init__(self, server: str, database: str, name: str) -> None:
        schema, dot, table = name.rpartition(".")
        source = {"server": server, "db": database, "schema": schema if dot else "public"}
        source["table"] = table
        self.topic = f"{server}.{source['schema']}.{table}"
        self._templates = {op: _template(op, source) for op in "cudrt"}
        self._schemas: dict[Hashable, bytes] = {}

    def event(self, op: str, before: bytes, after: bytes, at_us: int, handled_us: int) -> bytes:
        """Return an event of two rows that are JSON; times are in microseconds since 1970."""
        return self._templates[op] % (
            before,
            after,
            at_us // 1000,
            at_us,
            at_us * 1000,
            handled_us // 1000,
            handled_us,
            handled_us * 1000,
        )

    def with_schema(self, kinds: Hashable, schema: Callable[[], Node], payload: bytes) -> bytes:
        """Return a payload with its schema, which is made once for `kinds`."""
        text = self._schemas.get(kinds)
        if text is None:
            if len(self._schemas) >= _REMEMBERED:
                self._schemas.clear()
            text = self._schemas[kinds] = write(schema())
        return b'{"schema":%b,"payload":%b}' % (text, payload)

    def envelope(self, before: list[Node], after: list[Node]) -> Node:
        """Return the schema of an event, as its two rows are."""
        value = f"{self.topic}.Value"
        fields = [
            named(connect.struct(before, value), "before"),
            named(connect.struct(after, value), "after"),
            named(_SOURCE, "source"),
            named(_TRANSACTION, "transaction"),
            named(_STRING, "op"),
            *(named(INT64, name) for name in ("ts_ms", "ts_us", "ts_ns")),
        ]
        return required(connect.struct(fields, f"{self.topic}.Envelope", 2))

    def key(self, columns: list[Node]) -> Node:
        """Return the schema of a key of these columns."""
        return required(connect.struct(columns, f"{self.topic}.Key"))


def _template(op: str, source: dict[str, str]) -> bytes:
    """Return an event as a format, in which two rows are missing, and six times."""
    text = {name: write(value).replace(b"%", b"%%") for name, value in source.items()}
    return (
        b'{"before":%%b,"after":%%b,"source":{"version":%b,"connector":"postgresql","name":%b,'
        b'"ts_ms":%%d,"snapshot":"%b","db":%b,"sequence":null,"ts_us":%%d,"ts_ns":%%d,'
        b'"schema":%b,"table":%b,"txId":null,"lsn":null,"xmin":null,"origin":null,'
        b'"origin_lsn":null},"transaction":null,"op":"%b","ts_ms":%%d,"ts_us":%%d,"ts_ns":%%d}'
    ) % (
        write(__version__),
        text["server"],
        b"true" if op == "r" else b"false",
        text["db"],
        text["schema"],
        text["table"],
        op.encode(),
    )
