"""The proxy of the tests does to connections what it says."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from tests.fixtures.proxy import Direction, Proxy, in_front_of
from tests.fixtures.relay_process import until

SOON = 5.0  # seconds
A_MOMENT = 0.05  # seconds, in which a byte would have come


class Ends:
    """A server that says back what it hears, a proxy before it, and a client."""

    def __init__(self, proxy: Proxy, heard: list[bytes]) -> None:
        self.proxy = proxy
        self.heard = heard
        self.writers: list[asyncio.StreamWriter] = []
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.proxy.port)
        self.writers.append(self.writer)

    async def answer(self, seconds: float = SOON) -> bytes:
        async with asyncio.timeout(seconds):
            return await self.reader.read(65536)

    async def echo(self, said: bytes = b"hello") -> bytes:
        self.writer.write(said)
        return await self.answer()

    async def hears(self, said: bytes) -> None:
        async def heard() -> bool:
            return said in self.heard

        await until(heard, SOON)


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    """Yield the three, connected."""
    heard: list[bytes] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                heard.append(data)
                writer.write(data)
            heard.append(b"")
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with in_front_of(f"127.0.0.1:{port}") as proxy:
        made = Ends(proxy, heard)
        await made.connect()
        assert await made.echo() == b"hello"
        yield made
        for writer in made.writers:
            writer.close()
    server.close()


async def test_cut_connections_are_reset_and_new_ones_are_not(ends: Ends) -> None:
    ends.proxy.cut()
    with pytest.raises(ConnectionResetError):
        await ends.answer()
    await ends.connect()
    assert await ends.echo() == b"hello"


async def test_refusing_leaves_what_there_is(ends: Ends) -> None:
    ends.proxy.refuse()
    assert await ends.echo() == b"hello"
    with pytest.raises(ConnectionRefusedError):
        await ends.connect()
    await ends.proxy.heal()
    await ends.connect()
    assert await ends.echo() == b"hello"


async def test_what_is_stalled_passes_later(ends: Ends) -> None:
    ends.proxy.stall()
    ends.writer.write(b"first")
    with pytest.raises(TimeoutError):
        await ends.answer(A_MOMENT)
    await ends.connect()  # a new connection is stalled too
    ends.writer.write(b"second")
    with pytest.raises(TimeoutError):
        await ends.answer(A_MOMENT)
    assert ends.heard == [b"hello"]
    await ends.proxy.heal()
    assert await ends.answer() == b"second"
    await ends.hears(b"first")


@pytest.mark.parametrize(
    ("direction", "heard"), [("requests", [b"hello"]), ("answers", [b"hello", b"more"])]
)
async def test_one_way_may_be_stalled(ends: Ends, direction: Direction, heard: list[bytes]) -> None:
    ends.proxy.stall(direction)
    ends.writer.write(b"more")
    with pytest.raises(TimeoutError):
        await ends.answer(A_MOMENT)
    assert ends.heard == heard
    await ends.proxy.heal()
    assert await ends.answer() == b"more"


async def test_an_end_waits_as_data_do_while_stalled(ends: Ends) -> None:
    """A server learns nothing of a client that went away behind a network that is down."""
    ends.proxy.stall()
    ends.writer.close()
    await asyncio.sleep(A_MOMENT)
    assert ends.heard == [b"hello"]
    await ends.proxy.heal()
    await ends.hears(b"")


async def test_half_closed_towards_the_client(ends: Ends) -> None:
    ends.proxy.half_close("answers")
    assert await ends.answer() == b""
    ends.writer.write(b"still heard")
    await ends.hears(b"still heard")


async def test_half_closed_towards_the_server(ends: Ends) -> None:
    ends.proxy.half_close("requests")
    await ends.hears(b"")
    assert await ends.answer() == b"", "the server closed its side, and that came through"


async def test_throttled_it_is_as_slow_as_told(ends: Ends) -> None:
    ends.proxy.throttle(100_000)
    began = time.monotonic()
    ends.writer.write(bytes(30_000))
    came = 0
    while came < 30_000:
        came += len(await ends.answer())
    assert time.monotonic() - began > 0.25
    await ends.proxy.heal()
    assert await ends.echo() == b"hello"


async def test_closing_ends_everything(ends: Ends) -> None:
    await ends.proxy.close()
    assert ends.proxy.connections == 0
    with pytest.raises(ConnectionResetError):
        await ends.answer()
    with pytest.raises(ConnectionRefusedError):
        await ends.connect()


async def test_without_a_server_connections_end_at_once() -> None:
    async with in_front_of("127.0.0.1:1") as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        assert await reader.read() == b""
        writer.close()
