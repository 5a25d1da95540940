"""A preview shows what the relay would read next, in its order, and leaves no trace."""

import random
from collections.abc import AsyncIterator

import pytest
from asyncpg.transaction import Transaction

from pg_tide.errors import ConfigurationError, FatalError, StartError, TransientError
from pg_tide.preview import Fate, Preview, Wanted, preview
from pg_tide.secret import KeySource
from tests.fixtures.sql import Connection, all_rows, refusal
from tests.integration.rules.stage import SET_UP, Stage, drain, staged

NOBODY = "127.0.0.1:1"  # no broker
NEXT = "select array(select tide._next_ids($1, $2))"
SEEK = "select tide.consumer_group_seek('orders', 'relay', $1)"


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    """Yield a stage with the pipeline `p` for its consumer group, and nothing published yet."""
    async with staged(database) as stage:
        await stage.db.execute(SET_UP)
        await configure(stage.db)
        yield stage


async def configure(db: Connection, options: str = "") -> None:
    config = f'{{"brokers": "{NOBODY}", "topic": "order-events"{options}}}'
    await db.execute("select tide.relay_set_outbox('p', 'orders', 'relay', $1)", config)


async def next_ids(stage: Stage, most: int = 10_000) -> list[int]:
    found: list[int] = await stage.db.fetchval(NEXT, 1, most)
    return found


async def test_it_is_what_a_reader_reads_whatever_happened_before(stage: Stage) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)  # noqa: T201 - shown when it fails
    chance = random.Random(seed)
    publishers = [await stage.connect() for _ in range(4)]
    transactions: dict[Connection, Transaction] = {}
    compared = 0
    for _ in range(30):
        for publisher in chance.choices(publishers, k=8):
            if publisher not in transactions and chance.random() < 0.6:
                transactions[publisher] = publisher.transaction()
                await transactions[publisher].start()
            await stage.publish(by=publisher)
            if publisher in transactions and chance.random() < 0.4:
                over = transactions.pop(publisher)
                await (over.commit() if chance.random() < 0.8 else over.rollback())
        expected = await next_ids(stage)
        reader = await stage.reader()
        assert await drain(reader, max_messages=3) == expected
        compared += len(expected)
        assert await next_ids(stage, 2) == expected[:2]
        reader = await stage.reader()  # and go a part of the way
        for _ in range(chance.randrange(3)):
            await reader.poll(2, 10**6)
        await reader.commit(reader.position, 0, 0)
    assert compared > 100


async def test_a_seek_that_nobody_has_applied_yet_counts(stage: Stage) -> None:
    published = [await stage.publish() for _ in range(3)]
    reader = await stage.reader()
    await drain(reader)
    await reader.commit(reader.position, 3, 0)
    assert await next_ids(stage) == []
    await stage.db.execute(SEEK, str(published[1]))
    assert await next_ids(stage) == published[1:]
    assert await drain(await stage.reader()) == published[1:]


async def test_a_position_of_another_cluster_is_refused(stage: Stage) -> None:
    await stage.publish()
    await stage.db.execute("update tide.position set writer_xmin = '3'")
    assert (await refusal(stage.db, NEXT, 1, 5)).sqlstate == "TD002"
    with pytest.raises(FatalError, match="another cluster") as caught:
        await look(stage)
    assert caught.value.reason == "foreign_cluster"


async def look(
    stage: Stage, most: int = 5, ids: tuple[int, ...] = (), candidate: object = None
) -> Preview:
    wanted = Wanted("p", most, ids, candidate)  # type: ignore[arg-type]
    return await preview(stage.postgres.url, KeySource(), wanted)


def shown(fate: Fate) -> tuple[object, ...]:
    (planned,) = fate.records
    record = planned.record
    return record.topic, planned.partition, record.key, record.value


async def test_without_brokers_everything_but_the_partition_is_shown(stage: Stage) -> None:
    text = 'headers => \'{"a": "b"}\''
    await stage.db.execute(
        f"select tide.outbox_publish('orders', '{{\"n\": 1}}', key => 'k', {text})"
    )
    await stage.db.execute("select tide.outbox_publish('orders', null, op => 'delete')")
    found = await look(stage)
    assert [shown(fate) for fate in found.fates] == [
        ("order-events", "?", b"k", b'{"n": 1}'),
        ("order-events", "?", None, None),
    ]
    assert ("a", b"b") in found.fates[0].records[0].record.headers
    assert isinstance(found.unasked, TransientError)
    assert found.well


async def test_nothing_anywhere_is_different_afterwards(stage: Stage) -> None:
    await stage.publish()
    reader = await stage.reader()
    before = await all_rows(stage.db)
    await look(stage)
    await look(stage, ids=(1,))
    assert await all_rows(stage.db) == before
    await reader.commit(reader.position, 0, 0)  # the lease is still held


