"""A pipeline whose records need schemas, with a registry that is away, or says no."""

import asyncio
import json
from typing import cast

import pytest

from pg_tide.encode import encoder
from pg_tide.errors import FatalError, PgTideError
from pg_tide.outbox import Outbox
from pg_tide.pipeline import Pipeline
from pg_tide.registry import Supply
from pg_tide.registry.refusals import MissingError, unavailable
from pg_tide.retry import Backoff
from pg_tide.schemas import Schemas, Wanted
from pg_tide.stages import Stages
from tests.fixtures.memory_registry import MemoryRegistry
from tests.unit.test_pipeline import Path, running, until

OPTIONS = {
    "wire_format": "avro",
    "schema_registry": {"url": "http://registry:8081"},
    "retry_backoff_ms": 10,
}


class TypedPath(Path):
    """A path whose values are Avro, with a registry in memory."""

    def __init__(self, **options: object) -> None:
        self.registry = MemoryRegistry()
        super().__init__(None, **{**OPTIONS, **options})

    def built(self, **options: object) -> Pipeline:
        """The same, with what encoders know."""
        made = super().built(**options)
        schemas = Schemas()
        encode = encoder(self.config, schemas=schemas)
        stages = Stages(made.stages.transform, made.stages.route, encode, schemas=schemas)
        return Pipeline(
            name=made.name,
            config=made.config,
            outbox=cast("Outbox", self.outbox),
            stages=stages,
            producer=made.producer,
            in_flight=made.in_flight,
            sleeper=made.sleeper,
            meter=made.meter,
            report=made.report,
            registry=self.registry,
        )

    def values(self) -> list[bytes]:
        """The values that the topic holds."""
        return [one[1] for one in self.kafka.topics["orders"].partitions[0]]

    def reasons(self) -> list[str]:
        """Why it was not well, each time that it told."""
        return [one.reason for one in self.conditions if not one.well and one.reason]


async def test_records_wait_for_their_schema_and_each_is_there_once() -> None:
    path = TypedPath()
    path.registry.trouble = unavailable("http://registry:8081", "it refuses connections")
    path.publish({"id": 1}, {"id": 2}, {"id": 3, "note": "a"})
    async with running(path) as task:
        await until(lambda: len(path.conditions) > 2)
        assert path.conditions[-1].state == "retrying"
        assert "refuses connections" in str(path.conditions[-1])
        assert (path.values(), path.outbox.written.letters) == ([], [])
        path.registry.trouble = None
        await until(lambda: len(path.values()) == 3)
        await until(lambda: path.conditions[-1].well)
    assert task.exception() is None
    first, second = (one.id for one in path.registry.subjects["orders-value"])
    assert [one[:5] for one in path.values()] == [
        b"\0" + number.to_bytes(4, "big") for number in (first, first, second)
    ]


@pytest.mark.parametrize(
    "trouble",
    [
        FatalError("wrong password", reason="registry_refused"),
        FatalError("Incompatible", reason="schema_incompatible"),
        MissingError("no such subject"),
    ],
)
async def test_a_registry_that_says_no_fails_the_pipeline_and_it_looks_again(
    trouble: PgTideError,
) -> None:
    path = TypedPath(fatal_retry_ms=50)
    path.registry.trouble = trouble
    path.publish({"id": 1})
    async with running(path):
        await until(lambda: bool(path.conditions) and path.conditions[-1].state == "failed")
        assert trouble.message in str(path.conditions[-1])
        path.registry.trouble = None
        await until(lambda: len(path.values()) == 1)
    assert path.outbox.written.letters == []


async def test_it_can_be_stopped_while_it_waits() -> None:
    path = TypedPath(fatal_retry_ms=0)
    path.registry.trouble = FatalError("no", reason="registry_refused")
    path.publish({"id": 1})
    async with running(path) as task:
        await until(lambda: bool(path.conditions) and path.conditions[-1].state == "failed")
    assert task.done()
    assert path.registry.asked == 1
    assert path.values() == []


async def test_only_the_message_that_does_not_fit_is_put_aside() -> None:
    path = TypedPath()
    path.publish({"id": 1}, {"id": "x"}, {"id": 2})
    async with running(path):
        await until(lambda: len(path.values()) == 2)
    assert [one.error.reason for one in path.outbox.written.letters] == ["schema_conflict"]


async def test_a_dry_run_registers_nothing() -> None:
    path = TypedPath(dry_run=True)
    path.publish({"id": 1})
    async with running(path):
        await until(lambda: path.registry.asked > 0)
        await until(lambda: path.conditions[-1].well)
    assert path.registry.subjects == {}


async def test_a_schema_that_is_deleted_is_registered_anew() -> None:
    path = TypedPath()
    path.publish({"id": 1})
    async with running(path):
        await until(lambda: len(path.values()) == 1)
        supply = path.pipeline.supply
        assert supply is not None
        path.registry.subjects.clear()
        path.registry.forget()
        await supply.look()
        path.publish({"id": 2})
        await until(lambda: len(path.values()) == 2)
    (again,) = path.registry.subjects["orders-value"]
    assert json.loads(again.text)["name"] == "outbox"
    assert path.values()[1][:5] == b"\0" + again.id.to_bytes(4, "big")


async def test_it_leaves_a_busy_registry_alone_for_as_long_as_it_asks() -> None:
    busy = unavailable("http://registry:8081", "Too many requests (429)")
    busy.wait = 123.0
    registry = MemoryRegistry()
    registry.trouble = busy
    pauses: asyncio.Queue[float] = asyncio.Queue()
    supply = Supply(
        registry,
        Schemas(),
        (Backoff(10, 10), Backoff(10, 10)),
        lambda _, pause: pauses.put_nowait(pause),
    )
    getting = asyncio.create_task(supply.get(Wanted("a", "AVRO", text="{}")))
    assert await pauses.get() == 123.0
    getting.cancel()
