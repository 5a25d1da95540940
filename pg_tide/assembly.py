"""Puts the parts of one run of a pipeline together, once it is known where to go on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pg_tide.arrivals import Arrivals
from pg_tide.buffer import Buffer
from pg_tide.catalog import Catalog, Configured
from pg_tide.condition import Condition
from pg_tide.config import PipelineConfig
from pg_tide.dry_run import DryRun
from pg_tide.gate import gated
from pg_tide.in_flight import InFlight
from pg_tide.kafka import Clients
from pg_tide.ledger import Ledger
from pg_tide.metrics import Meter, Metrics
from pg_tide.outbox import Outbox
from pg_tide.ownership import Ownership
from pg_tide.pipeline import Pipeline
from pg_tide.position import Lease
from pg_tide.postgres import Postgres
from pg_tide.producer import Producer
from pg_tide.recovery import Ready, Recovery
from pg_tide.reference import References
from pg_tide.registry import registry_of
from pg_tide.route import Router
from pg_tide.setbacks import Setbacks
from pg_tide.stages import Stages
from pg_tide.topics import announcer
from pg_tide.transactions import DAY, Terms, Transactions
from pg_tide.wakeup import Sleeper, Wakeup


@dataclass(frozen=True)
class Shared:
    """What all pipelines of a process share."""

    postgres: Postgres
    ownership: Ownership
    wakeup: Wakeup
    catalog: Catalog
    buffer: Buffer
    metrics: Metrics
    references: References
    arrivals: Arrivals


@dataclass
class Assembly:
    """Of one configured pipeline, run after run."""

    shared: Shared
    configured: Configured
    meter: Meter
    report: Callable[[Condition], None]
    told: Any
    setbacks: Setbacks = field(default_factory=Setbacks)

    def __post_init__(self) -> None:
        """All runs have the clients of one place, which knows how long brokers take to answer."""
        self._clients = Clients(
            self.config,
            self.told,
            self._topics,
            self.shared.arrivals.of(self.configured.id),
        )

    def _topics(self, config: PipelineConfig) -> frozenset[str]:
        return Router(config, self.configured.outbox).configured_topics

    def begin(self) -> None:
        """Connect to Kafka while PostgreSQL is asked where to go on; `leave` must come after."""
        self._clients.begin()

    async def leave(self) -> None:
        """Hang up where no pipeline came of it."""
        await self._clients.leave()

    async def config(self) -> PipelineConfig:
        """The options, with what their references stand for at this moment."""
        return await self.shared.references.parse(self.configured.options)

    async def recover(self, lease: Lease, config: PipelineConfig) -> Ready:
        """Where to go on, and with what client where the pipeline produces in transactions."""
        start = self._clients.start_transactional
        return await Recovery(self.shared.postgres, start, config, self.meter, self.told).run(lease)

    def pipeline(self, ready: Ready, config: PipelineConfig) -> Pipeline:
        """The parts of one run."""
        shared, configured = self.shared, self.configured
        stages = Stages.of(config, configured.outbox)
        outbox = Outbox(shared.postgres, configured.outbox_id, configured.outbox, ready.lease)
        producer: Producer | DryRun = DryRun(configured.name, config)
        transactions = None
        if not config.dry_run:
            start = self._clients.start if ready.identity is None else ready.take_client
            producer = Producer(
                gated(start, shared.ownership.is_certain),
                config,
                stages.route.configured_topics,
                announcer(self.told, self.meter),
            )
            transactions = self._transactions(ready, config, producer, outbox)
        return Pipeline(
            name=configured.name,
            config=config,
            outbox=outbox,
            stages=stages,
            producer=producer,
            in_flight=InFlight(shared.buffer, config.max_in_flight),
            sleeper=Sleeper(shared.wakeup, configured.outbox_id, ready.lease),
            meter=self.meter,
            report=self.report,
            transactions=transactions,
            setbacks=self.setbacks,
            registry=registry_of(config),
        )

    def _transactions(
        self, ready: Ready, config: PipelineConfig, producer: Producer, outbox: Outbox
    ) -> Transactions | None:
        if ready.identity is None:
            return None
        terms = Terms(
            ready.identity,
            ready.number,
            ready.mark,
            timeout=config.transaction_timeout_ms / 1000,
            linger=config.linger_ms / 1000,
            batch_size=config.batch_size,
            refresh=min(DAY, ready.kept_for / 4),
            at_once=bool(ready.forgotten),
        )
        ledger = Ledger(self.shared.postgres, outbox, ready.lease)
        return Transactions(producer, ready.client, ledger, terms, self.setbacks, self.meter)
