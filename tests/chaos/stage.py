"""Everything that faults strike: servers behind proxies, relays, pipelines, and who owns what."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pg_tide.demo.postgres import EmbeddedPostgres
from pg_tide.migrate import migrate
from tests.chaos.brokers import Kafka, Network, brokers
from tests.chaos.relays import Relay
from tests.fixtures.kill_points_round import bugs
from tests.fixtures.oracle.arrivals import TOPIC
from tests.fixtures.oracle.publishers import AWAY, connected
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.postgres import new_server
from tests.fixtures.proxy import Proxy, in_front_of
from tests.fixtures.relay_process import until
from tests.fixtures.topics import create_topic

IN_FLIGHT = 500  # messages of a pipeline at most
PARTITIONS = 4  # of a topic at first
SHUTDOWN = 10  # seconds that a relay may take to drain
PATIENCE = 60.0  # seconds until a statement must have worked
POISON = 0.001  # of the messages of two outboxes
ROLE = "relay"
SHORT = 4000  # milliseconds that a transaction of one pipeline may take
# Transactions that take too long are aborted a second later, not ten.
_KAFKA = {"transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000"}
_POSTGRES = {"max_connections": "150"}
# What waits is told to wait shorter than by default; nothing else is changed.
WAITS: Mapping[str, Any] = {
    "max_in_flight": IN_FLIGHT,
    "retry_backoff_max_ms": 500,
    "reconnect_backoff_max_ms": 500,
    "fatal_retry_ms": 1000,
    "request_timeout_ms": 2000,
    "metadata_max_age_ms": 1000,
    # It is not messages that end relays here.
    "max_retries": 1000,
}
_HELD_BY = """
SELECT count(*) FROM tide._owners() WHERE relay LIKE '%:' || $1::text
"""
_CONFIGURE = "SELECT tide.relay_set_outbox($1, $2, $3)"
_LEFT = "SELECT pipeline, pending, dead_letters AS letters FROM tide.relay_status"
_BUSY = """
SELECT pid, usename, state, now() - xact_start AS age, pg_blocking_pids(pid) AS behind,
       left(query, 80) AS query
