"""Performs what `intent.recovery` asks for: between a take-over and the first transaction."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pg_tide.config import PipelineConfig
from pg_tide.errors import FatalError, TransientError
from pg_tide.intent import Found, Identity, Mark, Read, Recovered, Settle, Start, Step, recovery
from pg_tide.ledger import prove, settle
from pg_tide.metrics import Meter
from pg_tide.position import Lease
from pg_tide.postgres import Postgres


class Client(Protocol):
    """What this needs of a transactional client that was started."""

    async def found(self) -> Found:
        """The mark in Kafka."""

    async def close(self) -> None:
        """End it, with nothing under way."""


StartClient = Callable[[Identity, int], Awaitable[Any]]


@dataclass
class Ready:
    """What a run begins with; `client` is there where it produces in transactions, until taken."""

    lease: Lease
    identity: Identity | None = None
    client: Any = None
    number: int = 0
    forgotten: int = 0
    kept_for: float = 0.0

    async def take_client(self) -> Any:
        """The client, which whoever takes it also ends."""
        client, self.client = self.client, None
        return client

    async def end(self) -> None:
        """End the client if nobody took it."""
        if self.client is not None:
            await (await self.take_client()).close()

    @property
    def mark(self) -> Mark | None:
        """The last transaction of which PostgreSQL knows that it was committed."""
        confirmed = self.lease.confirmed
        return None if confirmed.token is None else Mark(confirmed.number, str(confirmed.token))


@dataclass
class Recovery:
    """Of one pipeline; `start` starts a client for an identity and a time-out in milliseconds."""

    postgres: Postgres
    start: StartClient
    config: PipelineConfig
    meter: Meter
    told: Any

    async def run(self, lease: Lease) -> Ready:
        """Find out what became of the transactions before.

        Raises LeaseLost, TransientError or FatalError, and leaves all for the next try then.
        """
        ready = Ready(lease, identity_of(self.config, lease))
        try:
            recovered = await self._perform(ready)
            if ready.identity is not None:
                # Whoever takes over from now on starts its producer later, and fences this one.
                await prove(self.postgres, ready.lease)
        except BaseException as error:
            await ready.end()
            if isinstance(error, FatalError):
                await prove(self.postgres, lease)  # only its owner speaks of a pipeline
            raise
        if ready.identity is None:
            await ready.end()
        ready.number, ready.forgotten = recovered
        if ready.forgotten:
            self._tell_of(ready.forgotten)
        return ready

    async def _perform(self, ready: Ready) -> Recovered:
        steps = recovery(ready.lease.kept, ready.lease.confirmed, ready.identity)
        answer: Found | None = None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as end:
                recovered: Recovered = end.value
                return recovered
            try:
                answer = await self._take(step, ready)
            except (TransientError, FatalError) as error:
                if not isinstance(step, Settle):
                    self.meter.count("produce_errors_total", error=error.reason)
                raise

    async def _take(self, step: Step, ready: Ready) -> Found | None:
        if isinstance(step, Start):
            await ready.end()
            ready.client = await self.start(step.identity, self.config.transaction_timeout_ms)
        elif isinstance(step, Read):
            found: Found = await ready.client.found()
            ready.kept_for = found.kept_for
            return found
        elif isinstance(step, Settle):
            for intent in ready.lease.kept:
                outcome = "committed" if intent.number <= step.up_to else "not committed"
                self.told.info("found out", transaction=intent.number, outcome=outcome)
            ready.lease = await settle(self.postgres, ready.lease, step.up_to)
        return None

    def _tell_of(self, forgotten: int) -> None:
        self.meter.count("transactions_forgotten_total", forgotten)
        self.told.warning(
            "PostgreSQL forgot transactions that Kafka has: what they carried, of what "
            "PostgreSQL still has, goes a second time",
            transactions=forgotten,
            hint="It lost the end of its history, as after a fail-over to a standby that was "
            "behind. Nothing is lost; consumers see those messages twice.",
        )


def identity_of(config: PipelineConfig, lease: Lease) -> Identity | None:
    """Who produces in transactions for a pipeline; None where it needs none."""
    if not config.exactly_once or config.dry_run:
        return None
    return Identity(
        f"{config.transactional_id_prefix}-{lease.installation}-{lease.group_id}", config.brokers
    )
