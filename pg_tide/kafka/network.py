"""The client of aiokafka, which keeps a connection to each broker, with reasons and patience.

aiokafka tells why a connection could not be made to its logger alone, tries again ten times a
second, and makes one connection at a time. Here each broker has a backoff of its own, what keeps
it away is known (`troubles`), and a request to a broker that only a person can bring back fails.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from aiokafka.client import AIOKafkaClient, ConnectionGroup  # type: ignore[import-untyped]
from aiokafka.errors import NodeNotReadyError  # type: ignore[import-untyped]
from aiokafka.util import create_task  # type: ignore[import-untyped]

from pg_tide.errors import FatalError, PgTideError
from pg_tide.kafka.blame import Blame, blamed
from pg_tide.kafka.connection import Connection
from pg_tide.kafka.dial import Dialer
from pg_tide.kafka.patience import FIRST_PATIENCE, Broker
from pg_tide.kafka.settings import Settings
from pg_tide.kafka.topic_ids import Cluster

REFRESH = 0.1  # seconds between two questions who leads what
LOOK_AGAIN = 5.0  # seconds between two looks for brokers that may have moved
LOOK_FOR = 2.0  # seconds at each address, for meanwhile nobody else is asked
BOOTSTRAP = ("bootstrap", ConnectionGroup.DEFAULT)


class Network(AIOKafkaClient):  # type: ignore[misc]
    """Connections to the brokers of a pipeline; the first question is for `expected` topics."""

    _conns: dict[Any, Connection]
    _topics: set[str]
    _sync_task: Any

    def __init__(self, settings: Settings, expected: frozenset[str] = frozenset()) -> None:
        super().__init__(
            bootstrap_servers=list(settings.brokers),
            client_id=settings.client_id,
            metadata_max_age_ms=settings.metadata_max_age_ms,
            request_timeout_ms=settings.request_timeout_ms,
        )
        self.cluster = Cluster(metadata_max_age_ms=settings.metadata_max_age_ms)
        self.dialer = Dialer(settings)
        self.broken: PgTideError | None = None
        self.troubles: dict[Any, PgTideError] = {}
        self._blamed: dict[tuple[str, int], Blame] = {}
        self._refused: list[PgTideError] = []
        self._deadline = 0.0
        self._patience = FIRST_PATIENCE
        self._brokers: dict[Any, Broker] = {}
        self._dials: set[asyncio.Timeout] = set()
        self._ended = False
        self.expected = expected
        self.asked_for: frozenset[str] = frozenset()  # with the last question
        self._refresh_at = 0.0
        self._look_at = 0.0
        self._most_backoff_ms = settings.reconnect_backoff_max_ms
        self._most_patience = max(FIRST_PATIENCE, settings.request_timeout_ms / 1000)

    @property
    def trouble(self) -> PgTideError | None:
        """What keeps a broker away at this moment."""
        return worst(self.troubles.values()) if self.troubles else None

    @property
    def reason(self) -> PgTideError | None:
        """Why it has not started, as far as brokers told it in time."""
        return self.trouble or (together(self._refused) if self._refused else None)

    @property
    def silent(self) -> bool:
        """Whether a broker did not answer in time, whatever the others said."""
        said = (*self.troubles.values(), *self._refused)
        return any(error.reason == "kafka_timeout" for error in said)

    def begin(self, seconds: float) -> None:
        """Have so many seconds to start in."""
        self._deadline = time.monotonic() + seconds
        self._patience = max(FIRST_PATIENCE, seconds / 2)

    async def bootstrap(self) -> None:
        """Ask the brokers of the configuration, until one answers, which others there are.

        Raises the error of ours that matters most when none does, until the time to start is over.
        """
        hosts = self.hosts
        for index, (host, port, _) in enumerate(hosts):
            left = self._deadline - time.monotonic()
            try:
                patience = left / (len(hosts) - index)
                found = await self.dialer.bootstrap(host, port, patience, self.expected)
            except PgTideError as error:
                self._refused.append(error)
                continue
            self._learn(*found)
            break
        else:
            raise together(self._refused)
        self._refused.clear()
        if self._sync_task is None:
            self._sync_task = create_task(self._md_synchronizer())

    def _learn(self, connection: Connection, metadata: Any) -> None:
        self.cluster.update_metadata(metadata)
        if self.cluster.brokers():
            connection.abort()
        else:  # until there are some, who else could be asked?
            self._conns[BOOTSTRAP] = connection

    async def _metadata_update(self, cluster_metadata: Any, topics: Any) -> Any:
        """Ask who leads what; not at once again, for a sender without a leader never rests.

        Where no broker that is known answers, all may have moved.
        """
        if self.asked_for >= self._topics:
            await asyncio.sleep(self._refresh_at - time.monotonic())
        self._refresh_at = time.monotonic() + REFRESH
        self.asked_for = frozenset(self._topics)
        told = await super()._metadata_update(cluster_metadata, topics)
        if not (told or self._ended) and time.monotonic() >= self._look_at:
            told = await self._look_again()
            self._look_at = time.monotonic() + LOOK_AGAIN
        return told

    async def _look_again(self) -> bool:
        """Ask the brokers of the configuration that are no longer known (KIP-899)."""
        known = {(broker.host, broker.port) for broker in self.cluster.brokers()}
        for host, port, _ in self.hosts:
            if (host, port) in known:
                continue
            try:
                connection, said = await self.dialer.bootstrap(host, port, LOOK_FOR, self._topics)
            except PgTideError:
                continue
            if not said.brokers:
                connection.abort()
                continue
            self._learn(connection, said)
            for broker in self._brokers.values():
                broker.begin_anew()
            return True
        return False

    async def _get_conn(
        self, node_id: Any, *, group: Any = ConnectionGroup.DEFAULT, no_hint: bool = False
    ) -> Connection | None:
        del no_hint
        key = (node_id, group)
        known = self._conns.get(key)
        if known is not None and known.connected() and not known.due:
            return known
        metadata = self.cluster.broker_metadata(node_id)
        if metadata is None:
            self._drop(key)
            self.force_metadata_update()
            return None
        broker = self._brokers.setdefault(node_id, Broker(self._most_backoff_ms, self._patience))
        async with broker.lock:
            return await self._reconnect(key, broker, metadata)

    async def _reconnect(self, key: Any, broker: Broker, metadata: Any) -> Connection | None:
        known = self._conns.get(key)
        usable = known if known is not None and known.connected() else None
        if usable is not None and not usable.due:
            return usable
        if usable is None:
            self._drop(key)
            if broker.left_alone:
                return None
        try:
            made = await self._dial(metadata, broker.patience)
        except PgTideError as error:
            broker.failed(error, self._most_patience)
            if usable is not None:
                usable.postpone()
                return usable
            self.troubles[key[0]] = error
            self.force_metadata_update()
            return None
        if made is None:
            return None
        self._drop(key)
        self._conns[key] = made
        self.troubles.pop(key[0], None)
        broker.begin_anew()
        return made

    async def _dial(self, metadata: Any, seconds: float) -> Connection | None:
        """Connect to a broker; None where this client ends before it is done."""
        if self._ended:
            return None
        try:
            async with asyncio.timeout(None) as until_the_end:
                self._dials.add(until_the_end)
                try:
                    made = await self.dialer.connect(
                        metadata.host, metadata.port, seconds, self._on_connection_closed
                    )
                finally:
                    self._dials.remove(until_the_end)
        except TimeoutError:
            return None
        if self._ended:
            made.abort()
            return None
        return made

    def _drop(self, key: Any) -> None:
        known = self._conns.pop(key, None)
        if known is not None:
            known.close()

    async def close(self) -> None:
        """Close every connection.

        Whoever is cancelled while it waits hears of it; aiokafka takes that for its own task's end,
        and the task that was cancelled would go on for ever.
        """
        updating, self._sync_task = self._sync_task, None
        try:
            if updating is not None:
                updating.cancel()
                await asyncio.wait({updating})
                updating.cancelled() or updating.exception()
        finally:
            await super().close()

    def end(self) -> None:
        """Let nothing be sent any more, nor anything arrive that was sent and did not yet."""
        self._ended = True
        cut_short(self._dials)
        for connection in list(self._conns.values()):
            connection.abort()

    async def send(
        self, node_id: Any, request: Any, *, group: Any = ConnectionGroup.DEFAULT
    ) -> Any:
        """Send a request to a broker; the FatalError that keeps it away is raised once.

        It ends the sender of aiokafka and every batch with it; to others of its tasks, which
        nobody awaits any more, it only says that the broker is not ready.
        """
        try:
            answer = await super().send(node_id, request, group=group)
        except NodeNotReadyError:
            trouble = self.troubles.get(node_id)
            if isinstance(trouble, FatalError) and self.broken is None:
                self.broken = trouble
                raise trouble from None
            raise
        self._blamed.update(blamed(answer))
        return answer

    def blame(self, topic: str, partition: int) -> Blame:
        """What brokers said of the last batch of a partition that they did not take."""
        return self._blamed.get((topic, partition), Blame())


def cut_short(waits: Iterable[asyncio.Timeout]) -> None:
    """End some waits now, unless their time is up at this very moment."""
    for wait in waits:
        if not wait.expired():
            wait.reschedule(0)


def worst(errors: Any) -> PgTideError:
    """Of the errors of several brokers the one that matters most: what a person must put right."""
    ranked: list[PgTideError] = sorted(errors, key=lambda each: not isinstance(each, FatalError))
    return ranked[0]


def together(errors: list[PgTideError]) -> PgTideError:
    """The error that matters most, with what the other brokers said."""
    chosen = worst(errors)
    others = [each.message for each in errors if each.message != chosen.message]
    chosen.message = "; ".join([chosen.message, *others])
    chosen.args = (chosen.message,)
    return chosen
