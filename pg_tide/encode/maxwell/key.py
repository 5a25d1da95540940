"""Keys of Maxwell's records: `hash` and `array` as its daemon has them, and two plainer ones.

https://github.com/zendesk/maxwell/blob/v1.44.0/src/main/java/com/zendesk/maxwell/row/RowIdentity.java
"""

from collections.abc import Callable
from typing import Any

from pg_tide.exact_json import write

KeyOf = Callable[[str, str, dict[str, Any]], bytes]  # of a database, its table, the primary key


def _primary_key(_database: str, _table: str, primary_key: dict[str, Any]) -> bytes:
    return write(primary_key)


def _table_primary_key(database: str, table: str, primary_key: dict[str, Any]) -> bytes:
    return write({"database": database, "table": table, "primary_key": primary_key})


def _hash(database: str, table: str, primary_key: dict[str, Any]) -> bytes:
    columns = {f"pk.{name.lower()}": value for name, value in primary_key.items()}
    return write({"database": database, "table": table, **columns})


def _array(database: str, table: str, primary_key: dict[str, Any]) -> bytes:
    return write([database, table, [{name.lower(): v} for name, v in primary_key.items()]])


KEYS: dict[str, KeyOf] = {
    "primary_key": _primary_key,
    "table_primary_key": _table_primary_key,
    "hash": _hash,
    "array": _array,
}
