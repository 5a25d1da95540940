"""JSON values into messages of Protobuf, as its JSON mapping has it; what does not fit is refused.

https://protobuf.dev/programming-guides/json/
"""

from decimal import Decimal
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from pg_tide.encode.misfit import MisfitError, not_a
from pg_tide.encode.scalars import bytes_of, double_of, float_of

_F = FieldDescriptor
_INTEGERS = {
    _F.CPPTYPE_INT32: range(-(2**31), 2**31),
    _F.CPPTYPE_UINT32: range(2**32),
    _F.CPPTYPE_INT64: range(-(2**63), 2**63),
    _F.CPPTYPE_UINT64: range(2**64),
}


class Filler:
    """Fills messages of one type; `drop`: members that it lacks are left out.

    `loose`: those that it lacks may be there as null, or as an empty array.
    """

    def __init__(self, *, drop: bool = False, loose: bool = False) -> None:
        self._drop = drop
        self._loose = loose

    def fill(self, message: Message, value: Any) -> None:
        """Set the fields of a message; raises MisfitError. A null leaves a field unset."""
        descriptor = message.DESCRIPTOR
        if descriptor.full_name.startswith("google.protobuf."):
            _well_known(message, value)
            return
        if type(value) is not dict:
            raise not_a("an object", value)
        for name, part in value.items():
            field = descriptor.fields_by_name.get(name) or _by_json_name(descriptor, name)
            try:
                if field is None:
                    self._unknown(part)
                elif part is not None:
                    self._set(message, field, part)
            except MisfitError as error:
                raise error.within(name) from None

    def _unknown(self, part: Any) -> None:
        if not (self._drop or (self._loose and part in (None, []))):
            raise MisfitError("is not in the schema", unknown=True)

    def _set(self, message: Message, field: Any, value: Any) -> None:
        is_message = field.cpp_type == _F.CPPTYPE_MESSAGE
        if is_message and field.message_type.GetOptions().map_entry:
            self._set_map(getattr(message, field.name), field, value)
        elif field.is_repeated:
            self._extend(getattr(message, field.name), field, value)
        elif is_message:
            part = getattr(message, field.name)
            part.SetInParent()
            self.fill(part, value)
        else:
            setattr(message, field.name, scalar(field, value))

    def _extend(self, repeated: Any, field: Any, value: Any) -> None:
        if type(value) is not list:
            raise not_a("an array", value)
        for place, item in enumerate(value):
            try:
                if field.cpp_type == _F.CPPTYPE_MESSAGE:
                    self.fill(repeated.add(), _not_null(item))
                else:
                    repeated.append(scalar(field, _not_null(item)))
            except MisfitError as error:
                raise error.within(place) from None

    def _set_map(self, entries: Any, field: Any, value: Any) -> None:
        if type(value) is not dict:
            raise not_a("an object", value)
        key_field = field.message_type.fields_by_name["key"]
        value_field = field.message_type.fields_by_name["value"]
        for name, part in value.items():
            try:
                key = _map_key(key_field, name)
                if value_field.cpp_type == _F.CPPTYPE_MESSAGE:
                    entries[key].SetInParent()
                    self.fill(entries[key], part)
                else:
                    entries[key] = scalar(value_field, part)
            except MisfitError as error:
                raise error.within(name) from None


def _not_null(item: Any) -> Any:
    if item is None:
        raise MisfitError("is null, which no element of a repeated field can be")
    return item


def _by_json_name(descriptor: Any, name: str) -> Any:
    return next((field for field in descriptor.fields if field.json_name == name), None)


def scalar(field: Any, value: Any) -> Any:
    """Return a value as a field takes it; raises MisfitError."""
    kind = field.cpp_type
    if kind in _INTEGERS:
        return _integer(value, _INTEGERS[kind])
    if kind == _F.CPPTYPE_DOUBLE:
        return double_of(value)
    if kind == _F.CPPTYPE_FLOAT:
        return float_of(value)
    if kind == _F.CPPTYPE_ENUM:
        return _enum(field, value)
    if kind == _F.CPPTYPE_BOOL:
        if type(value) is not bool:
            raise not_a("true or false", value)
        return value
    return bytes_of(value) if field.type == _F.TYPE_BYTES else _text(value)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise not_a("a string", value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise MisfitError("has characters that no text in UTF-8 can hold") from None
    return value


def _integer(value: Any, limits: range) -> int:
    number = value
    if isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) < 25:
        number = int(value)  # integers of 64 bits are texts in Protobuf's JSON
    elif isinstance(value, float | Decimal) and value == int(value):
        number = int(value)
    if type(number) is not int:
        raise not_a("a whole number", value)
    if number not in limits:
        raise not_a(f"between {limits.start} and {limits.stop - 1}", value)
    return number


def _enum(field: Any, value: Any) -> int:
    if type(value) is int and -(2**31) <= value < 2**31:
        return value
    found = field.enum_type.values_by_name.get(value) if type(value) is str else None
    if found is None:
        names = ", ".join(one.name for one in field.enum_type.values)
        raise not_a(f"one of {names}", value)
    return int(found.number)


def _map_key(field: Any, name: str) -> Any:
    if field.cpp_type == _F.CPPTYPE_BOOL:
        return {"true": True, "false": False}.get(name, name == "true")
    return scalar(field, name)


def _well_known(message: Message, value: Any) -> None:
    """Set Google's own types, such as Timestamp, from what their JSON is."""
    try:
        json_format.ParseDict(_plain(value), message)
    except (json_format.ParseError, TypeError, ValueError) as error:
        raise MisfitError(f"is no {message.DESCRIPTOR.full_name}: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return double_of(value) if isinstance(value, Decimal) else value
