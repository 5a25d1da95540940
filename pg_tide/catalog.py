"""The pipelines as configured in SQL, and what the relay says of them, written back."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from pg_tide.condition import Condition
from pg_tide.errors import ConfigurationError
from pg_tide.nearest import nearest
from pg_tide.postgres import Postgres
from pg_tide.words import quoted

TO_SWEEP = "SELECT tide._to_sweep($1)"
TELL_PARTITIONS = "SELECT tide._tell_partitions($1, $2, $3, $4, $5, $6)"


@dataclass(frozen=True)
class Configured:
    """A pipeline as an operator set it. Two that are equal run the same."""

    id: int
    name: str
    outbox_id: int
    outbox: str
    group_id: int
    group: str
    config: str  # JSON
    enabled: bool
    revision: int
    seek: str | None
    to_retry: bool = field(default=False, compare=False)  # dead letters wait to be tried again

    def restarts_for(self, newer: "Configured") -> bool:
        """Whether a pipeline that runs as configured here must start again as configured there.

        A seek that is gone has been applied.
        """
        return newer != self and newer != replace(self, seek=None)

    @property
    def options(self) -> dict[str, Any]:
        """The configuration as given."""
        options: dict[str, Any] = orjson.loads(self.config)
        return options


@dataclass(frozen=True)
class Lag:
    """What a consumer group has yet to deliver; `seconds` is the age of the oldest message."""

    messages: int
    seconds: float


@dataclass(frozen=True)
class Storage:
    """What an outbox holds, and how many expired slots a consumer group still holds up."""

    outbox: str
    retained: int
    slots_waiting: int


@dataclass(frozen=True)
class Partition:
    """What a partition of Kafka got: the last offset, records a second, and when."""

    pipeline_id: int
    topic: str
    number: int
    last_offset: int | None
    rate: float
    at: datetime


class Catalog:
    """The tables that operators and the relay share; the pipelines of a relay group, or all."""

    def __init__(self, postgres: Postgres, relay_group: str | None) -> None:
        self._postgres = postgres
        self._relay_group = relay_group

    async def pipelines(self) -> list[Configured]:
        """Every pipeline of this relay group, enabled or not."""
        rows = await self._postgres.rows(
            "SELECT id, name, outbox_id, outbox, group_id, group_name, config::text, enabled,"
            " revision, seek, to_retry FROM tide._pipelines($1)",
            self._relay_group,
        )
        return [Configured(*row) for row in rows]

    async def find(self, name: str) -> Configured:
        """A pipeline by its name; ConfigurationError with the nearest one when there is none."""
        known = {one.name: one for one in await self.pipelines()}
        if name in known:
            return known[name]
        raise no_such_pipeline(
            name,
            known,
            "Create it with tide.relay_set_outbox(); the view tide.relay_status lists all.",
        )

    async def report(self, pipeline_id: int, condition: Condition, epoch: UUID | None) -> None:
        """Write back how a pipeline is, unless another relay holds it.

        `epoch` is the one that it was taken over under, None when it could not be.
        """
        await self._postgres.value(
            "SELECT tide._report_state($1, $2, $3, $4, $5, $6)",
            pipeline_id,
            condition.state,
            condition.reason,
            condition.hint,
            condition.next_try,
            epoch,
        )

    async def lag(self) -> dict[str, Lag]:
        """What every pipeline of this relay group has yet to deliver, by name."""
        rows = await self._postgres.rows("SELECT * FROM tide._lag($1)", self._relay_group)
        return {row["pipeline"]: Lag(row["messages"], row["seconds"]) for row in rows}

    async def dead_letters(self) -> dict[str, tuple[int, int]]:
        """Of every pipeline by name: its unresolved dead letters, and its parked keys."""
        rows = await self._postgres.rows(
            "SELECT * FROM tide._dead_letter_counts($1)", self._relay_group
        )
        return {row["pipeline"]: (row["dead_letters"], row["parked_keys"]) for row in rows}

    async def sweep_dead_letters(self) -> None:
        """Forget the dead letters that were resolved long ago."""
        await self._postgres.at_once("SELECT tide._sweep_dead_letters()")

    async def sweep(self, outbox_id: int) -> None:
        """Retention: truncate what is delivered and expired.

        What it locks, it locks for that one statement, even if this process freezes.
        """
        await self._postgres.at_once(f"SELECT tide._sweep({outbox_id:d})")

    async def to_sweep(self, seconds: float) -> list[int]:
        """The ids of the outboxes to sweep now, when this is asked every so many seconds."""
        return [row[0] for row in await self._postgres.rows(TO_SWEEP, seconds)]

    async def storage(self) -> list[Storage]:
        """What every outbox holds."""
        rows = await self._postgres.rows(
            "SELECT outbox, retained, slots_waiting FROM tide._storage()"
        )
        return [Storage(*row) for row in rows]

    async def tell_partitions(self, partitions: Iterable[Partition]) -> None:
        """Take down what partitions got."""
        rows = (astuple(one) for one in partitions)
        columns = [list(column) for column in zip(*rows, strict=True)]
        await self._postgres.value(TELL_PARTITIONS, *columns)


def no_such_pipeline(name: str, known: Iterable[str], otherwise: str) -> ConfigurationError:
    """The error of a name that no pipeline has; its hint where no other is like it."""
    near = nearest(name, known)
    hint = f"Did you mean {quoted(near)}?" if near else otherwise
    return ConfigurationError(f"there is no pipeline {quoted(name)}", hint=hint)
