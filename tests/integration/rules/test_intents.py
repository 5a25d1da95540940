"""An intent outlives whatever happens to PostgreSQL, but not a move to another cluster."""

import pytest

from pg_tide.demo.postgres import EmbeddedPostgres
from pg_tide.errors import FatalError
from pg_tide.intent import Identity
from pg_tide.ledger import settle
from pg_tide.ownership import Ownership
from tests.fixtures.intents import IDENTITY, PIPELINE, Run, run_on
from tests.fixtures.postgres import database_url, fresh_database
from tests.integration.rules.dump import copy_database, outrun
from tests.integration.rules.stage import Stage, drain, staged

DURABLY = "set_config('synchronous_commit', 'on', true)"
NOT_DURABLY = {DURABLY: DURABLY.replace("'on'", "'off'")}
LETTERS = "select array(select message_id from tide.dead_letter)"
REBASE = "select * from tide.outbox_rebase('orders')"


async def killed(server: EmbeddedPostgres, stage: Stage) -> Stage:
    """Stop PostgreSQL at once, and start it again; the stage with connections of now."""
    server.crash()
    server.start()
    stage.postgres.expire()
    return stage._replace(db=await stage.connect(), keeper=await stage.connect())


async def intended(stage: Stage, server: EmbeddedPostgres) -> tuple[Stage, Run, int]:
    """Write an intent right after a crash, so that nothing else makes it durable."""
    stage = await killed(server, stage)
    await stage.db.execute("select pg_switch_wal()")
    message_id = await stage.publish()
    run = await run_on(stage)
    done = await run.polled(bad=[0])
    await run.intend(1, done)
    return stage, run, message_id


async def test_an_intent_is_durable_before_its_transaction_begins(
    own_stage: Stage, own_server: EmbeddedPostgres
) -> None:
    """Lost in a crash, nobody asks Kafka about its transaction: what was committed goes again."""
    await own_stage.db.execute(PIPELINE)
    stage, _, message_id = await intended(own_stage, own_server)
    stage = await killed(own_server, stage)
    lease = (await run_on(stage)).lease
    assert [(kept.number, kept.identity) for kept in lease.kept] == [(1, IDENTITY)]
    assert await stage.db.fetchval(LETTERS) == []
    await settle(stage.postgres, lease, 0)

    await stage.simplify("_intend", NOT_DURABLY)
    stage, _, message_id = await intended(stage, own_server)
    stage = await killed(own_server, stage)
    again = await run_on(stage)
    assert again.lease.kept == ()
    assert message_id in await drain(again.outbox)


async def test_what_a_crash_forgets_of_a_confirmation_is_all_of_it(
    own_stage: Stage, own_server: EmbeddedPostgres
) -> None:
    """Written asynchronously: then the intent is there again, and Kafka is asked once more."""
    await own_stage.db.execute(PIPELINE)
    stage, run, message_id = await intended(own_stage, own_server)
    await run.ledger.confirm(1)
    assert await stage.db.fetchval(LETTERS) == [message_id]
    stage = await killed(own_server, stage)
    lease = (await run_on(stage)).lease
    assert [kept.number for kept in lease.kept] == [1]
    assert (lease.confirmed.number, await stage.db.fetchval(LETTERS)) == (0, [])
    await settle(stage.postgres, lease, 1)

    stage = await killed(own_server, stage)  # what was settled is durable
    again = await run_on(stage)
    assert (again.lease.kept, again.lease.confirmed.number) == ((), 1)
    assert await drain(again.outbox) == []
    assert await stage.db.fetchval(LETTERS) == [message_id]


async def test_an_intent_means_nothing_in_another_cluster(
    stage: Stage, own_server: EmbeddedPostgres, own_template: str
) -> None:
    """It is not even looked at there, and rebased it is gone; what it carried goes again."""
    await outrun(stage.db, database_url(own_server.url, own_template))
    await stage.db.execute(PIPELINE)
    run = await run_on(stage)
    await run.publish_and_intend(1)
    await run.ledger.confirm(1)
    message_id = await run.publish_and_intend(2)
    with fresh_database(own_server.url) as url:
        copy_database(stage.postgres.url, url)
        async with staged(url) as there:
            owner = Ownership(url, "new", lambda: None)
            await owner.start()
            with pytest.raises(FatalError) as refused:
                await owner.acquire(1)
            await owner.stop()
            assert refused.value.reason == "foreign_cluster"

            said: list[str] = []
            there.db.add_log_listener(lambda _, notice: said.append(str(notice.message)))
            assert [tuple(row) for row in await there.db.fetch(REBASE)] == [("relay", 1)]
            assert said == [
                (
                    'consumer group "relay" left 1 Kafka transaction open, now discarded:'
                    " what committed ones of them delivered may be delivered again"
                )
            ]
            again = await run_on(there)
            assert again.lease.kept == ()
            assert again.lease.installation != run.lease.installation
            await again.intend(2, done := await again.polled())
            assert [one.id for one in done.entries[0].batch.messages] == [message_id]
            await again.ledger.confirm(2)


async def test_the_lock_connection_brings_all_of_it(stage: Stage) -> None:
    await stage.db.execute(PIPELINE)
    run = await run_on(stage)
    await run.publish_and_intend(1)
    await run.ledger.confirm(1)
    token = await run.intend(2, await run.polled())
    await stage.keeper.execute("select tide._unlock(1)")
    owner = Ownership(stage.postgres.url, "new", lambda: None)
    await owner.start()
    lease = await owner.acquire(1)
    await owner.stop()
    assert lease is not None
    assert [(kept.number, kept.token) for kept in lease.kept] == [(2, token)]
    assert lease.confirmed.identity == Identity("tide-1-1", ("kafka-1:9092", "kafka-2:9092"))
    assert lease.installation == run.lease.installation
