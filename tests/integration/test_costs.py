"""What delivering and publishing cost, counted: a regression shows without any clock.

Statements in a drain, and bytes of WAL. The bounds leave room for other versions of PostgreSQL,
not for another order of magnitude.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest

from pg_tide import ownership
from pg_tide.config import PipelineConfig
from pg_tide.errors import MessageError
from pg_tide.kafka import KafkaClient, ahead, settings_of
from pg_tide.kafka.connection import Connection as KafkaConnection
from pg_tide.message import Rejected
from pg_tide.migrate import migrate
from pg_tide.outbox import COMMIT, COMMIT_LETTERS, NEXT_PAGE, OPEN_WINDOW
from pg_tide.postgres import Connection as RelayConnection
from pg_tide.relay import Relay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.postgres import new_server
from tests.fixtures.relay_process import until
from tests.fixtures.relay_task import process_config, running
from tests.fixtures.sql import Connection
from tests.integration.rules.stage import SET_UP, staged

MANY = 5000  # messages of the drain
WRITES = 500  # publishes, and commits, of which the WAL is measured
PAYLOAD = json.dumps({"order_id": 1, "note": "x" * 470})  # 500 bytes and a few
# Nothing but the test writes, and never a whole page.
QUIET = {
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1d",
    "full_page_writes": "off",
}
PIPELINE = """
    select tide.relay_set_outbox('p', 'orders', 'relay', '{"brokers": "x:9092", "topic": "t"}')
