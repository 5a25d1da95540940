"""What messages would become: read as the relay reads, prepared as it prepares, and no further.

Nothing is produced, written or locked, and no running relay notices. The messages are those that
the pipeline's consumer group gets next, or given ones; brokers are only asked for their topics.
"""

from dataclasses import replace
from typing import Any

import orjson

from pg_tide.catalog import Catalog, Configured
from pg_tide.config import PipelineConfig
from pg_tide.encode import needs_schemas
from pg_tide.encode.decoding import decoded
from pg_tide.errors import (
    ConfigurationError,
    FatalError,
    MessageError,
    PgTideError,
    SchemaNeeded,
)
from pg_tide.kafka import settings_of
from pg_tide.kafka.inquiry import Inquiry
from pg_tide.message import Batch, Message
from pg_tide.migrate import Schema, applied_to
from pg_tide.position import Position, Snapshot, Window
from pg_tide.postgres import Postgres
from pg_tide.preview.fate import Fate, Planned, Preview, Wanted, topics_of
from pg_tide.preview.places import Places
from pg_tide.record_size import fitting
from pg_tide.reference import References
from pg_tide.registry import registry_of, would_be
from pg_tide.route import Router
from pg_tide.schemas import Schemas
from pg_tide.secret import KeySource
from pg_tide.stages import Stages

NEXT = "SELECT * FROM tide._messages($1, array(SELECT tide._next_ids($2, $3)))"
GIVEN = "SELECT * FROM tide._messages($1, $2)"
NO_WINDOW = Window(Position(Snapshot("")), Snapshot(""))  # nothing of it is ever committed

__all__ = ["Fate", "Planned", "Preview", "Wanted", "preview"]


async def preview(url: str, keys: KeySource, wanted: Wanted) -> Preview:
    """Look; raises ConfigurationError, StartError, FatalError or TransientError if it cannot."""
    postgres = Postgres(url, pooled=True)
    await postgres.open()
    try:
        async with postgres.transaction(read_only=True) as connection:
            Schema().verdict(await applied_to(connection))
        configured = await Catalog(postgres, None).find(wanted.pipeline)
        options = configured.options if wanted.candidate is None else wanted.candidate
        parsed, unresolved = await resolved(References(postgres, keys), options)
        messages = await read(postgres, configured, wanted)
    finally:
        await postgres.close()
    stages = stages_of(parsed, configured.outbox)
    fates = [await fate_of(stages, message, parsed) for message in messages]
    missing = sorted(set(wanted.ids) - {message.id for message in messages})
    found = Preview(configured, fates, unasked=unresolved, missing=missing, dry_run=parsed.dry_run)
    found = found if unresolved else await placed(parsed, stages.route, found)
    return replace(found, fates=[read_back(fate, stages.schemas) for fate in found.fates])


async def resolved(
    references: References, options: dict[str, Any]
) -> tuple[PipelineConfig, PgTideError | None]:
    """The configuration, and why its references stand for nothing that serves, if so.

    References are for brokers alone, and schemas: without any of these, topic, key and value are
    the same.
    """
    as_written = PipelineConfig.parse(options)
    try:
        return await references.parse(options), None
    except FatalError as error:
        if needs_schemas(as_written):
            raise
        return as_written, error


async def read(postgres: Postgres, configured: Configured, wanted: Wanted) -> list[Message]:
    """The messages that there are, in the order in which they would go, or were given."""
    async with postgres.transaction(read_only=True) as connection:
        if wanted.ids:
            rows = await connection.rows(GIVEN, configured.outbox_id, list(wanted.ids))
        else:
            rows = await connection.rows(
                NEXT, configured.outbox_id, configured.group_id, wanted.most
            )
    return [message_of(row, configured.outbox) for row in rows]


def message_of(row: Any, outbox: str) -> Message:
    """A message as a row of tide._messages has it."""
    columns = dict(row.items())
    headers = columns.pop("headers")
    return Message(outbox=outbox, headers=headers and orjson.loads(headers), **columns)


def stages_of(config: PipelineConfig, outbox: str) -> Stages:
    """The stages that a relay would run; ConfigurationError where it could not."""
    try:
        return Stages.of(config, outbox)
    except FatalError as error:
        raise ConfigurationError(error.message, hint=error.hint) from error


async def fate_of(stages: Stages, message: Message, config: PipelineConfig) -> Fate:
    """The same as `prepared`, once the schemas are known; none is registered."""
    registry = registry_of(config)
    while True:
        try:
            return prepared(stages, message, config.max_request_size)
        except SchemaNeeded as needed:
            if registry is None:
                raise
            register = config.schema_registry.auto_register
            found = await would_be(registry, needed.wanted, register=register)
            stages.schemas.put(needed.wanted, found)


def read_back(fate: Fate, schemas: Schemas) -> Fate:
    """The same with what is in keys and values that have a schema."""
    records = tuple(
        replace(
            one,
            key=decoded(one.record.key, schemas),
            value=decoded(one.record.value, schemas),
        )
        for one in fate.records
    )
    return replace(fate, records=records)


def prepared(stages: Stages, message: Message, max_request_size: int) -> Fate:
    """What the stages make of a message."""
    records, errors = stages.prepare(Batch([message], NO_WINDOW, NO_WINDOW.start, 0))
    if errors:
        return Fate(message, error=errors[0])
    found = tuple(Planned(record) for of_message in records for record in of_message)
    try:
        for planned in found:
            fitting(planned.record, max_request_size)
    except MessageError as error:
        return Fate(message, error=error)
    return Fate(message, found)


async def placed(config: PipelineConfig, route: Router, found: Preview) -> Preview:
    """The same with partitions, and what is wrong with topics, as far as brokers tell."""
    names = topics_of(found.fates)
    if not names:
        return found
    try:
        async with Inquiry(settings_of(config)).asking() as asking:
            topics = await asking.topics(names)
            return Places(config, route, topics, asking.compressed_size).place(found)
    except PgTideError as error:
        return replace(found, unasked=error)
