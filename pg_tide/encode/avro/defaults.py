"""What stands in a record of Avro for a field that a payload does not have: its default's bytes."""

import io
from typing import Any

import fastavro


def default_bytes(schema: Any, default: Any, named: dict[str, Any]) -> bytes:
    """Return a default, as it stands in a schema's JSON, in Avro's binary form.

    The default of a union is of its first type; bytes are a string, a character each.
    """
    found = io.BytesIO()
    parsed = fastavro.parse_schema(schema, named_schemas=dict(named), _write_hint=False)
    fastavro.schemaless_writer(found, parsed, _datum(schema, default, named))
    return found.getvalue()


def _datum(schema: Any, default: Any, named: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return _datum(schema[0], default, named)
    if isinstance(schema, str):
        if schema in named:
            return _datum(named[schema], default, named)
        return default.encode("latin-1") if schema == "bytes" else default
    kind = schema["type"]
    if kind in ("record", "error"):
        fields = schema["fields"]
        return {
            field["name"]: _datum(
                field["type"], default.get(field["name"], field.get("default")), named
            )
            for field in fields
        }
    if kind == "array":
        return [_datum(schema["items"], part, named) for part in default]
    if kind == "map":
        return {name: _datum(schema["values"], part, named) for name, part in default.items()}
    return default.encode("latin-1") if kind in ("bytes", "fixed") else default
