"""Schemas of Avro from shapes of payloads, and back: the names, and what each shape becomes."""

import re
from typing import Any

from pg_tide.encode.misfit import MisfitError
from pg_tide.encode.reading import NUMBER
from pg_tide.encode.shape import ArrayShape, ObjectShape, Scalar, Shape

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPES: dict[Scalar, str] = {"boolean": "boolean", "integer": "long", "string": "string"}
_SHAPES: dict[str, Shape] = {
    "boolean": "boolean",
    "long": "integer",
    "double": "number",
    "string": "string",
}


def schema_of(shape: Shape, name: str, fractions: str) -> dict[str, Any]:
    """Return the schema of an object; `name` is its full name.

    Every field may be null or absent; those that were only ever null are left out. Raises
    MisfitError where a member has a name that Avro does not take.
    """
    if not isinstance(shape, ObjectShape):
        raise MisfitError("must be an object, for a schema to be derived")
    space, _, own = name.rpartition(".")
    schema: dict[str, Any] = {"type": "record", "name": own}
    if space:
        schema["namespace"] = space
    schema["fields"] = [
        {
            "name": field,
            "type": ["null", _type(part, f"{name}.{field}", fractions)],
            "default": None,
        }
        for field, part in shape.members.items()
        if part != "null" and _named(field)
    ]
    return schema


def _named(field: str) -> bool:
    if _NAME.fullmatch(field):
        return True
    raise MisfitError("is no name in Avro; rename it with transform.payload").within(field)


def _type(shape: Shape, name: str, fractions: str) -> Any:
    if isinstance(shape, ArrayShape):
        if shape.items == "null":
            return {"type": "array", "items": "null"}
        return {"type": "array", "items": ["null", _type(shape.items, name, fractions)]}
    if isinstance(shape, ObjectShape):
        try:
            return schema_of(shape, name, fractions)
        except MisfitError as error:
            raise error.within(name.rpartition(".")[2]) from None
    if shape == "number":
        return "double" if fractions == "double" else {"type": "string", NUMBER: True}
    return _TYPES[shape]


def shape_of(schema: Any) -> Shape:
    """Return the shape that a schema was derived from; ValueError where it is another's."""
    if isinstance(schema, dict):
        if schema.get("type") == "record":
            return ObjectShape({f["name"]: _optional(f["type"]) for f in schema["fields"]})
        if schema.get("type") == "array":
            items = schema["items"]
            return ArrayShape("null" if items == "null" else _optional(items))
        if schema.get("type") == "string" and schema.get(NUMBER) is True:
            return "number"
    if isinstance(schema, str) and schema in _SHAPES:
        return _SHAPES[schema]
    raise ValueError("it was not derived from messages")


def _optional(schema: Any) -> Shape:
    if isinstance(schema, list) and len(schema) == 2 and schema[0] == "null":
        return shape_of(schema[1])
    raise ValueError("it was not derived from messages")
