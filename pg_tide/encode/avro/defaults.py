"""What stands in a record of Avro for a field that a payload does not have: its default's bytes.

https://avro.apache.org/docs/1.12.0/specification/#schema-record
"""

from typing import Any

from pg_tide.encode.avro.leaves import PRIMITIVES, long_bytes
from pg_tide.encode.misfit import MisfitError


def default_bytes(schema: Any, default: Any, named: dict[str, Any]) -> bytes:
    """Return a default, as it stands in a schema's JSON, in Avro's binary form.

    The default of a union is of its first type; bytes are a string, a character each. Raises
    ValueError where it is of another type.
    """
    try:
        return _bytes(schema, default, named)
    except (MisfitError, KeyError, TypeError, AttributeError, UnicodeError) as error:
        raise ValueError(f"a default does not fit its type: {default!r}") from error


def _bytes(schema: Any, default: Any, named: dict[str, Any]) -> bytes:
    if isinstance(schema, list):
        return long_bytes(0) + _bytes(schema[0], default, named)
    if isinstance(schema, str):
        return _bytes(named[schema], default, named) if schema in named else _leaf(schema, default)
    match schema["type"]:
        case "record" | "error":
            found = b"".join(
                _bytes(field["type"], default.get(field["name"], field.get("default")), named)
                for field in schema["fields"]
            )
        case "array":
            found = b"".join(_bytes(schema["items"], part, named) for part in default)
            found = (long_bytes(len(default)) if default else b"") + found + b"\0"
        case "map":
            parts = (
                _leaf("string", name) + _bytes(schema["values"], part, named)
                for name, part in default.items()
            )
            found = (long_bytes(len(default)) if default else b"") + b"".join(parts) + b"\0"
        case "enum":
            found = long_bytes(schema["symbols"].index(default))
        case "fixed":
            found = default.encode("latin-1")
        case kind:
            found = _bytes(kind, default, named)
    return found


def _leaf(kind: str, default: Any) -> bytes:
    if kind == "bytes":
        raw: bytes = default.encode("latin-1")
        return long_bytes(len(raw)) + raw
    found: list[bytes] = []
    PRIMITIVES[kind](default, found.append)
    return b"".join(found)
