"""Whether the schema registry lets a pipeline in, and takes its schemas."""

from pg_tide.check.configuration import Runnable
from pg_tide.check.step import Step, ok, tried
from pg_tide.encode import schemas_wanted
from pg_tide.errors import PgTideError
from pg_tide.registry import UNREGISTERED, Asked, registry_of, would_be
from pg_tide.schemas import Wanted

NAME = "registry"


async def registry_steps(runnable: Runnable, outbox: str) -> list[Step]:
    """Ask the registry, and of each topic that is known whether its schema could be used.

    Nothing is registered.
    """
    config, route = runnable
    registry = registry_of(config)
    if registry is None:
        return []
    steps = [await tried(NAME, reached(registry))]
    if steps[0].error is not None:
        return steps
    register = config.schema_registry.auto_register
    for wanted in schemas_wanted(config, sorted(route.configured_topics), outbox):
        look = subject(registry, wanted, register=register)
        steps.append(await tried(f"subject {wanted.subject}", look))
    return steps


async def reached(registry: Asked) -> Step:
    """Whether it answers, and to this login."""
    await registry.answers()
    return ok(NAME, f"{registry.where} answers, and takes this login")


async def subject(registry: Asked, wanted: Wanted, *, register: bool) -> Step:
    """Whether the schema of a subject is there, or could be."""
    name = f"subject {wanted.subject}"
    try:
        found = await would_be(registry, wanted, register=register)
    except PgTideError as error:
        error.message = error.message.removeprefix(f'subject "{wanted.subject}" ')
        raise
    if found is None:
        return ok(name, "has no version yet: it is derived from the first messages")
    if found.id == UNREGISTERED:
        return ok(name, "does not have this schema yet, and would take it")
    return ok(name, f"has the schema, id {found.id}")
