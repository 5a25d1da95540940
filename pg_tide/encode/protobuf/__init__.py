"""The wire format `protobuf`: payloads as messages of Protobuf, by the text of a .proto file.

The payload is the first message type of the file. Registered is the text: consumers in JavaScript
can not read descriptors.
"""

from collections.abc import Callable
from typing import Any

from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.message import Message

from pg_tide.encode.protobuf.compiling import compiled, descriptors
from pg_tide.encode.protobuf.filling import Filler
from pg_tide.encode.protobuf.naming import shape_of, text_of
from pg_tide.encode.shape import Shape
from pg_tide.schemas import Kind

__all__ = ["Protobuf"]

_FIRST = b"\0"  # the list of indexes [0], which Confluent writes so: the first message type


class Protobuf:
    """Schemas of Protobuf: read, derived, and what writes by one."""

    kind: Kind = "PROTOBUF"
    widens = False

    def __init__(self, *, drop: bool = False) -> None:
        self._drop = drop

    def name_of(self, text: str) -> str:
        """Return the full name of the first message type; ValueError where there is none."""
        return str(_type_of(text).DESCRIPTOR.full_name)

    def writer(self, text: str, *, derived: bool = False) -> Callable[[Any, bytes], bytes]:
        """Return what writes the value of a payload; that raises MisfitError."""
        make = _type_of(text)
        filler = Filler(drop=self._drop, loose=derived)

        def body(value: Any, _payload: bytes) -> bytes:
            message = make()
            filler.fill(message, value)
            return _FIRST + message.SerializeToString(deterministic=True)

        return body

    def embedded(self, text: str) -> Callable[[bytes], bytes]:
        """Return what makes a message of the schema's descriptors, its type's name and a body."""
        made = _embedding()
        record = made(schema=compiled(text), type_name=self.name_of(text))
        start = record.SerializeToString(deterministic=True)

        def of_body(body: bytes) -> bytes:
            rest = made(message=body[len(_FIRST) :])
            return bytes(start + rest.SerializeToString(deterministic=True))

        return of_body

    def derived(self, shape: Shape, name: str) -> str:
        """Return the schema of a shape; MisfitError where it has none."""
        return text_of(shape, name)

    def shape_of(self, text: str) -> Shape:
        """Return the shape that a schema was derived from; ValueError where it was not."""
        return shape_of(_type_of(text).DESCRIPTOR)

    def decoded(self, text: str, body: bytes) -> Any:
        """Return what a body says, to be shown."""
        message = _type_of(text).FromString(body.removeprefix(_FIRST))
        return json_format.MessageToDict(message, preserving_proto_field_name=True)


def _type_of(text: str) -> type[Message]:
    """Return the class of the first message type; ValueError where there is none."""
    files = descriptors(text).file
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.Add(file)
    own = files[-1]
    if not own.message_type:
        raise ValueError("it has no message type")
    name = ".".join(filter(None, (own.package, own.message_type[0].name)))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def _embedding() -> Any:
    """Return the type of records that have their schema in them: docs/how-to has its text."""
    field = FieldDescriptorProto
    kinds = (("schema", field.TYPE_BYTES), ("type_name", field.TYPE_STRING))
    fields = [
        field(name=name, number=number, type=kind, label=field.LABEL_OPTIONAL)
        for number, (name, kind) in enumerate((*kinds, ("message", field.TYPE_BYTES)), 1)
    ]
    file = FileDescriptorProto(
        name="pg_tide/self_contained.proto",
        package="pg_tide",
        syntax="proto3",
        message_type=[DescriptorProto(name="SelfContained", field=fields)],
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("pg_tide.SelfContained"))
