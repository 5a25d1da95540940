"""What a connection had not sent when it was ended does not arrive any more."""

import asyncio
import struct

import pytest
from aiokafka.protocol.metadata import MetadataRequest  # type: ignore[import-untyped]

from pg_tide.kafka.connection import Address, Connection, Protection

VERSIONS = struct.pack(">hihhh", 0, 1, MetadataRequest.API_KEY, 0, 5)
LARGE = 60_000_000  # bytes, many times what the buffers of a system hold


class Broker:
    """Tells which versions it speaks; reads no more until it is told to, and counts then."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()
        self.arrived = asyncio.get_running_loop().create_future()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        request = await reader.readexactly(size)
        answer = request[4:8] + VERSIONS
        writer.write(struct.pack(">i", len(answer)) + answer)
        await self.goes_on.wait()
        count = 0
        try:
            while some := await reader.read(1_000_000):
                count += len(some)
        except ConnectionError:
            pass
        self.arrived.set_result(count)
        writer.close()


@pytest.mark.parametrize(
    ("answered", "how", "arrives"),
    [
        (True, "abort", False),
        (True, "close", False),
        (False, "abort", False),
        (False, "close", True),
    ],
)
async def test_what_was_not_sent_is_thrown_away(answered: bool, how: str, arrives: bool) -> None:
    """Only what nobody is to answer, acks=0, and is closed in order, is sent to its end."""
    broker = Broker()
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        connection = Connection(Address("127.0.0.1", port), Protection(), "test", 30)
        await connection.connect()
        request = MetadataRequest(["x" * 20_000] * (LARGE // 20_000))
        sent = asyncio.ensure_future(connection.send(request, expect_response=answered))
        await asyncio.sleep(0)
        getattr(connection, how)()
        broker.goes_on.set()
        async with asyncio.timeout(30):
            arrived = await broker.arrived
            assert arrived >= LARGE if arrives else arrived < LARGE / 2
            await asyncio.gather(sent, return_exceptions=True)