async def test_unfinished_transactions_are_not_seen_and_hold_nothing_up(stage: Stage) -> None:
    publisher = await stage.connect()
    async with publisher.transaction():
        hidden = await stage.publish(by=publisher)
        seen = await stage.publish()
        found = await look(stage)
        assert [fate.message.id for fate in found.fates] == [seen]
        found = await look(stage, ids=(seen, hidden))
        assert [fate.message.id for fate in found.fates] == [seen]
        assert found.missing == [hidden]
        assert not found.well
    assert [fate.message.id for fate in (await look(stage)).fates] == [hidden, seen]


async def test_given_messages_come_in_the_order_given_even_if_delivered(stage: Stage) -> None:
    published = [await stage.publish(n) for n in range(3)]
    reader = await stage.reader()
    await drain(reader)
    await reader.commit(reader.position, 3, 0)
    assert (await look(stage)).fates == []
    found = await look(stage, ids=(published[2], published[0]))
    assert [fate.message.id for fate in found.fates] == [published[2], published[0]]


async def test_a_message_of_another_outbox_is_not_shown(stage: Stage) -> None:
    await stage.db.execute("select tide.outbox_create('returns')")
    other = await stage.db.fetchval("select tide.outbox_publish('returns', '1')")
    found = await look(stage, ids=(other,))
    assert (found.fates, found.missing) == ([], [other])


async def test_without_what_a_reference_stands_for_messages_are_shown_all_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.publish()
    await configure(stage.db, ', "client_id": "${env:NOBODY_SET_THIS}", "tls_enabled": true')
    found = await look(stage)
    assert [shown(fate)[:2] for fate in found.fates] == [("order-events", "?")]
    assert isinstance(found.unasked, FatalError)
    assert found.unasked.reason == "reference_missing"
    assert not found.well
    monkeypatch.setenv("NOBODY_SET_THIS", "x" * 2000)  # no name of a client
    found = await look(stage)
    assert isinstance(found.unasked, ConfigurationError)
    assert len(found.fates) == 1
    assert not found.well


async def test_a_dry_run_is_known(stage: Stage) -> None:
    assert not (await look(stage)).dry_run
    await configure(stage.db, ', "dry_run": true')
    assert (await look(stage)).dry_run


async def test_one_refused_message_does_not_hide_the_others(stage: Stage) -> None:
    for payload in ('{"kind": "a"}', '{"kind": "drop"}', "{}", '{"kind": "b"}'):
        await stage.db.execute("select tide.outbox_publish('orders', $1)", payload)
    options = """, "headers": {"kind": "{payload.kind}"},
        "transform": {"filter": "payload.kind != 'drop'"}"""
    await configure(stage.db, options)
    found = await look(stage)
    goes, filtered, refused, last = found.fates
    assert goes.records
    assert last.records
    assert (filtered.records, filtered.error) == ((), None)
    assert refused.error is not None
    assert refused.error.reason == "template_value_missing"
    assert "payload.kind" in refused.error.message
    assert not found.well


async def test_a_record_larger_than_a_request_is_refused(stage: Stage) -> None:
    await stage.publish("x" * 2000)
    await configure(stage.db, ', "max_request_size": 1024')
    (fate,) = (await look(stage)).fates
    assert fate.error is not None
    assert fate.error.reason == "too_large"


async def test_a_candidate_is_tried_instead_of_what_is_stored(stage: Stage) -> None:
    await stage.publish()
    found = await look(stage, candidate={"brokers": NOBODY, "topic": "other-{op}"})
    assert [shown(fate)[0] for fate in found.fates] == ["other-insert"]
    with pytest.raises(ConfigurationError) as caught:
        await look(stage, candidate={"brokers": NOBODY, "topik": "x", "acks": 7})
    assert len(caught.value.problems) == 3


async def test_a_name_that_nobody_has_gets_the_nearest(stage: Stage) -> None:
    with pytest.raises(ConfigurationError, match='no pipeline "q"') as caught:
        await preview(stage.postgres.url, KeySource(), Wanted("q", 5))
    assert caught.value.hint is not None
    await stage.db.execute("select tide.outbox_create('x')")
    config = f'{{"brokers": "{NOBODY}", "topic": "t", "relay_group": "elsewhere"}}'
    await stage.db.execute("select tide.relay_set_outbox('orders-to-kafka', 'x', $1)", config)
    with pytest.raises(ConfigurationError) as caught:
        await preview(stage.postgres.url, KeySource(), Wanted("order-to-kafka", 5))
    assert caught.value.hint == 'Did you mean "orders-to-kafka"?'


async def test_a_database_without_the_schema_says_so(empty_database: str) -> None:
    with pytest.raises(StartError, match="not installed"):
        await preview(empty_database, KeySource(), Wanted("p", 5))


async def test_who_relays_may_preview_and_who_only_looks_may_not(stage: Stage) -> None:
    await stage.publish()
    await stage.db.execute("set role tide_relay")
    assert await next_ids(stage) == [1]
    assert await stage.db.fetch("select * from tide._messages(1, '{1}')")
    await stage.db.execute("set role tide_viewer")
    for call in ("_next_ids(1, 5)", "_messages(1, '{1}')"):
        assert (await refusal(stage.db, f"select tide.{call}")).sqlstate == "42501"
