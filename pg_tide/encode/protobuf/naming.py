"""Schemas of Protobuf from shapes of payloads, as the text of a .proto file, and back.

The number of a field is its place: members keep theirs, and new ones come behind.
"""

import re
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from pg_tide.encode.misfit import MisfitError
from pg_tide.encode.shape import ArrayShape, ObjectShape, Scalar, Shape

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TYPES: dict[Scalar, str] = {"boolean": "bool", "integer": "int64", "string": "string"}
_SHAPES: dict[int, Shape] = {
    FieldDescriptor.TYPE_BOOL: "boolean",
    FieldDescriptor.TYPE_INT64: "integer",
    FieldDescriptor.TYPE_DOUBLE: "number",
    FieldDescriptor.TYPE_STRING: "string",
}


def text_of(shape: Shape, name: str) -> str:
    """Return the text of a schema; MisfitError where a shape or a name can not be.

    What was only ever null, or an empty array, has no field.
    """
    if not isinstance(shape, ObjectShape):
        raise MisfitError("must be an object, for a schema to be derived")
    package, _, own = name.rpartition(".")
    lines = ['syntax = "proto3";', *([f"package {package};"] if package else [])]
    return "\n".join([*lines, *_message(shape, _type_name(own), "")]) + "\n"


def _message(shape: ObjectShape, name: str, indent: str) -> list[str]:
    lines = [f"{indent}message {name} {{"]
    number = 0
    for field, part in shape.members.items():
        inner = part.items if isinstance(part, ArrayShape) else part
        if inner == "null":
            continue
        if not _NAME.fullmatch(field):
            raise _unfit("is no name in Protobuf; rename it with transform.payload", field)
        number += 1
        kind = _type_name(field)
        if isinstance(inner, ObjectShape):
            try:
                lines += _message(inner, kind, indent + "  ")
            except MisfitError as error:
                raise error.within(field) from None
        elif isinstance(inner, ArrayShape):
            raise _unfit("is an array of arrays, which Protobuf does not have", field)
        else:
            kind = _TYPES.get(inner, "double")
        label = "repeated" if isinstance(part, ArrayShape) else "optional"
        lines.append(f"{indent}  {label} {kind} {field} = {number};")
    return [*lines, f"{indent}}}"]


def _unfit(words: str, field: str) -> MisfitError:
    return MisfitError(words).within(field)


def _type_name(field: str) -> str:
    """Return the name of a nested type; a field may not have the name of its own type."""
    return "".join(part[:1].upper() + part[1:] for part in field.split("_")) or "Message"


def shape_of(descriptor: Any) -> Shape:
    """Return the shape that a type was derived from; ValueError where it is another's."""
    members = {field.name: _shape_of_field(field) for field in _in_order(descriptor)}
    return ObjectShape(members)


def _in_order(descriptor: Any) -> list[Any]:
    fields = sorted(descriptor.fields, key=lambda field: field.number)
    if [field.number for field in fields] != list(range(1, len(fields) + 1)):
        raise ValueError("it was not derived from messages: numbers of fields are missing")
    return fields


def _shape_of_field(field: Any) -> Shape:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        if field.message_type.containing_type is None:
            raise ValueError("it was not derived from messages")
        inner = shape_of(field.message_type)
    elif field.type in _SHAPES:
        inner = _SHAPES[field.type]
    else:
        raise ValueError("it was not derived from messages")
    return ArrayShape(inner) if field.is_repeated else inner
