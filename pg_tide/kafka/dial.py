"""Makes connections to brokers, and says of each that could not be made why.

Where a broker only hangs up, one question more on a connection of its own tells whether it wants
TLS or a login; nothing secret is said in it.
"""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from aiokafka.protocol.admin import SaslHandShakeRequest  # type: ignore[import-untyped]
from aiokafka.protocol.metadata import MetadataRequest  # type: ignore[import-untyped]

from pg_tide.errors import PgTideError
from pg_tide.kafka.attempt import Attempt
from pg_tide.kafka.connection import FAMILIES, Address, Connection, Protection
from pg_tide.kafka.refusals import login_required, refusal
from pg_tide.kafka.settings import Settings
from pg_tide.kafka.tls import read_context
from pg_tide.kafka.tls_refusals import tls_not_spoken
from pg_tide.kafka.tokens import Tokens

ASK_WITHIN = 0.8  # seconds for the question more
HUNG_UP = "kafka_unreachable"


class Dialer:
    """Connects to any broker of a pipeline's; `protection` may be replaced at any time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.protection = Protection(login=settings.login)

    async def protect(self, tokens: Tokens | None) -> None:
        """Read the files of certificates anew, and have a token to log in with."""
        tls = self._settings.tls
        context = None if tls is None else await read_context(tls)
        if tokens is not None:
            await tokens.token()
        self.protection = Protection(context, self._settings.login, tokens)

    async def bootstrap(
        self, host: str, port: int, seconds: float, topics: Iterable[str] = ()
    ) -> tuple[Connection, Any]:
        """Connect to a broker of the configuration, and ask which others there are, and of topics.

        Raises what `connect` does; FatalError `login_required` too, which shows only now.
        """
        async with self._explained(host, port, seconds) as attempt:
            connection = await self._open(self._address(host, port), attempt)
            try:
                return connection, await connection.send(MetadataRequest(list(topics)))
            except BaseException:
                connection.abort()
                raise

    async def connect(
        self,
        host: str,
        port: int,
        seconds: float,
        on_close: Callable[[Any, Any], None] | None = None,
    ) -> Connection:
        """Connect and log in within so many seconds, or raise the error of ours that says why."""
        async with self._explained(host, port, seconds) as attempt:
            return await self._open(self._address(host, port), attempt, on_close)

    @contextlib.asynccontextmanager
    async def _explained(self, host: str, port: int, seconds: float) -> AsyncIterator[Attempt]:
        address = self._address(host, port)
        attempt = Attempt(
            where=str(address),
            seconds=seconds,
            tls=self._settings.tls,
            login=self._settings.login,
            advertised=str(address) not in self._settings.brokers,
        )
        try:
            async with asyncio.timeout(seconds):
                yield attempt
        except Exception as error:
            found = refusal(error, attempt)
            if found.reason == HUNG_UP:
                found = await self._why_hung_up(address, attempt) or found
            elif found.reason == "login_refused" and self.protection.tokens is not None:
                self.protection.tokens.forget()
            raise found from error

    async def _open(
        self,
        address: Address,
        attempt: Attempt,
        on_close: Callable[[Any, Any], None] | None = None,
    ) -> Connection:
        connection = self._connection(address, self.protection, on_close)
        try:
            await connection.connect()
        finally:
            attempt.mechanisms.extend(connection.mechanisms)
        return connection

    async def _why_hung_up(self, address: Address, attempt: Attempt) -> PgTideError | None:
        if attempt.tls is not None and await self._speaks(address):
            return tls_not_spoken(attempt)
        if attempt.login is None:
            attempt.mechanisms.extend(await self._mechanisms(address))
            if attempt.mechanisms:
                return login_required(attempt)
        return None

    async def _speaks(self, address: Address) -> bool:
        """Whether who listens there speaks Kafka without TLS."""
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(ASK_WITHIN), self._asking(address, Protection()):
                return True
        return False

    async def _mechanisms(self, address: Address) -> list[str]:
        """The mechanisms that a broker takes; none where it takes no login."""
        protection = dataclasses.replace(self.protection, login=None)
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(ASK_WITHIN), self._asking(address, protection) as asked:
                await asked.send(SaslHandShakeRequest("PLAIN"))
                return asked.mechanisms
        return []

    @contextlib.asynccontextmanager
    async def _asking(self, address: Address, protection: Protection) -> AsyncIterator[Connection]:
        connection = self._connection(address, protection)
        await connection.connect()
        try:
            yield connection
        finally:
            connection.abort()

    def _address(self, host: str, port: int) -> Address:
        return Address(host, port, FAMILIES[self._settings.address_family])

    def _connection(
        self,
        address: Address,
        protection: Protection,
        on_close: Callable[[Any, Any], None] | None = None,
    ) -> Connection:
        timeout = self._settings.request_timeout_ms / 1000
        return Connection(address, protection, self._settings.client_id, timeout, on_close)
