"""The wire format `json_schema`: payloads as they are, once a JSON schema has found them right.

A derived schema is closed (`additionalProperties` false), for only then does a new optional
member leave it compatible. https://json-schema.org/draft-07
"""

import base64
from collections.abc import Callable
from typing import Any

import jsonschema_rs

from pg_tide.encode.misfit import MisfitError
from pg_tide.encode.shape import ArrayShape, ObjectShape, Shape
from pg_tide.exact_json import parse, write, write_text
from pg_tide.schemas import Kind

DRAFT = "http://json-schema.org/draft-07/schema#"
_SCALARS = ("boolean", "integer", "number", "string")


class JsonSchema:
    """JSON schemas: read, derived, and what looks payloads over by one."""

    kind: Kind = "JSON"
    widens = True

    def name_of(self, text: str) -> str:
        """Return the title of a schema; ValueError where it has none that a subject needs."""
        schema = parse(text)
        title = schema.get("title") if isinstance(schema, dict) else None
        return str(title or "")

    def writer(self, text: str, *, derived: bool = False) -> Callable[[Any, bytes], bytes]:
        """Return what looks the value of a payload over, and returns its text as it is."""
        schema = parse(text)
        if not isinstance(schema, dict | bool):
            raise ValueError("it is no JSON object")  # noqa: TRY004 - as all that is no schema
        try:
            validator = jsonschema_rs.validator_for(schema, retriever=_nothing_else)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            raise ValueError(str(error).splitlines()[0]) from None
        is_valid, validate = validator.is_valid, validator.validate

        def body(value: Any, payload: bytes) -> bytes:
            if not is_valid(value):
                try:
                    validate(value)
                except jsonschema_rs.ValidationError as error:
                    raise _misfit(error, derived=derived) from None
            return payload

        return body

    def embedded(self, text: str) -> Callable[[bytes], bytes]:
        """Return what puts the schema's URL into a payload, as its `$schema`."""
        schema = parse(text)
        name = schema.get("$id") if isinstance(schema, dict) else None
        if not isinstance(name, str):
            encoded = base64.b64encode(text.encode()).decode()
            name = f"data:application/schema+json;base64,{encoded}"
        first = b'{"$schema":%b' % write(name)

        def of_body(body: bytes) -> bytes:
            if body[:1] != b"{":
                raise MisfitError("must be an object, for its schema to stand in it")
            if b'"$schema"' in body and "$schema" in parse(body):
                raise MisfitError('has a "$schema" of its own')
            return first + (b"}" if body[1:].strip() == b"}" else b"," + body[1:])

        return of_body

    def derived(self, shape: Shape, name: str) -> str:
        """Return the schema of a shape; MisfitError where it is no object's."""
        if not isinstance(shape, ObjectShape):
            raise MisfitError("must be an object, for a schema to be derived")
        return write_text({"$schema": DRAFT, "title": name, **_object(shape), "type": "object"})

    def shape_of(self, text: str) -> Shape:
        """Return the shape that a schema was derived from; ValueError where it was not."""
        return _shape_of(parse(text))

    def decoded(self, _text: str, body: bytes) -> Any:
        """Return what a body says, to be shown."""
        return parse(body)


def _nothing_else(uri: str) -> Any:
    """Fetch nothing that a schema refers to: it would be asked for while messages wait."""
    raise ValueError(f"{uri} is not within it")


def _misfit(error: jsonschema_rs.ValidationError, *, derived: bool) -> MisfitError:
    words = error.message
    misfit = MisfitError(words if len(words) < 300 else words[:297] + "...", unknown=derived)
    for place in reversed(list(error.instance_path)):
        misfit.within(place)
    return misfit


def _object(shape: ObjectShape) -> dict[str, Any]:
    members = {name: _of(part) for name, part in shape.members.items()}
    return {"type": ["object", "null"], "properties": members, "additionalProperties": False}


def _of(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, ObjectShape):
        return _object(shape)
    if isinstance(shape, ArrayShape):
        return {"type": ["array", "null"], "items": _of(shape.items)}
    return {"type": "null"} if shape == "null" else {"type": [shape, "null"]}


def _shape_of(schema: Any) -> Shape:
    kinds = schema.get("type") if isinstance(schema, dict) else None
    kind = kinds[0] if isinstance(kinds, list) and kinds[1:] == ["null"] else kinds
    if kind == "object" and schema.get("additionalProperties") is False:
        members = schema.get("properties", {})
        return ObjectShape({name: _shape_of(part) for name, part in members.items()})
    if kind == "array":
        return ArrayShape(_shape_of(schema.get("items")))
    if kind == "null" or kind in _SCALARS:
        return kind  # type: ignore[no-any-return]
    raise ValueError("it was not derived from messages")
