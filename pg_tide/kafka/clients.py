"""Makes the clients of one pipeline, one after another.

What serves the next one too is kept here: tokens, and how long brokers took to answer.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from pg_tide import log
from pg_tide.config import PipelineConfig
from pg_tide.errors import PgTideError
from pg_tide.intent import Identity
from pg_tide.kafka.client import Arrived, KafkaClient, nothing
from pg_tide.kafka.hearsay import listen
from pg_tide.kafka.patience import FIRST_PATIENCE
from pg_tide.kafka.settings import Settings, settings_of
from pg_tide.kafka.tokens import Tokens
from pg_tide.kafka.transactional import TransactionalClient

Client = TypeVar("Client", bound=KafkaClient)

logger = log.get("kafka")


class Clients:
    """Starts clients by the configuration as it is then; its warnings go to the logger `told`.

    A password that was changed in its file is so taken up when the old one is refused. `topics`
    are those that a configuration names, which will be asked for first. `arrived` is told of each
    batch that is acknowledged.
    """

    def __init__(
        self,
        current: Callable[[], Awaitable[PipelineConfig]],
        told: Any = logger,
        topics: Callable[[PipelineConfig], Iterable[str]] = lambda _: (),
        arrived: Arrived = nothing,
    ) -> None:
        listen()
        self._current = current
        self._told = told
        self._settings: Settings | None = None
        self._tokens: Tokens | None = None
        self._topics = topics
        self._arrived = arrived
        self._patience = FIRST_PATIENCE
        self._ahead: asyncio.Task[KafkaClient | None] | None = None

    def begin(self) -> None:
        """Have a client on its way: the next `start` returns it, or raises what it did.

        Transactional ones are not begun: theirs end what came before. Call `leave` in the end.
        """
        self._ahead = asyncio.create_task(self._start_ahead())

    async def _start_ahead(self) -> KafkaClient | None:
        config = await self._current()
        return None if config.exactly_once or config.dry_run else await self._start(config)

    async def leave(self) -> None:
        """End what was begun, if nobody has it."""
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return
        ahead.cancel()
        await asyncio.wait({ahead})
        if not (ahead.cancelled() or ahead.exception()) and (client := ahead.result()) is not None:
            await client.close()

    async def start(self) -> KafkaClient:
        """Start another client; brokers that were silent get twice the time, up to a request's.

        Raises what `KafkaClient.start` does.
        """
        return await self._begun() or await self._start(await self._current())

    async def _begun(self) -> KafkaClient | None:
        if self._ahead is None:
            return None
        await asyncio.wait({self._ahead})  # whoever is cancelled meanwhile leaves it to `leave`
        begun, self._ahead = self._ahead, None
        return begun.result()

    async def _start(self, config: PipelineConfig) -> KafkaClient:
        settings = self._latest(config)
        client = KafkaClient(settings, self._tokens, expected=self._topics(config))
        return await self._started(client, settings)

    async def start_transactional(self, identity: Identity, timeout_ms: int) -> TransactionalClient:
        """Start a transactional one as the identity says, by the configuration in all else.

        Raises what `TransactionalClient.start` does; silent brokers get more time as above.
        """
        latest = self._latest(await self._current())
        settings = dataclasses.replace(latest, brokers=identity.brokers)
        client = TransactionalClient(settings, identity.transactional_id, timeout_ms, self._tokens)
        return await self._started(client, settings)

    def _latest(self, config: PipelineConfig) -> Settings:
        settings = settings_of(config)
        if settings != self._settings:
            self._settings, self._tokens = settings, tokens_of(settings)
            for warning in config.warnings:
                self._told.warning(warning)
        return settings

    async def _started(self, client: Client, settings: Settings) -> Client:
        client.arrived = self._arrived
        try:
            await client.start(self._patience)
        except PgTideError:
            if client.short_of_time:
                most = max(FIRST_PATIENCE, settings.request_timeout_ms / 1000)
                self._patience = min(self._patience * 2, most)
            raise
        self._patience = FIRST_PATIENCE
        return client


def tokens_of(settings: Settings) -> Tokens | None:
    """The tokens to log in with, if the mechanism takes some.

    What gets them costs memory, which only those pay who use it.
    """
    login, tls = settings.login, settings.tls
    if login is not None and login.tokens is not None:
        from pg_tide.kafka.oauth import Fetcher  # noqa: PLC0415

        return Tokens(Fetcher(login.tokens, None if tls is None else tls.ca))
    if login is not None and login.mechanism == "AWS_MSK_IAM":
        from pg_tide.kafka.aws import Signer  # noqa: PLC0415

        return Tokens(Signer(login.aws_region))
    return None
