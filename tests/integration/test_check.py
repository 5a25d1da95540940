"""What a check says of the database, and of pipelines whose brokers nobody can reach."""

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit, urlunsplit

import pytest

from pg_tide.check import Asked, Section, Step, check
from pg_tide.check import database as database_module
from pg_tide.errors import ConfigurationError, FatalError, PgTideError, StartError, TransientError
from pg_tide.secret import KeySource
from tests.fixtures.sql import Connection, all_rows

NOBODY = "127.0.0.1:1"  # no broker
INTENT = (
    "insert into tide.intent (group_id, number, token, epoch, start_done, start_last_id, end_done,"
    " end_last_id, transactional_id, brokers, delivered, filtered)"
    " select id, 1, gen_random_uuid(), gen_random_uuid(), '3:3:', 0, '3:3:', 0, 't', '{}', 0, 0"
    " from tide.consumer_group"
)
ALL_OF_IT = ("server", "schema", "role", "LISTEN")
UserWith = Callable[[str], Awaitable[str]]


class Sections:
    """What was yielded, and what was raised then."""

    def __init__(self, found: list[Section], error: PgTideError | None) -> None:
        self.found = found
        self.error = error

    def steps(self, name: str) -> list[Step]:
        return [step for section in self.found for step in section.steps if step.name == name]

    def verdicts(self, *names: str) -> list[str]:
        return [step.verdict for name in names for step in self.steps(name)]


@pytest.fixture
async def orders(db: Connection) -> Connection:
    """Return a superuser's connection to a database with an outbox."""
    await db.execute("select tide.outbox_create('orders')")
    return db


async def configure(db: Connection, name: str = "p", **options: object) -> None:
    config = json.dumps({"brokers": NOBODY, "topic": "order-events", **options})
    await db.execute("select tide.relay_set_outbox($1, 'orders', $2)", name, config)


async def sections(url: str, *names: str, direct_url: str = "", group: str = "default") -> Sections:
    """Check to the end, or to the error that ends it."""
    found, ended = [], None
    try:
        asked = Asked(url, direct_url or url, group, KeySource())
        async for section in check(asked, names):
            found.append(section)  # noqa: PERF401 - those in front of an error count
    except PgTideError as error:
        ended = error
    return Sections(found, ended)


@pytest.fixture
async def user_with(db: Connection, database: str) -> AsyncIterator[UserWith]:
    """Yield a function that makes a user with a role, and returns its URL."""
    made: list[str] = []

    async def make(role: str) -> str:
        name = f"check_{uuid.uuid4().hex}"
        await db.execute(f"create role {name} login password 'known' in role {role}")
        made.append(name)
        parts = urlsplit(database)
        return urlunsplit(parts._replace(netloc=f"{name}:known@{parts.netloc.rpartition('@')[2]}"))

    yield make
    for name in made:
        await db.execute(f"drop role {name}")


async def test_a_database_where_all_is_well(orders: Connection, database: str) -> None:
    del orders
    found = await sections(database)
    assert found.error is None
    assert found.verdicts(*ALL_OF_IT) == ["ok"] * 4
    assert found.verdicts("relays", "pipelines") == ["warning"] * 2


async def test_a_member_of_the_relays_role_is_enough(
    orders: Connection, user_with: UserWith
) -> None:
    await configure(orders)
    found = await sections(await user_with("tide_relay"))
    assert found.verdicts(*ALL_OF_IT) == ["ok"] * 4
    assert found.verdicts("pipeline", "outbox", "position", "options") == ["ok"] * 4
    assert found.verdicts(f"broker {NOBODY}") == ["failed"]


@pytest.mark.parametrize("role", ["tide_viewer", "tide_admin"])
async def test_who_only_looks_or_configures_is_no_relay(
    orders: Connection, user_with: UserWith, role: str
) -> None:
    await configure(orders)
    found = await sections(await user_with(role))
    assert found.verdicts(*ALL_OF_IT) == ["ok", "ok", "failed"]
    (step,) = found.steps("role")
    assert step.found.startswith("not_permitted")
    assert "tide_relay" in (step.hint or "")
    assert len(found.found) == 1
    assert found.error is None


async def test_a_role_that_lacks_one_function_is_told_which(
    orders: Connection, user_with: UserWith
) -> None:
    url = await user_with("tide_relay")
    await orders.execute("revoke execute on function tide._draw_xid() from tide_relay")
    found = await sections(url)
    (step,) = found.steps("role")
    assert "may not call tide._draw_xid()" in step.found


async def test_who_may_not_even_enter_the_schema(orders: Connection, user_with: UserWith) -> None:
    del orders
    found = await sections(await user_with("pg_monitor"))
    assert found.verdicts(*ALL_OF_IT) == ["ok", "failed"]
    assert isinstance(found.error, FatalError)
    assert found.error.reason == "not_permitted"


async def test_a_database_without_the_schema(empty_database: str) -> None:
    found = await sections(empty_database)
    assert found.verdicts(*ALL_OF_IT) == ["ok", "failed"]
    assert isinstance(found.error, StartError)
    assert "migrate" in (found.steps("schema")[0].hint or "")


