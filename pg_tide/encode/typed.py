"""The wire formats that have a schema: which one a record is written by, and how it is found.

In Confluent's form a record begins with a zero and the schema's id; https://docs.confluent.io/
platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pg_tide.config import PipelineConfig
from pg_tide.encode import native
from pg_tide.encode.misfit import MisfitError, refused
from pg_tide.encode.reading import NUMBER, payload_of
from pg_tide.encode.shape import Shape, merged
from pg_tide.encode.subjects import Subjects, record_name
from pg_tide.errors import ConfigurationError, FatalError
from pg_tide.exact_json import write_text
from pg_tide.message import Message, Record, Route
from pg_tide.payload import parse_payload
from pg_tide.schemas import Kind, Schema, Schemas, Wanted

Body = Callable[[Any, bytes], bytes]  # of a payload's value and its text; raises MisfitError
Place = tuple[str, str | None]  # topic, captured table


class Codec(Protocol):
    """What one format makes of schemas. Its methods raise ValueError for what is none."""

    @property
    def kind(self) -> Kind:
        """What the registry calls it."""

    @property
    def widens(self) -> bool:
        """Whether whole numbers can become fractions, and readers of both can go on."""

    def name_of(self, text: str) -> str:
        """Return the full name of a schema's type."""

    def writer(self, text: str, *, derived: bool = False) -> Body:
        """Return what writes by a schema."""

    def embedded(self, text: str) -> Callable[[bytes], bytes]:
        """Return what puts the schema into a record, beside its body."""

    def derived(self, shape: Shape, name: str) -> str:
        """Return the schema of a shape; MisfitError where it has none."""

    def shape_of(self, text: str) -> Shape:
        """Return the shape that a schema was derived from."""


@dataclass
class Writer:
    """What writes the records of one topic; of a derived schema also its shape and text."""

    write: Body
    finish: Callable[[bytes], bytes]
    shape: Shape = "null"
    text: str = ""
    exact: bool = False  # numbers are written as texts


