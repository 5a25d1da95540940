"""Schemas of Kafka Connect as JSON, their members in the order of Connect's JsonConverter."""

from typing import Any

Node = dict[str, Any]

DECIMAL = "org.apache.kafka.connect.data.Decimal"
VARIABLE_SCALE_DECIMAL = "io.debezium.data.VariableScaleDecimal"


def node(kind: str, name: str | None = None, version: int | None = 1, **more: Any) -> Node:
    """Return an optional type, with a name where it means more than the kind says.

    `more` are its fields or items, its parameters, its doc.
    """
    fields: Node = {part: more.pop(part) for part in ("fields", "items") if part in more}
    found: Node = {"type": kind, **fields, "optional": True}
    if name is not None:
        found["name"] = name
        if version is not None:
            found["version"] = version
    return {**found, **more}


def required(found: Node) -> Node:
    """Return the same type for values that are never null."""
    return {**found, "optional": False}


def named(found: Node, field: str) -> Node:
    """Return the same type as a field of a struct."""
    return {**found, "field": field}


def struct(fields: list[Node], name: str, version: int | None = None) -> Node:
    """Return the type of an optional struct."""
    return node("struct", name, version, fields=fields)


BOOLEAN = node("boolean")
INT16, INT32, INT64 = node("int16"), node("int32"), node("int64")
FLOAT, DOUBLE = node("float"), node("double")
STRING, BYTES = node("string"), node("bytes")
JSON = node("string", "io.debezium.data.Json")
UUID = node("string", "io.debezium.data.Uuid")
ZONED_TIMESTAMP = node("string", "io.debezium.time.ZonedTimestamp")
ZONED_TIME = node("string", "io.debezium.time.ZonedTime")
VARIABLE_DECIMAL = node(
    "struct",
    VARIABLE_SCALE_DECIMAL,
    fields=[named(required(INT32), "scale"), named(required(BYTES), "value")],
    doc="Variable scaled decimal",
)


def decimal_of(precision: int | None, scale: int) -> Node:
    """Return the type of numbers of one scale."""
    parameters = {"scale": str(scale)}
    if precision is not None:
        parameters["connect.decimal.precision"] = str(precision)
    return node("bytes", DECIMAL, parameters=parameters)


def array_of(items: Node) -> Node:
    """Return the type of an optional array."""
    return node("array", items=items)
