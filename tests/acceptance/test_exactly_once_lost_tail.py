"""Exactly once, and PostgreSQL forgets: nothing that it still has is lost, and repeats are told."""

import asyncio

from tests.acceptance.conftest import StartRelay
from tests.acceptance.test_another_cluster import (
    KEPT,
    at,
    follows,
    is_primary,
    operated,
    set_up,
)
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.once import more
from tests.fixtures.oracle.deliveries import delivered
from tests.fixtures.oracle.ledger import Told
from tests.fixtures.oracle.publishers import publishing
from tests.fixtures.oracle.verdict import judge
from tests.fixtures.oracle.workload import Workload
from tests.fixtures.postgres import new_server
from tests.fixtures.proxy import proxied
from tests.fixtures.standby import kill, promote, standby_of

FORGOTTEN = "pg_tide_transactions_forgotten_total"


async def test_a_standby_promoted_without_the_tail(
    kafka_server: str, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(4)
    with new_server({"max_connections": "100"}) as primary:
        async with (
            set_up(primary, kafka_server) as operator,
            proxied(primary.url) as (way, through),
        ):
            await operator.configure(name, delivery="exactly_once", retry_backoff_max_ms=100)
            with standby_of(primary, through) as standby:
                either = f"postgresql://postgres@{at(primary)},{at(standby)}/postgres"
                process = relay(either)
                await process.ready()
                workload = Workload(
                    publishers=10,
                    think=0.005,
                    longest_pause=0.3,
                    through_crashes=True,
                    forgetful=True,
                )
                primaries = f"{either}?target_session_attrs=primary"
                async with (
                    operated(standby.url, kafka_server) as survivor,
                    publishing(primaries, workload) as ledger,
                ):
                    await more(operator)
                    await follows(survivor, operator)
                    way.stall()
                    await more(operator, 500)
                    await asyncio.to_thread(kill, primary)
                    way.cut()
                    await asyncio.to_thread(promote, standby)
                    await is_primary(survivor)
                    await more(survivor)
                await survivor.delivered()
                await process.ready()
                rows = await (await survivor.connection()).fetch(KEPT)
                kept = [Told("orders", *row) for row in rows]
                forgotten = await process.metric(FORGOTTEN)
                await process.stop()
    seen = await asyncio.to_thread(delivered, kafka_server, name)
    ledger.forget(kept, seen)
    verdict = judge(ledger, seen)
    print(verdict, f"; {forgotten:g} transactions forgotten")  # noqa: T201 - the figures
    assert not verdict.lost
    assert not verdict.out_of_order
    assert verdict.duplicates
    assert forgotten > 0
    assert "PostgreSQL forgot transactions" in process.log.read_text()