"""
PUBLISH = "select tide.outbox_publish('orders', $1, 'customer-1')"
INSERT = """
    insert into flat (outbox_id, slot, op, key, dedup_key, payload)
      values (1, 0, 'insert', 'customer-1', 'customer-1', $1)
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the round trips of relays of this process to PostgreSQL, by statement."""
    counts: Counter[str] = Counter()

    def counting(name: str) -> None:
        ask = getattr(RelayConnection, name)

        async def counted(self: RelayConnection, sql: str, *values: Any) -> Any:
            counts[sql] += 1
            return await ask(self, sql, *values)

        monkeypatch.setattr(RelayConnection, name, counted)

    for name in ("rows", "row", "value", "script"):
        counting(name)
    return counts


async def test_a_drain_takes_few_statements(
    db: Connection, database: str, kafka_server: str, topic: TopicFactory, asked: Counter[str]
) -> None:
    await db.execute("select tide.outbox_create('orders')")
    payloads = [PAYLOAD] * MANY
    await db.execute("select tide.outbox_publish_many('orders', $1::jsonb[])", payloads)
    config = json.dumps({"brokers": kafka_server, "topic": topic(4)})
    await db.execute("select tide.relay_set_outbox('p', 'orders', 'g', $1)", config)

    async def delivered() -> bool:
        return bool(await db.fetchval("select delivered = $1 from tide.position", MANY))

    async with running(Relay(process_config(database))):
        await until(delivered)
    assert 1 <= asked[NEXT_PAGE] <= 8, asked  # pages grow, and a window is opened for the first
    assert 1 <= asked[COMMIT] <= 10, asked
    polls_of_nothing = asked[OPEN_WINDOW]  # how many, takes a clock
    assert asked.total() - polls_of_nothing <= 90, asked  # starting and stopping in it


async def test_a_poll_is_one_round_trip_and_so_is_a_commit(
    db: Connection, database: str, asked: Counter[str]
) -> None:
    await db.execute(SET_UP)
    await db.execute(PIPELINE)
    async with staged(database) as stage:
        outbox = await stage.reader()
        await stage.publish()
        await stage.publish()
        first = await outbox.poll(1, 10**6)
        second = await outbox.poll(1, 10**6)
        assert asked == {OPEN_WINDOW: 1, NEXT_PAGE: 1}
        asked.clear()
        await outbox.commit(first.end, 1, 0)
        too_large = MessageError("far too large", stage="encode", reason="too_large")
        await outbox.commit(second.end, 0, 0, [Rejected(second.messages[0], too_large)])
        assert asked == {COMMIT: 1, COMMIT_LETTERS: 1}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, asked: Counter[str]) -> list[str]:
    """Return what Kafka is asked until the first record goes; nothing is counted after that."""
    requests: list[str] = []
    send = KafkaConnection.send

    def noted(self: KafkaConnection, request: Any, expect_response: bool = True) -> Awaitable[Any]:
        if "Produce" not in requests:
            requests.append(type(request).__name__.removesuffix("Request"))
            if requests[-1] == "Produce":
                asked["until the first record"] = asked.total()
        return send(self, request, expect_response)

    monkeypatch.setattr(KafkaConnection, "send", noted)
    monkeypatch.setattr(ahead, "SERVES", 60)
    return requests


@pytest.fixture
async def disabled(db: Connection, kafka_server: str, topic: TopicFactory) -> Connection:
    """Return a connection to where a pipeline with a message before it is to be enabled."""
    config = json.dumps({"brokers": kafka_server, "topic": topic(4)})
    await db.execute("select tide.outbox_create('orders')")
    await db.execute("select tide.outbox_publish('orders', $1)", PAYLOAD)
    set_outbox = "select tide.relay_set_outbox('p', 'orders', 'g', $1, enabled => false)"
    await db.execute(set_outbox, config)
    return db


async def test_the_first_record_waits_for_few_answers_and_for_no_clock(
    disabled: Connection,
    database: str,
    kafka_server: str,
    asked: Counter[str],
    sent: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ownership, "LOOK", 3600)
    relay = Relay(process_config(database))

    async def is_ready() -> bool:
        return not relay.problems()

    async def delivered() -> bool:
        return bool(await disabled.fetchval("select delivered = 1 from tide.position"))

    first = KafkaClient(settings_of(PipelineConfig.parse({"brokers": kafka_server, "topic": "t"})))
    await first.start()  # a broker's first producer waits for its ids
    await first.close()
    async with running(relay):
        await until(is_ready)
        asked.clear()
        sent.clear()
        await disabled.execute("select tide.relay_enable('p')")
        await until(delivered)
    once = ["DescribeConfigs", "InitProducerId", "Metadata", "Produce"]
    assert sorted(sent) == ["ApiVersion", "ApiVersion", *once], "of each of two connections"
    assert asked["until the first record"] <= 30, asked


@pytest.fixture
async def quiet() -> AsyncIterator[str]:
    """Yield the URL of a server of its own, with the schema, in which nothing else is written."""
    with new_server(QUIET) as server:
        await migrate(server.url)
        yield server.url


async def wal_of(db: Connection) -> int:
    """Return how many bytes of WAL there have been."""
    found: int = await db.fetchval(
        "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8"
    )
    return found


async def bytes_each(db: Connection, statement: str) -> float:
    """Return the bytes of WAL of a transaction with this statement, beyond the payload."""
    prepared = await db.prepare(statement)
    await prepared.fetch(PAYLOAD)  # what the first one makes
    before = await wal_of(db)
    for _ in range(WRITES):
        await prepared.fetch(PAYLOAD)
    return (await wal_of(db) - before) / WRITES - len(PAYLOAD)


async def test_publishing_writes_what_an_insert_does(quiet: str) -> None:
    async with staged(quiet) as stage:
        await stage.db.execute(SET_UP)
        await stage.db.execute("create table flat (like tide.message including all)")
        published = await bytes_each(stage.db, PUBLISH)
        inserted = await bytes_each(stage.db, INSERT)
    assert published <= inserted * 1.02
    assert published <= 400


async def test_a_position_is_a_small_write(quiet: str) -> None:
    async with staged(quiet) as stage:
        await stage.db.execute(SET_UP)
        outbox = await stage.reader()
        ends = []
        for _ in range(WRITES):
            await stage.publish()
            ends.append((await outbox.poll(100, 10**6)).end)
        before = await wal_of(stage.db)
        for end in ends:
            await outbox.commit(end, 1, 0)
        written = await wal_of(stage.db)
        for _ in range(WRITES):
            await outbox.poll(100, 10**6)
        polled = await wal_of(stage.db)
    assert (written - before) / WRITES <= 300
    assert (polled - written) / WRITES <= 2  # none, but who reads a page may tidy it up
