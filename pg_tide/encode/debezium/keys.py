"""The key of a record as Debezium has it: a struct of the primary key, or else the route's text."""

from collections.abc import Sequence

from pg_tide.encode.debezium.shape import Shape
from pg_tide.encode.debezium.table import Table
from pg_tide.encode.rows import PrimaryKey, Row
from pg_tide.exact_json import write
from pg_tide.message import Message, Route

_TEXT = b'{"schema":{"type":"string","optional":false},"payload":%b}'


def text_key(key: str | None, *, schemas: bool) -> bytes | None:
    """Return a key that is a text; with schemas as Connect's JsonConverter writes it."""
    if key is None:
        return None
    return _TEXT % write(key) if schemas else key.encode()


Rows = tuple[bytes | None, bytes | None]  # the old one and the new one
Key = tuple[bytes | None, bytes | None]  # as the record's key, and without a schema


class Keys:
    """Makes the keys of a pipeline's records."""

    def __init__(self, names: Sequence[str] | None, shape: Shape, *, schemas: bool) -> None:
        self._primary_key = PrimaryKey(names) if names else None
        self._shape = shape
        self._schemas = schemas

    def of(
        self, rows: Rows, message: Message, route: Route, table: Table
    ) -> tuple[Key, Key | None]:
        """Return the key of a change, and that of its old row if it was another.

        Raises MessageError where a row lacks a column of the primary key.
        """
        before, after = rows
        row = after or before
        if row is None:
            return (None, None), None
        if self._primary_key is None:
            return (text_key(route.key, schemas=self._schemas), None), None
        columns = self._primary_key.of_text(row, message)
        key, old = self._written(columns, message, table), None
        if before is not None and after is not None:
            old_columns = self._primary_key.of_text(before, message)
            if old_columns != columns:
                old = self._written(old_columns, message, table)
        return key, old

    def of_tombstone(self, message: Message, route: Route, table: Table) -> Key:
        """Return the key of a message without a row; MessageError where its own key has none."""
        if self._primary_key is None:
            return text_key(route.key, schemas=self._schemas), None
        return self._written(self._primary_key.of_tombstone(message), message, table)

    def _written(self, key: Row, message: Message, table: Table) -> Key:
        if self._shape.is_verbatim:
            text = write(key)
            return text, text
        shaped = self._shape.key(key, message)
        text = write(shaped.values)
        if not self._schemas:
            return text, text
        fields = self._shape.key_fields
        made = table.with_schema(("key", shaped.kinds), lambda: table.key(fields(shaped)), text)
        return made, text
