"""One connection of aiokafka, with what it lacks: address families, sessions that end, tokens.

It is told when its login expires, and is `due` to be replaced before that: brokers hang up on
sessions that outlive their login (KIP-368), and aiokafka does not log in anew on a connection.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import time
import weakref
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiokafka.conn import (  # type: ignore[import-untyped]
    READER_LIMIT,
    AIOKafkaConnection,
    AIOKafkaProtocol,
)
from aiokafka.protocol.admin import (  # type: ignore[import-untyped]
    SaslAuthenticateRequest,
    SaslHandShakeRequest,
)
from aiokafka.protocol.metadata import MetadataRequest  # type: ignore[import-untyped]
from aiokafka.util import create_future  # type: ignore[import-untyped]

from pg_tide.kafka.settings import Login
from pg_tide.kafka.tokens import Tokens

FAMILIES = {"any": socket.AF_UNSPEC, "v4": socket.AF_INET, "v6": socket.AF_INET6}
NEXT_ADDRESS = 0.25  # seconds until a name's next address is tried beside the first (RFC 8305)
SERVES = 0.85  # of a session's life, then the next connection takes its place
POSTPONED = 5.0  # seconds, when it could not be replaced


@dataclass(frozen=True)
class Address:
    """Where a broker is."""

    host: str
    port: int
    family: socket.AddressFamily = socket.AF_UNSPEC

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Protection:
    """What a connection is encrypted with, and who logs in over it."""

    context: ssl.SSLContext | None = None
    login: Login | None = None
    tokens: Tokens | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The same for aiokafka."""
        login = self.login
        if login is None:
            return {"security_protocol": "PLAINTEXT" if self.context is None else "SSL"}
        return {
            "security_protocol": "SASL_PLAINTEXT" if self.context is None else "SASL_SSL",
            "sasl_mechanism": login.spoken,
            "sasl_plain_username": login.username,
            "sasl_plain_password": login.password,
            "sasl_oauth_token_provider": self.tokens,
        }


class Connection(AIOKafkaConnection):  # type: ignore[misc]
    """A connection to one broker; `mechanisms` are those that it said it takes."""

    def __init__(
        self,
        address: Address,
        protection: Protection,
        client_id: str,
        request_timeout: float,
        on_close: Callable[[Any, Any], None] | None = None,
    ) -> None:
        super().__init__(
            address.host,
            address.port,
            client_id=client_id,
            request_timeout_ms=request_timeout * 1000,
            ssl_context=protection.context,
            max_idle_ms=540_000,
            on_close=on_close,
            **protection.options,
        )
        self._family = address.family
        self._serves_until: float | None = None
        self.mechanisms: list[str] = []

    async def connect(self) -> None:
        """Connect and log in, as far as it is asked to; nothing is left open when it fails."""
        self._closed_fut = create_future()
        reader = asyncio.StreamReader(limit=READER_LIMIT, loop=self._loop)
        protocol = AIOKafkaProtocol(self._closed_fut, reader, loop=self._loop)
        transport, _ = await self._loop.create_connection(
            lambda: protocol,
            self.host,
            self.port,
            ssl=self._ssl_context,
            family=self._family,
            happy_eyeballs_delay=NEXT_ADDRESS,
        )
        writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
        self._reader, self._writer, self._protocol = reader, writer, protocol
        self._read_task = self._create_reader_task()
        self._idle_handle = self._loop.call_soon(self._idle_check, weakref.ref(self))
        try:
            await self._do_version_lookup()
            if self._security_protocol.startswith("SASL_"):
                await self._do_sasl_handshake()
        except BaseException:
            self.abort()
            raise

    def send(self, request: Any, expect_response: bool = True) -> Awaitable[Any]:
        """Send a request; what is said about the login is noted.

        To ask for a topic does not create it, as brokers do by default: a mistyped name is told.
        """
        if isinstance(request, MetadataRequest):
            request._allow_auto_topic_creation = False
            request._topics = request._topics or []  # and not all that there are
        answer: Awaitable[Any] = super().send(request, expect_response)
        if isinstance(request, SaslHandShakeRequest | SaslAuthenticateRequest):
            return self._noted(answer)
        return answer

    async def _noted(self, answer: Awaitable[Any]) -> Any:
        said = await answer
        self.mechanisms = getattr(said, "enabled_mechanisms", self.mechanisms)
        if lifetime_ms := getattr(said, "session_lifetime_ms", 0):
            self._serve(lifetime_ms / 1000)
        return said

    def _serve(self, seconds: float) -> None:
        until = time.monotonic() + seconds * SERVES
        self._serves_until = min(until, self._serves_until or until)

    @property
    def due(self) -> bool:
        """Whether its login ends soon, and nothing is under way on it."""
        return (
            self._serves_until is not None
            and not self._requests
            and time.monotonic() >= self._serves_until
        )

    def postpone(self) -> None:
        """Let it serve a little longer: it could not be replaced."""
        self._serves_until = time.monotonic() + POSTPONED

    def close(self, reason: Any = None, exc: Any = None) -> Any:
        """Close it; a request without an answer may go elsewhere now, and must not arrive late."""
        if self._requests:
            discard(self._writer)
        return super().close(reason, exc)

    def abort(self) -> None:
        """Close it so that nothing that was written to it arrives any more."""
        discard(self._writer)
        self.close()

    def authenticator_oauth(self) -> "_Bearer":
        """What aiokafka asks for the messages of OAUTHBEARER."""
        return _Bearer(self._sasl_oauth_token_provider, self._serve)


def discard(writer: asyncio.StreamWriter | None) -> None:
    """Throw away what was written and not yet sent, by this process and by its system."""
    if writer is None or writer.is_closing():
        return
    taken = writer.get_extra_info("socket")
    if taken is not None:
        with contextlib.suppress(OSError):  # it is closed already
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class _Bearer:
    """The client's side of OAUTHBEARER (RFC 7628), which aiokafka ends before the broker's no.

    Whoever does not answer a refusal waits for ever: for an answer, and a broker that waits too.
    """

    def __init__(self, tokens: Tokens, serve: Callable[[float], None]) -> None:
        self._tokens = tokens
        self._serve = serve
        self._sent = False

    async def step(self, said: bytes | None) -> tuple[bytes, bool] | None:
        """The next message and whether it has an answer; None at the end."""
        if not self._sent:
            self._sent = True
            token = await self._tokens.token()
            self._serve(self._tokens.remaining)
            return f"n,,\x01auth=Bearer {token}\x01\x01".encode(), True
        return (b"\x01", True) if said else None
