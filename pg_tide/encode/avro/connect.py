"""Schemas of Kafka Connect, as JSON has them, as schemas of Avro: as Confluent's converter does.

Its AvroData is the source of the rules: what Avro has no word for stands in `connect.…`.
https://docs.confluent.io/platform/current/connect/userguide.html#avro
"""

import re
from typing import Any

from pg_tide.encode.misfit import MisfitError

Node = dict[str, Any]

DECIMAL = "org.apache.kafka.connect.data.Decimal"
_TYPES = {
    "boolean": "boolean",
    "int8": "int",
    "int16": "int",
    "int32": "int",
    "int64": "long",
    "float": "float",
    "double": "double",
    "bytes": "bytes",
    "string": "string",
}
_LOGICAL = {
    "org.apache.kafka.connect.data.Date": "date",
    "org.apache.kafka.connect.data.Time": "time-millis",
    "org.apache.kafka.connect.data.Timestamp": "timestamp-millis",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def avro_of(node: Node) -> Any:
    """Return the schema of Avro for a schema of Connect that is no field of another.

    Raises MisfitError where Avro has no such type or name.
    """
    return _Names().type_of(node, "")


def adjusted(name: str) -> str:
    """Return a full name that Avro takes, as Debezium's schema.name.adjustment.mode avro does."""
    parts = (re.sub(r"[^A-Za-z0-9_]", "_", part) for part in name.split("."))
    return ".".join(f"_{part}" if part[:1].isdigit() else part for part in parts)


class _Names:
    """Writes each named type once; behind that its name stands for it."""

    def __init__(self) -> None:
        self._known: dict[str, Node] = {}

    def type_of(self, node: Node, space: str) -> Any:
        """Return a type, that it may be null aside; `space` is the namespace around it."""
        kind = node["type"]
        if kind == "struct":
            return self._struct(node, space)
        if kind == "array":
            found: Node = {"type": "array", "items": self.nullable(node["items"], space)}
        elif kind == "map" and node["keys"]["type"] == "string":
            found = {"type": "map", "values": self.nullable(node["values"], space)}
        elif kind in _TYPES:
            found = _scalar(node)
        else:
            raise MisfitError(f"has the type {kind} of Connect, which Avro does not have")
        found |= _connect(node)
        if node.get("name") == DECIMAL:
            found["logicalType"] = "decimal"
        elif logical := _LOGICAL.get(node.get("name", "")):
            found["logicalType"] = logical
        return found if len(found) > 1 or kind in ("array", "map") else found["type"]

    def nullable(self, node: Node, space: str) -> Any:
        """Return a type, with null in a union where it may be."""
        found = self.type_of(node, space)
        if not node.get("optional"):
            return found
        return [found, "null"] if node.get("default") is not None else ["null", found]

    def _struct(self, node: Node, space: str) -> Any:
        full = adjusted(node.get("name") or "ConnectDefault")
        own_space, _, own = full.rpartition(".")
        short = own if own_space == space else full
        plain = {name: part for name, part in node.items() if name not in ("optional", "field")}
        if full in self._known:
            if self._known[full] != plain:
                raise MisfitError(f"has two types with the name {full}")
            return short
        self._known[full] = plain
        found: Node = {"type": "record", "name": own}
        if own_space != space:
            found["namespace"] = own_space
        found["fields"] = [self._field(part, own_space) for part in node["fields"]]
        return found | _connect(node)

    def _field(self, node: Node, space: str) -> Node:
        name = node["field"]
        if not _NAME.fullmatch(name):
            raise MisfitError("is no name in Avro").within(name)
        try:
            found: Node = {"name": name, "type": self.nullable(node, space)}
        except MisfitError as error:
            raise error.within(name) from None
        if node.get("default") is not None:
            found["default"] = node["default"]
        elif node.get("optional"):
            found["default"] = None
        return found


def _scalar(node: Node) -> Node:
    found: Node = {"type": _TYPES[node["type"]]}
    if node.get("name") == DECIMAL:
        parameters = node.get("parameters", {})
        found["scale"] = int(parameters.get("scale", "0"))
        found["precision"] = int(parameters.get("connect.decimal.precision", "64"))
    return found


def _connect(node: Node) -> Node:
    """Return what Avro has no word for."""
    found: Node = {}
    if node["type"] in ("int8", "int16"):
        found["connect.type"] = node["type"]
    for part in ("doc", "version", "parameters", "default"):
        if node.get(part) is not None:
            found[f"connect.{part}"] = node[part]
    if name := node.get("name"):
        found["connect.name"] = adjusted(name) if node["type"] == "struct" else name
    return found


def without_logic(schema: Any) -> Any:
    """Return a schema whose values are written as they are: Connect's are what they stand for."""
    if isinstance(schema, list):
        return [without_logic(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: without_logic(part) if name in ("type", "items", "values", "fields") else part
        for name, part in schema.items()
        if name != "logicalType"
    }
