"""Records of Connect's JsonConverter with schemas, made into those of Confluent's AvroConverter.

Keys and values are {"schema": …, "payload": …}; the text of the schema is the same from record to
record, so it is read once.
"""

from collections.abc import Callable
from typing import Any

from pg_tide.config import PipelineConfig
from pg_tide.encode.avro.connect import avro_of, without_logic
from pg_tide.encode.avro.leaves import Write
from pg_tide.encode.avro.reader import read_schema
from pg_tide.encode.avro.writing import Writers
from pg_tide.encode.misfit import MisfitError, refused
from pg_tide.encode.reading import value_of
from pg_tide.encode.subjects import Subjects
from pg_tide.encode.typed import framed
from pg_tide.exact_json import parse, write, write_text
from pg_tide.message import Message, Record, Route
from pg_tide.schemas import Schemas, Wanted

Encode = Callable[[Message, Route], tuple[Record, ...]]

_MOST = 1000  # schemas remembered of each part
_BEGIN = b'{"schema":'
_HINT = "Declare the columns and their types in wire_config.columns."


class ConnectAvro:
    """The encoder `encode`, whose records are JSON with schemas, with Avro in their place.

    Calling it raises SchemaNeeded, and MessageError where Avro has no such schema.
    """

    def __init__(self, encode: Encode, config: PipelineConfig, schemas: Schemas) -> None:
        strategy = config.schema_registry.subject_name_strategy
        self._encode = encode
        self._keys = Part(Subjects(strategy, "key"), schemas)
        self._values = Part(Subjects(strategy, "value"), schemas)

    def __call__(self, message: Message, route: Route) -> tuple[Record, ...]:
        """Return the records of a message."""
        records = self._encode(message, route)
        try:
            for record in records:
                if record.key is not None:
                    record.key = self._keys.avro(record.topic, record.key)
                if record.value is not None:
                    record.value = self._values.avro(record.topic, record.value)
        except MisfitError as error:
            raise refused(message, error, "schema_misfit", _HINT) from None
        return records


class Part:
    """Keys, or values."""

    def __init__(self, subjects: Subjects, schemas: Schemas) -> None:
        self._subjects = subjects
        self._schemas = schemas
        self._seen = 0
        self._last: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {}
        self._made: dict[tuple[str, bytes], Callable[[bytes], bytes]] = {}

    def avro(self, topic: str, text: bytes) -> bytes:
        """Return a key or a value as Avro."""
        if self._schemas.changes != self._seen:
            self._last.clear()
            self._made.clear()
            self._seen = self._schemas.changes
        last = self._last.get(topic)
        if last is not None and text.startswith(last[0]):
            return last[1](text[len(last[0]) : -1])
        both = parse(text)
        prefix = b'%b%b,"payload":' % (_BEGIN, write(both["schema"]))
        if text.startswith(prefix):
            found = self._writer(topic, prefix, both["schema"])
            self._last[topic] = prefix, found
            return found(text[len(prefix) : -1])
        return self._writer(topic, prefix, both["schema"])(write(both["payload"]))

    def _writer(self, topic: str, prefix: bytes, node: dict[str, Any]) -> Callable[[bytes], bytes]:
        found = self._made.get((topic, prefix))
        if found is None:
            found = self._new(topic, node)
            if len(self._made) >= _MOST:
                self._made.clear()
            self._made[topic, prefix] = found
        return found

    def _new(self, topic: str, node: dict[str, Any]) -> Callable[[bytes], bytes]:
        avro = avro_of(node)
        name = f"{avro.get('namespace', '')}.{avro['name']}" if "name" in avro else str(avro)
        wanted = Wanted(self._subjects.of(topic, name), "AVRO", text=write_text(avro))
        if isinstance(avro, str):
            wanted = Wanted(wanted.subject, "AVRO", text=f'"{avro}"')
        schema = self._schemas.get(wanted)
        parsed, named = read_schema(
            write_text(without_logic(avro)) if isinstance(avro, dict) else wanted.text or ""
        )
        return _written(Writers(named).of(parsed), framed(0 if schema is None else schema.id))


def _written(write_value: Write, finish: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def written(payload: bytes) -> bytes:
        found: list[bytes] = []
        write_value(value_of(payload), found.append)
        return finish(b"".join(found))

    return written
