"""What PostgreSQL commits for a relay, at once or so that a crash may undo it."""

from tests.model.world import Kept, Last, Postgres, World


def committed(world: World, postgres: Postgres, *, durable: bool = True) -> World:
    """The world after a commit; what waits for the disk takes all before it along."""
    unflushed = () if durable else (*world.unflushed, world.postgres)
    return world._replace(postgres=postgres, unflushed=unflushed)


def confirmed(postgres: Postgres, intents: tuple[Kept, ...]) -> Postgres:
    """All that the intents hold is applied, in their order, and they are gone."""
    return forgotten(applied(postgres, intents), intents)


def applied(postgres: Postgres, intents: tuple[Kept, ...]) -> Postgres:
    """The position behind the intents, and what they put aside; they are still there."""
    for intent in intents:
        postgres = postgres._replace(position=intent.end, dead=postgres.dead + intent.dead)
    return postgres


def forgotten(postgres: Postgres, intents: tuple[Kept, ...]) -> Postgres:
    """The last intent is what was confirmed last, and all of them are gone."""
    if not intents:
        return postgres
    last = intents[-1]
    tokens = {intent.token for intent in intents}
    kept = tuple(intent for intent in postgres.kept if intent.token not in tokens)
    return postgres._replace(kept=kept, confirmed=Last(last.number, last.token, last.identity))


def settled(postgres: Postgres, up_to: int) -> Postgres:
    """Intents up to this number are confirmed, the others discarded."""
    happened = tuple(intent for intent in postgres.kept if intent.number <= up_to)
    return confirmed(postgres, happened)._replace(kept=())


def aged(postgres: Postgres) -> Postgres:
    """A tick of the clock later."""
    last = postgres.confirmed
    return postgres._replace(
        kept=tuple(intent._replace(age=min(intent.age + 1, 2)) for intent in postgres.kept),
        confirmed=last._replace(age=min(last.age + 1, 2)) if last.token else last,
    )
