"""Whether a relay could run its pipelines here: each thing it needs, looked at as it would.

Nothing is changed, no record produced and no transaction committed. The database comes first; where
it cannot be used, that is the end. Then each pipeline: its options, its brokers, its topics.
"""

from collections.abc import AsyncIterator, Sequence

from pg_tide.catalog import Catalog, Configured
from pg_tide.check.brokers import broker_steps
from pg_tide.check.configuration import Runnable, rendered_topics, runnable_of
from pg_tide.check.database import ROLE, SCHEMA, SERVER, Asked, database_steps
from pg_tide.check.registry import registry_steps
from pg_tide.check.standing import standing_steps
from pg_tide.check.step import SEVERITY, Section, Step, failed, ok, tried, warning
from pg_tide.check.topics import topic_steps
from pg_tide.check.transactions import transaction
from pg_tide.errors import PgTideError
from pg_tide.kafka import settings_of
from pg_tide.kafka.inquiry import Inquiry
from pg_tide.postgres import Postgres
from pg_tide.reference import References

__all__ = ["SEVERITY", "Asked", "Section", "Step", "check"]


async def check(asked: Asked, names: Sequence[str] = ()) -> AsyncIterator[Section]:
    """Yield what was found of the database, then of each pipeline; all of the relay group's.

    Raises, after what it yielded, the error that makes the database unusable; ConfigurationError
    for a name that no pipeline has.
    """
    postgres = Postgres(asked.url, pooled=asked.direct_url != asked.url)
    try:
        steps = [step async for step in database_steps(asked, postgres)]
        yield Section("PostgreSQL", steps)
        last = steps[-1]
        if last.error is not None and last.name in {SERVER, SCHEMA}:
            raise last.error
        if last.name == ROLE:
            return
        references = References(postgres, asked.keys)
        pipelines = await chosen(asked, postgres, names)
        if not pipelines:
            none = warning("pipelines", f'relay group "{asked.relay_group}" has none')
            yield Section("Pipelines", [none])
        for configured in pipelines:
            found = await pipeline(configured, postgres, references)
            yield Section(f'Pipeline "{configured.name}"', [*found, *strayed(configured, asked)])
    finally:
        await postgres.close()


async def chosen(asked: Asked, postgres: Postgres, names: Sequence[str]) -> list[Configured]:
    """The pipelines by these names, or all of the relay group."""
    if not names:
        return await Catalog(postgres, asked.relay_group).pipelines()
    everywhere = Catalog(postgres, None)
    return [await everywhere.find(name) for name in dict.fromkeys(names)]


async def pipeline(
    configured: Configured, postgres: Postgres, references: References
) -> list[Step]:
    """Every step of one pipeline."""
    steps = await standing_steps(postgres, configured)
    runnable, found = await runnable_of(configured.options, configured.outbox, references)
    steps += found
    if runnable is None:
        return steps
    steps += await registry_steps(runnable, configured.outbox)
    return [*steps, *await kafka(runnable, configured.outbox)]


def strayed(configured: Configured, asked: Asked) -> list[Step]:
    """A warning where relays of the group asked for would not run it."""
    group = configured.options.get("relay_group") or "default"
    if group == asked.relay_group:
        return []
    found = (
        f'relays started with --relay-group "{group}" run it, not those of "{asked.relay_group}"'
    )
    return [warning("relay", found)]


async def kafka(runnable: Runnable, outbox: str) -> list[Step]:
    """The steps that brokers have a say in."""
    config, route = runnable
    settings = settings_of(config)
    inquiry = Inquiry(settings)
    usable, steps = await broker_steps(settings, inquiry)
    if not usable:
        return steps
    if config.exactly_once:
        steps.append(await tried("transaction", transaction(config, settings)))
    elif config.idempotent:
        steps.append(await tried("producer", producer_id(inquiry)))
    try:
        async with inquiry.asking() as asking:
            topics = await asking.topics(sorted(route.configured_topics))
            for topic in topics.values():
                steps += await topic_steps(config, topic, asking)
    except PgTideError as error:
        steps.append(failed("topics", error))
    for text in rendered_topics(config, outbox):
        found = 'depends on each message: "pg-tide preview" shows which'
        steps.append(ok(f"topic {text}", found))
    return steps


async def producer_id(inquiry: Inquiry) -> Step:
    """Whether brokers let this user produce idempotently."""
    async with inquiry.asking(idempotent=True):
        return ok("producer", "a producer id was given: idempotent producing is allowed")
