"""Keys as Avro, of any format whose key is the primary key: `key_format` avro.

The type of a column is that of the first key that has it. None of them may be null.
"""

from collections.abc import Callable
from typing import Any

from pg_tide.config import PipelineConfig
from pg_tide.encode.avro.reader import read_schema
from pg_tide.encode.avro.writing import Writers
from pg_tide.encode.misfit import MisfitError
from pg_tide.encode.reading import NUMBER
from pg_tide.encode.subjects import Subjects, record_name
from pg_tide.encode.typed import framed
from pg_tide.errors import MessageError
from pg_tide.exact_json import parse, write_text
from pg_tide.message import Message, Record, Route
from pg_tide.schemas import Schemas, Wanted

Encode = Callable[[Message, Route], tuple[Record, ...]]
Place = tuple[str, str | None]


class AvroKeys:
    """The encoder `encode`, with the keys of its records as Avro.

    Calling it raises SchemaNeeded, and MessageError where a key is none.
    """

    def __init__(self, encode: Encode, config: PipelineConfig, schemas: Schemas) -> None:
        self._encode = encode
        self._names = config.primary_keys or ()
        self._subjects = Subjects(config.schema_registry.subject_name_strategy, "key")
        self._schemas = schemas
        self._seen = schemas.changes
        self._writers: dict[Place, Callable[[Any], bytes]] = {}

    def __call__(self, message: Message, route: Route) -> tuple[Record, ...]:
        """Return the records of a message."""
        records = self._encode(message, route)
        if route.key is not None:
            key = self._key(message, route)
            for record in records:
                record.key = key
        return records

    def _key(self, message: Message, route: Route) -> bytes:
        if self._schemas.changes != self._seen:
            self._writers.clear()
            self._seen = self._schemas.changes
        try:
            value = self._columns(route.key or "")
            place = route.topic, message.source
            write = self._writers.get(place) or self._new(place, message, value)
            return write(value)
        except MisfitError as error:
            raise MessageError(
                f"the key of message {message.id} cannot be Avro: {error.path}: {error.words}",
                stage="encode",
                reason="key_unwritable",
                hint="Publish each column of the primary key with one type always.",
            ) from None

    def _columns(self, key: str) -> dict[str, Any]:
        try:
            value = parse(key)
        except ValueError:
            value = None
        if not isinstance(value, dict) or value.keys() != set(self._names):
            names = ", ".join(self._names)
            raise MisfitError(f"must be an object of {names}").within("key")
        return value

    def _new(self, place: Place, message: Message, value: dict[str, Any]) -> Callable[[Any], bytes]:
        space, _, name = record_name(message.source or message.outbox).rpartition(".")
        text = write_text(
            {
                "type": "record",
                "name": f"{name}_key",
                "namespace": space,
                "fields": [{"name": one, "type": _type(one, value[one])} for one in self._names],
            }
        )
        try:
            parsed, named = read_schema(text)
        except ValueError as error:
            raise MisfitError(str(error)).within("key") from None
        wanted = Wanted(self._subjects.of(place[0], f"{space}.{name}_key"), "AVRO", text=text)
        schema = self._schemas.get(wanted)
        write_value, finish = Writers(named).of(parsed), framed(schema.id if schema else 0)

        def write(columns: Any) -> bytes:
            found: list[bytes] = []
            write_value(columns, found.append)
            return finish(b"".join(found))

        self._writers[place] = write
        return write


def _type(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "long"
    if isinstance(value, str):
        return "string"
    if value is None or isinstance(value, dict | list):
        raise MisfitError("must be a string, a number, true or false").within(name)
    return {"type": "string", NUMBER: True}  # its digits, for keys are compared by their bytes
