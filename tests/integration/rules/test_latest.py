"""`latest` does not pass what the transaction that asks for it has yet to publish."""

import pytest

from tests.integration.rules.stage import Stage, drain

AS_IT_IS = {"  if own is null or own >= pg_snapshot_xmax(now_snapshot) then": "  if true then"}
CREATE = "select tide.consumer_group_create('orders', $1, 'latest')"
SEEK = "select tide.consumer_group_seek('orders', $1, 'latest')"
CONFIGURE = (
    "select tide.relay_set_outbox($1, 'orders', $1,"
    ' \'{"brokers": "b:9092", "topic": "t", "start_from": "latest"}\')'
)


async def from_latest(stage: Stage, ask: str, group: str) -> tuple[list[int], list[int]]:
    """Ask for `latest` in the middle of a transaction; what it publishes, and what is delivered."""
    if ask == SEEK:
        await stage.db.execute("select tide.consumer_group_create('orders', $1)", group)
    application = await stage.connect()
    async with application.transaction():
        published = [await stage.publish(by=application)]
        await stage.publish()  # a transaction that began later and is over
        await application.execute(ask, group)
        published.append(await stage.publish(by=application))
    find = "select id from tide.consumer_group where name = $1"
    reader = await stage.reader(group_id=await stage.db.fetchval(find, group))
    return published, await drain(reader)


@pytest.mark.parametrize("ask", [CREATE, SEEK, CONFIGURE])
async def test_latest_leaves_out_its_own_transaction(stage: Stage, ask: str) -> None:
    """A transaction's own id is never in progress to itself.

    In the snapshot as it is, somebody with a later id being over, it looks delivered, and with it
    all that the transaction publishes.
    """
    published, delivered = await from_latest(stage, ask, "first")
    assert delivered == published
    await stage.simplify("_latest_snapshot", AS_IT_IS)
    published, delivered = await from_latest(stage, ask, "second")
    assert len(published) == 2
    assert delivered == []
