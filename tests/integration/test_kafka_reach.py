"""Brokers that cannot be reached, each with its reason, and which addresses are tried."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from pg_tide.demo.ports import free_port
from pg_tide.errors import FatalError, TransientError
from pg_tide.kafka.attempt import ADVERTISED
from pg_tide.kafka.connection import Connection
from pg_tide.kafka.dial import Dialer
from tests.integration.test_kafka_client import refused, started

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer nothing, and end."""
    await reader.read(4)
    writer.close()


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer nothing for as long as there is a client."""
    while await reader.read(1000):
        pass
    writer.close()


async def speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as a web server."""
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    writer.close()


@contextlib.asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    """Have somebody who is no broker listen; yield the address."""
    serving: list[asyncio.Task[None]] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.append(task)
        with contextlib.suppress(OSError):
            await serve(reader, writer)
            await writer.wait_closed()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await asyncio.gather(*serving)


async def test_nobody_listens() -> None:
    error = await refused(f"127.0.0.1:{free_port()}")
    assert (type(error), error.reason) == (TransientError, "connection_refused")


async def test_nobody_listens_at_any_address_of_a_name() -> None:
    assert (await refused(f"localhost:{free_port()}")).reason == "connection_refused"


async def test_a_name_is_unknown() -> None:
    error = await refused("kafka.invalid:9092")
    assert (type(error), error.reason) == (TransientError, "host_unknown")
    assert "kafka.invalid:9092" in error.message


@pytest.mark.parametrize(("family", "host"), [("v6", "127.0.0.1"), ("v4", "[::1]")])
async def test_only_addresses_of_the_family_are_tried(family: str, host: str) -> None:
    error = await refused(f"{host}:{free_port()}", broker_address_family=family)
    assert error.reason == "host_unknown"
    assert "broker_address_family" in (error.hint or "")


@pytest.mark.parametrize("family", ["any", "v4"])
async def test_a_name_leads_to_the_broker(kafka_server: str, family: str) -> None:
    by_name = kafka_server.replace("127.0.0.1", "localhost")
    async with started(by_name, broker_address_family=family):
        pass


async def test_nothing_is_answered() -> None:
    async with listening(say_nothing) as address:
        ways = (refused(address, tls_enabled=tls) for tls in (False, True))
        for error in await asyncio.gather(*ways):
            assert (type(error), error.reason) == (TransientError, "kafka_timeout")


@pytest.mark.parametrize("tls", [False, True])
async def test_what_hangs_up_may_be_back_soon(tls: bool) -> None:
    async with listening(hang_up) as address:
        error = await refused(address, tls_enabled=tls)
    assert (type(error), error.reason) == (TransientError, "kafka_unreachable")


@pytest.mark.parametrize(("tls", "reason"), [(False, "not_kafka"), (True, "tls_not_spoken")])
async def test_a_web_server_is_no_broker(tls: bool, reason: str) -> None:
    async with listening(speak_http) as address:
        error = await refused(address, tls_enabled=tls)
    assert (type(error), error.reason) == (FatalError, reason)


async def test_one_broker_of_several_is_enough(kafka_server: str) -> None:
    async with listening(say_nothing) as silent:
        away = f"127.0.0.1:{free_port()}"
        async with started(f"{away},kafka.invalid:9092,{silent},{kafka_server}"):
            pass


async def test_of_several_brokers_the_reason_that_a_person_must_see_is_told(
    kafka_server: str,
) -> None:
    del kafka_server
    async with listening(speak_http) as web:
        error = await refused(f"127.0.0.1:{free_port()},{web},kafka.invalid:9092")
    assert error.reason == "not_kafka"
    assert "kafka.invalid:9092" in error.message


async def test_brokers_that_advertise_an_address_where_they_are_not(
    kafka_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container: the first one answers, and the others that it tells of are nowhere."""
    connect, nowhere = Dialer.connect, free_port()

    def elsewhere(self: Dialer, host: str, port: int, *rest: Any) -> Awaitable[Connection]:
        del port
        return connect(self, host, nowhere, *rest)

    monkeypatch.setattr(Dialer, "connect", elsewhere)
    error = await refused(kafka_server)
    assert error.reason == "connection_refused"
    assert error.hint == ADVERTISED
