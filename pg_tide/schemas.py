"""Schemas as encoders know them: looked up in memory, and never asked for here.

What is not here is needed: an encoder says so by raising SchemaNeeded. Whoever can ask a registry
puts the answer here, and has the same message prepared again.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from pg_tide.errors import SchemaNeeded

Kind = Literal["AVRO", "PROTOBUF", "JSON"]
Version = int | Literal["latest"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an encoder wants to know of a subject: the id of a `text`, or what a `version` is.

    `optional`: there may be no such version, and None is known then.
    """

    subject: str
    kind: Kind
    text: str | None = None
    version: Version | None = None
    optional: bool = False


class Schema(NamedTuple):
    """A schema as the registry has it: its id, which means the same for ever, and its text."""

    id: int
    text: str


class Schemas:
    """What is known of subjects. `changes` counts how often something was forgotten."""

    def __init__(self) -> None:
        self._known: dict[Wanted, Schema | None] = {}
        self.changes = 0

    def get(self, wanted: Wanted) -> Schema | None:
        """Return what is known; raises SchemaNeeded where nothing is."""
        try:
            return self._known[wanted]
        except KeyError:
            raise SchemaNeeded(wanted) from None

    def put(self, wanted: Wanted, schema: Schema | None) -> None:
        """Know this from now on."""
        self._known[wanted] = schema

    def ids(self) -> set[int]:
        """Return the ids of all schemas that are known."""
        return {schema.id for schema in self._known.values() if schema is not None}

    def known(self, schema_id: int) -> list[tuple[Wanted, Schema]]:
        """Return what is known of an id, the last first."""
        found = [(one, schema) for one, schema in self._known.items() if schema]
        return [(one, schema) for one, schema in reversed(found) if schema.id == schema_id]

    def latest(self) -> list[tuple[Wanted, Schema | None]]:
        """Return what is known of latest versions, which may change."""
        return [(one, schema) for one, schema in self._known.items() if one.version == "latest"]

    def forget(self, schema_id: int) -> None:
        """Know a schema no more, nor the latest one of its subject: both are asked for again."""
        found = self._known.items()
        lost = {wanted for wanted, schema in found if schema and schema.id == schema_id}
        subjects = {wanted.subject for wanted in lost}
        lost |= {one for one in self._known if one.subject in subjects and one.version == "latest"}
        for wanted in lost:
            del self._known[wanted]
        self.changes += 1

    def replace(self, wanted: Wanted, schema: Schema | None) -> None:
        """Know something else from now on."""
        self._known[wanted] = schema
        self.changes += 1
