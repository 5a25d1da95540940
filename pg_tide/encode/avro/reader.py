"""Schemas of Avro as texts, read by fastavro: with full names, and nothing wrong with them."""

import json
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException, UnknownType


def read_schema(text: str) -> tuple[Any, dict[str, Any]]:
    """Return a schema with full names, and its named types; ValueError where it is none."""
    named: dict[str, Any] = {}
    try:
        parsed = fastavro.parse_schema(json.loads(text), named_schemas=named, _write_hint=False)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from None
    except (SchemaParseException, UnknownType) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it lacks something: {error}") from None
    return parsed, named
