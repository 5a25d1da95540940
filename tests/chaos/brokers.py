"""Kafka for a run, behind networks that fail: a lone broker, or three that replicate.

Transactions need three. A lone broker that is killed has, while it starts again, partitions without
a leader; Apache Kafka 4.3.1 then takes them for deleted and ends their transactions without markers
("likely deleted already and hence can be skipped", says its log), so that they hang for ever.
"""

import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from pg_tide.demo.ports import free_port
from tests.fixtures.kafka_cluster import NODES, KafkaCluster
from tests.fixtures.kafka_properties import Listener
from tests.fixtures.proxy import Direction, Proxy, in_front_of
from tests.fixtures.tapped_kafka import TappedKafka

_LISTENER = Listener("TAPPED", "PLAINTEXT")
_SECONDS = 90.0
_INTERNAL = ("__consumer_offsets", "__transaction_state")


class Server(Protocol):
    """What faults strike: a broker, or one of several after another. Every method blocks."""

    @property
    def brokers(self) -> str:
        """Where it is found, past all proxies."""

    @property
    def pid(self) -> int | None:
        """The process that `kill` ends."""

    def kill(self) -> None:
        """End it at once."""

    def start(self) -> None:
        """Start what does not run, and wait until all is well."""


class Network(Protocol):
    """The ways to a server; see Proxy."""

    @property
    def connections(self) -> int: ...

    def cut(self) -> None: ...

    def refuse(self) -> None: ...

    def stall(self, *directions: Direction) -> None: ...

    def half_close(self, direction: Direction) -> None: ...

    def throttle(self, rate: float) -> None: ...

    async def heal(self) -> None: ...


class Ways:
    """Several networks as one."""

    def __init__(self, networks: Sequence[Proxy]) -> None:
        self._networks = networks

    @property
    def connections(self) -> int:
        return sum(each.connections for each in self._networks)

    def cut(self) -> None:
        for each in self._networks:
            each.cut()

    def refuse(self) -> None:
        for each in self._networks:
            each.refuse()

    def stall(self, *directions: Direction) -> None:
        for each in self._networks:
            each.stall(*directions)

    def half_close(self, direction: Direction) -> None:
        for each in self._networks:
            each.half_close(direction)

    def throttle(self, rate: float) -> None:
        for each in self._networks:
            each.throttle(rate)

    async def heal(self) -> None:
        for each in self._networks:
            await each.heal()


class Turns:
    """The nodes of a cluster, of which one is killed at a time, and then the next one."""

    def __init__(self, cluster: KafkaCluster, topics: Sequence[str]) -> None:
        self._cluster = cluster
        self._topics = (*_INTERNAL, *topics)
        self._order = itertools.cycle(cluster.nodes.values())
        self._next = next(self._order)

    @property
    def brokers(self) -> str:
        return self._cluster.brokers

    @property
    def pid(self) -> int | None:
        return self._next.pid

    def kill(self) -> None:
        self._next.kill()

    def start(self) -> None:
        """Start what was killed; the next one may be killed when all replicas know all."""
        if self._next.pid is None:
            self._next = next(self._order)
        self._cluster.start()
        deadline = time.monotonic() + _SECONDS
        while any(self._cluster.in_sync(topic) not in {0, NODES} for topic in self._topics):
            assert time.monotonic() < deadline, "the replicas are not in sync"
            time.sleep(0.1)


class Kafka:
    """The brokers of a run; relays find them at `tapped`, each topic has so many `replicas`."""

    def __init__(self, server: Server, tapped: str, network: Network, replicas: int) -> None:
        self.server = server
        self.tapped = tapped
        self.network = network
        self.replicas = replicas


@asynccontextmanager
async def lone(settings: Mapping[str, str]) -> AsyncIterator[Kafka]:
    """Run one broker."""
    kafka = TappedKafka(settings)
    with kafka.server:
        there = f"127.0.0.1:{kafka.behind_the_tap}"
        async with in_front_of(there, listen=kafka.tap_port) as network:
            yield Kafka(kafka.server, kafka.tapped, network, 1)


@asynccontextmanager
async def three(settings: Mapping[str, str], topics: Sequence[str]) -> AsyncIterator[Kafka]:
    """Run three."""
    cluster = KafkaCluster([_LISTENER], settings)
    taps = {number: free_port() for number in cluster.nodes}
    for number, node in cluster.nodes.items():
        tapped = f"{_LISTENER.name}://127.0.0.1:{taps[number]}"
        cluster.settings[number]["advertised.listeners"] = f"PLAINTEXT://{node.brokers},{tapped}"
    with cluster:
        async with AsyncExitStack() as open_proxies:
            proxies = [
                await open_proxies.enter_async_context(
                    in_front_of(node.address(_LISTENER), listen=taps[number])
                )
                for number, node in cluster.nodes.items()
            ]
            where = ",".join(f"127.0.0.1:{port}" for port in taps.values())
            yield Kafka(Turns(cluster, topics), where, Ways(proxies), NODES)


def brokers(
    number: int, settings: Mapping[str, str], topics: Sequence[str]
) -> contextlib.AbstractAsyncContextManager[Kafka]:
    """Run so many: one or three."""
    return lone(settings) if number == 1 else three(settings, topics)
