"""Questions to brokers that change nothing there: what is, and what this user may do.

For trying a pipeline out before it runs. No topic comes into being by being asked for, and no
record is produced; what brokers do not tell, or only newer ones know, is None here.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka import errors  # type: ignore[import-untyped]
from aiokafka.protocol.admin import DescribeConfigsRequest  # type: ignore[import-untyped]

from pg_tide.errors import PgTideError, TransientError
from pg_tide.kafka.certificate import Certificate, of_peer
from pg_tide.kafka.client import KafkaClient
from pg_tide.kafka.clients import tokens_of
from pg_tide.kafka.dial import Dialer
from pg_tide.kafka.errors import mapped, ours
from pg_tide.kafka.metadata import MAY_WRITE, Metadata
from pg_tide.kafka.rights import may_not_write, topic_missing
from pg_tide.kafka.settings import Settings
from pg_tide.kafka.topics import TOPIC_RESOURCE, CreateTopic, refused

PATIENCE = 10.0  # seconds for a connection, and for an answer
CONFIGS = ("max.message.bytes", "min.insync.replicas", "cleanup.policy")


@dataclass(frozen=True)
class Greeting:
    """What a broker told who came in: its certificate, None without TLS, and all brokers."""

    certificate: Certificate | None
    brokers: tuple[str, ...]


@dataclass(frozen=True)
class Described:
    """A topic as brokers tell of it; `error` says why there is none.

    `forbidden` is set where `may_write` is false. `replicas` and `in_sync` are those of the
    partition that has fewest.
    """

    name: str
    error: PgTideError | None = None
    partitions: int = 0
    leaderless: tuple[int, ...] = ()
    replicas: int = 0
    in_sync: int = 0
    may_write: bool | None = None
    configs: Mapping[str, str] = field(default_factory=dict)
    forbidden: PgTideError | None = None

    @property
    def refusal(self) -> PgTideError | None:
        """Why this user can write nothing there, as far as brokers tell."""
        return self.error or self.forbidden

    def number(self, name: str) -> int | None:
        """A setting of the topic that is a number; None where brokers do not tell it."""
        return int(self.configs[name]) if name in self.configs else None


class Inquiry:
    """Asks the brokers of one pipeline, as the user that it logs in as."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tokens = tokens_of(settings)

    async def greet(self, broker: str) -> Greeting:
        """Connect to one broker (host:port), log in, and ask which brokers there are.

        Raises the error of ours that says why that is not possible.
        """
        dialer = Dialer(self._settings)
        await dialer.protect(self._tokens)
        host, _, port = broker.rpartition(":")
        connection, said = await dialer.bootstrap(host.strip("[]"), int(port), PATIENCE)
        try:
            shown = of_peer(connection._writer.get_extra_info("ssl_object"))
        finally:
            connection.abort()
        each = said.to_object()["brokers"]
        return Greeting(shown, tuple(_address(one["host"], one["port"]) for one in each))

    @asynccontextmanager
    async def asking(self, *, idempotent: bool = False) -> AsyncIterator["Asking"]:
        """A client to ask with; `idempotent`, it asked for a producer id already.

        Raises what `KafkaClient.start` does: FatalError `cluster_not_authorized` is the answer to
        whether this user may produce so.
        """
        settings = dataclasses.replace(self._settings, idempotent=idempotent)
        client = KafkaClient(settings, self._tokens)
        await client.start(PATIENCE)
        try:
            yield Asking(client, self._settings)
        finally:
            await client.close()


class Asking:
    """Questions through a client that has started."""

    def __init__(self, client: KafkaClient, settings: Settings) -> None:
        self._network = client._client
        self._settings = settings
        self.compressed_size = client.compressed_size

    async def topics(self, names: Sequence[str]) -> dict[str, Described]:
        """Topics by these names, whether they are there or not."""
        said = (await self._any(Metadata(names))).to_object()["topics"]
        there = [topic["topic"] for topic in said if not topic["error_code"]]
        configs = await self._configs(there) if there else {}
        return {topic["topic"]: self._described(topic, configs) for topic in said}

    async def refusal_to_create(
        self, name: str, partitions: int, replication: int
    ) -> PgTideError | None:
        """Why this user could not create a topic so; None if it could. It is not created."""
        timeout_ms = self._settings.request_timeout_ms
        request = _Validate(name, partitions, replication, timeout_ms)
        try:
            controller = self._network.cluster.controller
            if controller is None:
                answer = await self._any(request)
            else:
                answer = await self._at(controller.nodeId, request)
        except PgTideError as error:
            return error
        return refused(name, answer)

    async def _any(self, request: Any) -> Any:
        """Ask one broker after another, until one answers."""
        nodes = [broker.nodeId for broker in self._network.cluster.brokers()] or ["bootstrap"]
        for node in nodes[:-1]:
            with suppress(TransientError):
                return await self._at(node, request)
        return await self._at(nodes[-1], request)

    async def _at(self, node: Any, request: Any) -> Any:
        with mapped():
            async with asyncio.timeout(PATIENCE):
                return await self._network.send(node, request)

    async def _configs(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        """Settings by topic; none of those that this user may not describe."""
        wanted = [(TOPIC_RESOURCE, name, list(CONFIGS)) for name in names]
        try:
            answer = await self._any(DescribeConfigsRequest(wanted))
        except PgTideError:
            return {}
        return {
            name: {entry[0]: entry[1] for entry in entries}
            for code, _, _, name, entries in answer.resources
            if not code
        }

    def _described(self, topic: dict[str, Any], configs: Mapping[str, Any]) -> Described:
        name, code, partitions = topic["topic"], topic["error_code"], topic["partitions"]
        operations = topic.get("operations", -1)
        may_write = bool(operations & MAY_WRITE) if operations > 0 else None
        return Described(
            name=name,
            error=self._missing(name, code) if code or not partitions else None,
            partitions=len(partitions),
            leaderless=tuple(sorted(p["partition"] for p in partitions if p["leader"] < 0)),
            replicas=min((len(p["replicas"]) for p in partitions), default=0),
            in_sync=min((len(p["isr"]) for p in partitions), default=0),
            may_write=may_write,
            configs=configs.get(name, {}),
            forbidden=may_not_write(name, self._settings) if may_write is False else None,
        )

    def _missing(self, name: str, code: int) -> PgTideError:
        kind = errors.for_code(code)
        if kind is errors.TopicAuthorizationFailedError:
            what = f'Kafka: topic "{name}": this user may not know it, if it is there'
            return may_not_write(name, self._settings, what)
        if code and kind is not errors.UnknownTopicOrPartitionError:
            error = ours(kind())
            error.message = f'Kafka: topic "{name}": {kind.description}'
            return error
        return topic_missing(name, self._settings)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Validate(CreateTopic):
    """A request for a topic that brokers only look at: rights, numbers, their policy."""

    def build(self, request_struct_class: Any) -> Any:
        """Return the struct of the version that the broker understands."""
        made = super().build(request_struct_class)
        made.validate_only = True
        return made