async def test_a_database_that_nobody_can_reach() -> None:
    found = await sections("postgresql://u:secret-of-mine@127.0.0.1:1/shop")
    assert found.verdicts(*ALL_OF_IT) == ["failed"]
    assert isinstance(found.error, TransientError)
    assert "secret-of-mine" not in str(found.steps("server"))


@pytest.mark.parametrize(
    "rest", ["u:secret-of-mine@h:notaport/x", "[::1/x", "h/x?sslmode=bogus", "127.0.0.1:99999/x"]
)
async def test_a_url_that_cannot_be_read_is_a_mistake_of_the_user(rest: str) -> None:
    found = await sections(f"postgresql://{rest}")
    assert isinstance(found.error, ConfigurationError)
    assert "cannot be read" in found.steps("server")[0].found
    assert "secret-of-mine" not in str(found.steps("server"))


async def test_a_direct_url_to_another_database_is_noticed(
    orders: Connection, database: str, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del orders
    monkeypatch.setattr(database_module, "HEARD_WITHIN", 0.2)
    found = await sections(database, direct_url=empty_database)
    (step,) = found.steps("LISTEN")
    assert step.verdict == "failed"
    assert "--postgres-direct-url" in (step.hint or "")
    assert found.verdicts("relays") == ["warning"]  # the rest is looked at all the same


async def test_nothing_anywhere_is_different_afterwards(orders: Connection, database: str) -> None:
    await configure(orders)
    await orders.execute("select tide.outbox_publish('orders', '1')")
    before = await all_rows(orders)
    await sections(database)
    assert await all_rows(orders) == before


async def test_all_pipelines_of_the_group_or_those_that_are_named(
    orders: Connection, database: str
) -> None:
    await configure(orders, "here")
    await configure(orders, "there", relay_group="elsewhere")

    async def titles(*names: str, group: str = "default") -> list[str]:
        found = await sections(database, *names, group=group)
        assert found.error is None
        return [section.title for section in found.found[1:]]

    assert await titles() == ['Pipeline "here"']
    assert await titles(group="elsewhere") == ['Pipeline "there"']
    assert await titles("there", "here", "there") == ['Pipeline "there"', 'Pipeline "here"']
    found = await sections(database, "there")
    assert found.verdicts("relay") == ["warning"]


async def test_a_name_that_nobody_has_gets_the_nearest(orders: Connection, database: str) -> None:
    await configure(orders, "orders-to-kafka")
    found = await sections(database, "order-to-kafka")
    assert isinstance(found.error, ConfigurationError)
    assert found.error.hint == 'Did you mean "orders-to-kafka"?'


async def test_every_problem_of_a_configuration_is_a_step(
    orders: Connection, database: str
) -> None:
    await configure(orders)
    wrong = {"brokers": NOBODY, "topic": "t", "transform": {"filter": "a ="}, "acks": "7"}
    await orders.execute("update tide.pipeline set config = $1", json.dumps(wrong))
    found = await sections(database)
    steps = found.steps("options")
    assert [step.verdict for step in steps] == ["failed", "failed"]
    assert "acks" in steps[0].found
    assert "transform.filter" in steps[1].found


async def test_references_are_looked_up_and_not_shown(
    orders: Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await configure(orders, client_id="${env:CHECK_CLIENT}")
    found = await sections(database)
    assert found.verdicts("options", "references") == ["failed"]
    assert "CHECK_CLIENT" in found.steps("references")[0].found
    monkeypatch.setenv("CHECK_CLIENT", "value-of-it")
    found = await sections(database)
    assert found.verdicts("options", "references") == ["ok", "ok"]
    assert "value-of-it" not in str(found.found[1].steps)


async def test_risks_are_warnings(orders: Connection, database: str) -> None:
    options = {"sasl_mechanism": "PLAIN", "sasl_username": "u", "sasl_password": "of-nobody"}
    await configure(orders, dry_run=True, acks="1", **options)
    found = await sections(database)
    said = " ".join(step.found for step in found.steps("options") if step.verdict == "warning")
    for words in ("sends the password in clear", "sasl_password", "acks", "dry_run"):
        assert words in said
    assert "of-nobody" not in str(found.found[1].steps)


async def test_a_transaction_without_a_known_outcome_is_told_of(
    orders: Connection, database: str
) -> None:
    await configure(orders, delivery="exactly_once")
    assert (await sections(database)).steps("transactions") == []
    await orders.execute(INTENT)
    (step,) = (await sections(database)).steps("transactions")
    assert step.verdict == "ok"
    assert "1 transaction" in step.found


async def test_what_is_disabled_is_a_warning(orders: Connection, database: str) -> None:
    await configure(orders)
    await orders.execute("select tide.outbox_disable('orders'), tide.relay_disable('p')")
    found = await sections(database)
    assert found.verdicts("pipeline", "outbox") == ["warning", "warning"]