FROM pg_stat_activity WHERE xact_start IS NOT NULL
"""


@dataclass
class Pipeline:
    """A pipeline of the run; `policy` None: as by default.

    Where an outbox has two, that of exactly once is told apart by its name and its topic.
    """

    outbox: str
    policy: str | None = None
    delivery: str = "at_least_once"
    suffix: str = ""

    @property
    def name(self) -> str:
        return f"{self.outbox}{self.suffix}"

    @property
    def topic(self) -> str:
        return f"{topic_of(self.outbox)}{self.suffix}"

    @property
    def exactly_once(self) -> bool:
        return self.delivery == "exactly_once"

    @property
    def in_order(self) -> bool:
        """Whether messages keep their order even when one was put aside."""
        return self.policy == "park_key"

    def config(self, brokers: str, *, cured: bool, variation: Mapping[str, Any]) -> str:
        """Its options; `cured`, no message names its own topic."""
        config = {**WAITS, "brokers": brokers, "topic": self.topic, **variation}
        config["delivery"] = self.delivery
        if self.exactly_once and self.policy is None:
            config["transaction_timeout_ms"] = SHORT
        config.pop("commit_interval_ms" if self.exactly_once else "transactional_id_prefix", None)
        if self.policy is not None:
            config |= {"dead_letter.policy": self.policy, "dead_letter.max_per_minute": 0}
            config["topic"] = self.topic if cured else f"{{payload.to}}{self.suffix}"
        return json.dumps(config)


POLICIES = {"orders": None, "skips": "skip", "parks": "park_key"}  # by outbox
BOTH = "both"
DELIVERIES = ("at_least_once", "exactly_once", BOTH)


def topic_of(outbox: str) -> str:
    """What the messages of an outbox name."""
    return f"chaos-{outbox}"


def pipelines_of(delivery: str) -> tuple[Pipeline, ...]:
    """The pipelines of a run: with one kind of delivery, or both side by side."""
    if delivery == BOTH:
        ordinary = pipelines_of("at_least_once")
        once = [Pipeline(each.outbox, each.policy, "exactly_once", "-once") for each in ordinary]
        return (*ordinary, *once)
    return tuple(Pipeline(outbox, policy, delivery) for outbox, policy in POLICIES.items())


class Stage:
    """The servers, two relays that run all the time and a place for a third."""

    def __init__(
        self,
        postgres: EmbeddedPostgres,
        kafka: Kafka,
        network: Proxy,
        folder: Path,
        delivery: str = "at_least_once",
    ) -> None:
        self.pipelines = pipelines_of(delivery)
        self.postgres = postgres
        self.kafka = kafka
        self.networks: Mapping[str, Network] = {"postgres": network, "kafka": kafka.network}
        self.folder = folder
        through = f"postgresql://{ROLE}@127.0.0.1:{network.port}/postgres"
        arguments = ("--shutdown-timeout", f"{SHUTDOWN}")
        self.relays = [Relay(through, folder / f"{name}.log", *arguments) for name in "ab"]
        self.guest = Relay(through, folder / "guest.log", *arguments)
        self.partitions = {pipeline.name: PARTITIONS for pipeline in self.pipelines}
        self.variation: dict[str, Any] = {}
        self._places: dict[str, asyncio.Lock] = {}

    def place(self, name: str) -> asyncio.Lock:
        """Where one fault strikes at a time."""
        return self._places.setdefault(name, asyncio.Lock())

    def workload(self, seed: int, think: float) -> Workload:
        """What is published meanwhile."""
        to = {outbox: topic_of(outbox) for outbox, policy in POLICIES.items() if policy}
        first, *others = POLICIES
        return Workload(
            outbox=first,
            others=tuple(others),
            to=to,
            poison=POISON,
            think=think,
            through_crashes=True,
            seed=seed,
        )

    async def sql(self, statement: str, *values: object) -> Any:
        """The rows of a statement, as soon as PostgreSQL is there."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                async with connected(self.postgres.url) as connection:
                    return await connection.fetch(statement, *values, timeout=PATIENCE)
            except AWAY as error:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{statement}: {error!r}; {await self._busy()}") from error
                await asyncio.sleep(0.1)

    async def _busy(self) -> str:
        """Who may be in the way of a statement."""
        async with connected(self.postgres.url) as connection:
            rows = await connection.fetch(_BUSY)
        return "; ".join(str(dict(row)) for row in rows)

    async def configure(self, *, cured: bool = False) -> None:
        """Configure every pipeline anew."""
        for each in self.pipelines:
            config = each.config(self.kafka.tapped, cured=cured, variation=self.variation)
            await self.sql(_CONFIGURE, each.name, each.outbox, config)

    async def held_by(self, relay: Relay) -> int:
        """How many pipelines a relay runs, by lock and lease."""
        rows = await self.sql(_HELD_BY, str(relay.pid))
        return int(rows[0][0])

    async def holds_nothing(self, relay: Relay) -> bool:
        """Whether it runs no pipeline; asked a few times a second."""
        await asyncio.sleep(0.2)
        return not await self.held_by(relay)

    async def prepare(self) -> None:
        """Install the schema, and make roles, outboxes, topics and pipelines."""
        await migrate(self.postgres.url)
        await self.sql(f"CREATE ROLE {ROLE} LOGIN IN ROLE tide_relay")
        for outbox in POLICIES:
            await self.sql("SELECT tide.outbox_create($1)", outbox)
        for each in self.pipelines:
            await asyncio.to_thread(
                create_topic,
                self.kafka.server.brokers,
                each.topic,
                PARTITIONS,
                TOPIC,
                replicas=self.kafka.replicas,
            )
        await self.configure()

    async def running(self) -> None:
        """Wait until every pipeline is run by a relay."""

        async def all_owned() -> bool:
            return len(await self.sql("SELECT FROM tide._owners()")) == len(self.pipelines)

        await until(all_owned, PATIENCE)

    async def calm(self) -> None:
        """Make everything well again, whatever was struck."""
        for proxy in self.networks.values():
            await proxy.heal()
        await asyncio.to_thread(self.postgres.start)
        await asyncio.to_thread(self.kafka.server.start)
        for relay in self.relays:
            relay.up()

    async def quiet(self, seconds: float) -> float:
        """Wait until nothing is pending, nor put aside; how long that took.

        AssertionError says what is left when for so many seconds nothing has moved.
        """
        self.variation = {}
        await self.configure(cured=True)
        for each in self.pipelines:
            await self.sql("SELECT tide.dead_letter_retry_all($1)", each.name)
        began = moved = time.monotonic()
        left = await self._left()
        while left:
            await asyncio.sleep(0.2)
            before, left = left, await self._left()
            moved = time.monotonic() if left != before else moved
            assert time.monotonic() - moved < seconds, f"in {seconds} s nothing moved: {left}"
        return time.monotonic() - began

    async def _left(self) -> dict[str, tuple[int, int]]:
        """Of each pipeline that is not done, what is pending and what was put aside."""
        rows = await self.sql(_LEFT)
        all_left = {row["pipeline"]: (row["pending"], row["letters"]) for row in rows}
        return {name: left for name, left in all_left.items() if left != (0, 0)}

    @property
    def surprises(self) -> list[str]:
        """What relays did that none may do."""
        found = []
        for relay in (*self.relays, self.guest):
            found += relay.surprises
            found += bugs(relay.log)
        return found

    def take_overs(self) -> int:
        """How often a relay took a pipeline over."""
        logs = [relay.log for relay in (*self.relays, self.guest) if relay.log.exists()]
        return sum(log.read_text(errors="replace").count("took over") for log in logs)


@contextlib.asynccontextmanager
async def stage(folder: Path, delivery: str, nodes: int = 1) -> AsyncIterator[Stage]:
    """Yield a stage where all is well; relays run until the block ends."""
    topics = [each.topic for each in pipelines_of(delivery)]
    with new_server(_POSTGRES) as postgres:
        async with (
            in_front_of(f"127.0.0.1:{postgres.port}") as network,
            brokers(nodes, _KAFKA, topics) as kafka,
        ):
            made = Stage(postgres, kafka, network, folder, delivery)
            await made.prepare()
            async with contextlib.AsyncExitStack() as running:
                for relay in made.relays:
                    await running.enter_async_context(relay)
                await made.running()
                yield made