class Typed:
    """The encoder of a pipeline. Raises ValueError where its schema is none."""

    def __init__(self, codec: Codec, config: PipelineConfig, schemas: Schemas) -> None:
        self._codec = codec
        self._schemas = schemas
        self._seen = schemas.changes
        self._writers: dict[Place, Writer] = {}
        options = config.wire_config
        self._embedded = options.schema_location == "embedded"
        self._record_name = options.record_name
        self._exact = options.fractions == "string"
        self._subjects = Subjects(config.schema_registry.subject_name_strategy, "value")
        self._latest = config.schema_registry.use_latest_version
        self._text, self._version = given(options.schema_)
        self._derives = self._text is None and self._version is None and not self._latest
        if not self._embedded and config.schema_registry.url is None:
            raise ValueError(
                f"wire_format: {config.wire_format} needs schema_registry.url, or "
                "wire_config.schema_location embedded"
            )
        if self._embedded and self._version is not None:
            raise ValueError("wire_config.schema: needs schema_registry.url, where it is looked up")
        if self._text is not None:
            self._check(self._text)

    def _check(self, text: str) -> None:
        strategy = "schema_registry.subject_name_strategy"
        try:
            self._codec.writer(text)
            name = self._codec.name_of(text)
        except ValueError as error:
            raise ValueError(
                f"wire_config.schema: is no schema of {self._codec.kind}: {error}"
            ) from None
        if not name and self._subjects.use_names:
            raise ValueError(f"wire_config.schema: has no title, which {strategy} needs")

    def __call__(self, message: Message, route: Route) -> tuple[Record, ...]:
        """Return the one record of a message; raises SchemaNeeded, and MessageError."""
        (record,) = native.encode(message, route)
        payload = message.payload
        if payload is None:
            return (record,)
        if self._schemas.changes != self._seen:
            self._writers.clear()
            self._seen = self._schemas.changes
        place = route.topic, message.source
        writer = self._writers.get(place) or self._first(place, message)
        value = parse_payload(message, "encode") if writer.exact else payload_of(message)
        try:
            record.value = writer.finish(writer.write(value, payload))
        except MisfitError as error:
            record.value = self._again(place, message, value, error)
        return (record,)

    def _again(self, place: Place, message: Message, value: Any, error: MisfitError) -> bytes:
        """Write by a schema that has grown for this message; MessageError where none can be."""
        payload = message.payload or b""
        if not self._derives:
            hint = "Correct the payload, by transform.payload perhaps, or the schema."
            if error.unknown:
                hint = "Give the schema this member, or set wire_config.unknown_fields to drop."
            raise refused(message, error, "schema_misfit", hint) from None
        before = self._writers[place]
        try:
            shape = merged(before.shape, value, widen=self._codec.widens)
            text = self._codec.derived(shape, self._name(message))
            self._codec.name_of(text)
        except ValueError as problem:
            hint = "Give wire_config.schema, or change the payload by transform.payload."
            raise refused(message, MisfitError(str(problem)), "schema_conflict", hint) from None
        except MisfitError as conflict:
            hint = "Publish each member with one type always, or give wire_config.schema."
            raise refused(message, conflict, "schema_conflict", hint) from None
        if text == before.text:
            hint = "Set wire_config.fractions to string for all digits, or give wire_config.schema."
            raise refused(message, error, "schema_misfit", hint) from None
        writer = self._of_text(place, message, text, shape)
        try:
            found = writer.finish(writer.write(value, payload))
        except MisfitError as misfit:
            hint = "Give wire_config.schema, or change the payload by transform.payload."
            raise refused(message, misfit, "schema_misfit", hint) from None
        self._writers[place] = writer
        return found

    def _first(self, place: Place, message: Message) -> Writer:
        if self._text is not None:
            writer = self._of_text(place, message, self._text, "null")
        elif self._derives and self._embedded:
            writer = self._unwritten()
        else:
            writer = self._registered(place, message)
        self._writers[place] = writer
        return writer

    def _registered(self, place: Place, message: Message) -> Writer:
        """Return the writer of what the registry has, which may be nothing yet."""
        wanted = self._version_wanted(place[0], self._name(message))
        schema = self._schemas.get(wanted)
        if schema is None:
            return self._unwritten()
        return self._of_schema(wanted.subject, schema, message)

    def wanted(self, topic: str, source: str) -> Wanted:
        """Return what the first message of a topic needs to know of the registry."""
        if self._text is None:
            return self._version_wanted(topic, self._record_name or record_name(source))
        return self._text_wanted(topic, self._text, self._codec.name_of(self._text))

    def _version_wanted(self, topic: str, name: str) -> Wanted:
        kind = self._codec.kind
        if self._version is not None:
            return Wanted(self._version[0], kind, version=self._version[1])
        subject = self._subjects.of(topic, name)
        return Wanted(subject, kind, version="latest", optional=self._derives)

    def _text_wanted(self, topic: str, text: str, name: str) -> Wanted:
        return Wanted(self._subjects.of(topic, name), self._codec.kind, text=text)

    def _of_schema(self, subject: str, schema: Schema, message: Message) -> Writer:
        shape: Shape = "null"
        text = ""
        try:
            write = self._codec.writer(schema.text, derived=self._derives)
            if self._derives:
                shape = self._codec.shape_of(schema.text)
                text = self._codec.derived(shape, self._name(message))
        except (ValueError, MisfitError) as error:
            raise FatalError(
                f'the schema of subject "{subject}" (id {schema.id}) cannot be used: {error}',
                reason="schema_foreign" if self._derives else "schema_invalid",
                hint="Give wire_config.schema, or set schema_registry.use_latest_version.",
            ) from None
        return Writer(write, framed(schema.id), shape, text, NUMBER in schema.text)

    def _of_text(self, place: Place, message: Message, text: str, shape: Shape) -> Writer:
        if self._embedded:
            finish = self._codec.embedded(text)
        else:
            name = self._name(message) if self._derives else self._codec.name_of(text)
            schema = self._schemas.get(self._text_wanted(place[0], text, name))
            finish = framed(0 if schema is None else schema.id)
        write = self._codec.writer(text, derived=self._derives)
        return Writer(write, finish, shape, text, self._exact or NUMBER in text)

    def _unwritten(self) -> Writer:
        return Writer(_nothing, _same, exact=self._exact)

    def _name(self, message: Message) -> str:
        return self._record_name or record_name(message.source or message.outbox)


def framed(schema_id: int) -> Callable[[bytes], bytes]:
    """Return what puts a zero and a schema's id in front of a body."""
    prefix = b"\0" + schema_id.to_bytes(4, "big")
    return prefix.__add__


def given(
    schema: str | dict[str, Any] | None,
) -> tuple[str | None, tuple[str, Any] | None]:
    """Return the text of a schema that is given, or the subject and the version that name it."""
    if schema is None or isinstance(schema, str):
        return schema, None
    if schema.keys() <= {"subject", "version"}:
        version = schema.get("version", "latest")
        return None, (schema["subject"], version if version == "latest" else int(version))
    return write_text(schema), None


def _nothing(_value: Any, _payload: bytes) -> bytes:
    raise MisfitError("there is no schema yet", unknown=True)


def _same(body: bytes) -> bytes:
    return body


def missing(module: str, extra: str) -> ConfigurationError:
    """The error where a library that a format needs is not installed."""
    return ConfigurationError(
        f"wire_format: needs {module}, which is not installed",
        hint=f"Install pg-tide[{extra}].",
    )
