"""What a relay can be at best on these parts: fetch, batch, send, and nothing else.

It reads by id and so loses messages beside publishers; it holds no lease, writes no position and
gives up at the first failure. Its records are those of the relay, to the byte.

`python -m tests.benchmarks.benches.prototype POSTGRES_URL BROKERS OUTBOX TOPIC PARTITIONS` begins
when it reads a line, and ends when there are no more.
"""

import asyncio
import gc
import sys
from collections.abc import Iterator
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]

from pg_tide.partition import Partitioner

_PAGE = 5000  # messages
_REQUEST = 1_048_576  # bytes, the default of max_request_size
_READ = """
    select id, op, key, dedup_key, convert_to(payload::text, 'UTF8'),
           (date_part('epoch', published_at) * 1000000)::bigint
      from tide.message where outbox_id = $1 and id > $2 order by id limit $3
"""
Batches = list[tuple[int, Any]]


class Prototype:
    """Carries what an outbox holds to a topic."""

    def __init__(self, outbox: str, topic: str, partitions: int, producer: Any) -> None:
        self._topic = topic
        self._outbox = outbox.encode()
        self._partition_of = Partitioner("murmur2", "random").for_topic(partitions, topic)
        self._producer = producer

    async def carry(self, connection: Any, outbox_id: int) -> None:
        """Read the next page while the last one is sent, to the end."""
        read = await connection.prepare(_READ)
        sent: list[asyncio.Future[Any]] = []
        page = await read.fetch(outbox_id, 0, _PAGE)
        while page:
            reading = asyncio.create_task(read.fetch(outbox_id, page[-1][0], _PAGE))
            await asyncio.sleep(0)  # PostgreSQL looks for them while batches are filled
            batches = list(self._filled(page))
            await asyncio.gather(*sent)
            sent = [
                await self._producer.send_batch(batch, self._topic, partition=partition)
                for partition, batch in batches
            ]
            page = await reading
        await asyncio.gather(*sent)

    def _filled(self, page: list[Any]) -> Iterator[tuple[int, Any]]:
        open_batches: dict[int, Any] = {}
        own, outbox_header = self._outbox, ("pg_tide_outbox", self._outbox)
        ops: dict[str, tuple[str, bytes]] = {}
        for message_id, op, key, dedup_key, payload, at in page:
            op_header = ops.get(op) or ops.setdefault(op, ("pg_tide_op", op.encode()))
            headers = [outbox_header, op_header, ("pg_tide_id", b"%b:%d" % (own, message_id))]
            if dedup_key is not None:
                headers.append(("pg_tide_dedup_key", dedup_key.encode()))
            key_bytes = key.encode()
            partition = self._partition_of(key_bytes)
            batch = open_batches.get(partition)
            record = {"key": key_bytes, "value": payload, "headers": headers}
            while batch is None or batch.append(timestamp=at // 1000, **record) is None:
                if batch is not None:
                    yield partition, batch
                batch = open_batches[partition] = self._producer.create_batch()
        yield from open_batches.items()


async def run(url: str, brokers: str, outbox: str, topic: str, partitions: int) -> None:
    """Connect, carry everything, and leave."""
    connection = await asyncpg.connect(url)
    outbox_id = await connection.fetchval("select id from tide.outbox where name = $1", outbox)
    producer = AIOKafkaProducer(
        bootstrap_servers=brokers,
        acks="all",
        enable_idempotence=True,
        compression_type="zstd",
        max_batch_size=_REQUEST,
        max_request_size=_REQUEST,
    )
    await producer.start()
    await producer.partitions_for(topic)
    await Prototype(outbox, topic, partitions, producer).carry(connection, outbox_id)
    await producer.stop()
    await connection.close()


def main() -> None:
    """Be ready, wait for a line, run, wait for the end."""
    url, brokers, outbox, topic, partitions = sys.argv[1:]
    gc.freeze()  # as the relay does
    gc.set_threshold(100_000, 50, 1000)
    say("ready")
    sys.stdin.readline()
    asyncio.run(run(url, brokers, outbox, topic, int(partitions)))
    say("done")
    sys.stdin.readline()  # what it used is read first


def say(word: str) -> None:
    """Tell the process that started this one."""
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
