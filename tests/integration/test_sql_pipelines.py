"""Pipelines are configured in SQL; the relay hears of each change once."""

import asyncio
import json
from typing import Any

import pytest

from tests.fixtures.sql import Connect, Connection, all_rows, refusal

CONFIG = {"sink_type": "kafka", "brokers": "localhost:9092", "topic": "order-events"}


class Notices:
    """What is said on the channel of configurations."""

    def __init__(self, listener: Connection) -> None:
        self._listener = listener
        self._heard: list[str] = []

    async def listen(self) -> None:
        await self._listener.add_listener("tide_config", self._hear)

    def _hear(self, *notice: object) -> None:
        self._heard.append(str(notice[3]))

    async def heard(self) -> list[str]:
        """Take what was said up to now."""
        await self._listener.execute("select 1")  # what was committed before is delivered with it
        heard, self._heard = self._heard, []
        return heard


@pytest.fixture
async def notices(connect: Connect) -> Notices:
    listening = Notices(await connect())
    await listening.listen()
    return listening


@pytest.fixture
async def orders(db: Connection) -> Connection:
    """Return a connection to a database with two outboxes."""
    await db.execute("select tide.outbox_create('orders'), tide.outbox_create('returns')")
    return db


async def set_outbox(
    db: Connection,
    pipeline: str = "p",
    outbox: str = "orders",
    group: str = "g",
    *,
    enabled: bool | None = None,
    **options: Any,
) -> str:
    done: str = await db.fetchval(
        "select tide.relay_set_outbox($1, $2, $3, $4, $5)",
        pipeline,
        outbox,
        group,
        json.dumps(CONFIG | options),
        enabled,
    )
    return done


async def pipeline(db: Connection, name: str = "p") -> dict[str, Any]:
    row = await db.fetchrow(
        "select p.*, o.name as outbox, g.name as group_name from tide.pipeline p"
        " join tide.outbox o on o.id = p.outbox_id join tide.consumer_group g on g.id = p.group_id"
        " where p.name = $1",
        name,
    )
    assert row is not None
    return dict(row)


async def test_creates_updates_and_leaves_alone(orders: Connection, notices: Notices) -> None:
    assert await set_outbox(orders) == "created"
    assert await notices.heard() == ["p"]
    created = await pipeline(orders)
    assert created["enabled"]
    assert (created["outbox"], created["group_name"]) == ("orders", "g")
    assert created["relay_group"] == "default"

    assert await set_outbox(orders) == "unchanged"
    assert await pipeline(orders) == created
    assert await notices.heard() == []

    assert await set_outbox(orders, topic="other") == "updated"
    updated = await pipeline(orders)
    assert updated["revision"] > created["revision"]
    assert json.loads(updated["config"])["topic"] == "other"
    assert updated["group_id"] == created["group_id"]
    assert await notices.heard() == ["p"]


async def test_the_group_is_named_after_the_pipeline(orders: Connection) -> None:
    assert (
        await orders.fetchval("select tide.relay_set_outbox('p', 'orders', $1)", json.dumps(CONFIG))
        == "created"
    )
    assert (await pipeline(orders))["group_name"] == "p"


async def test_a_pipeline_that_is_there_keeps_its_group(orders: Connection) -> None:
    """Another one would begin where it starts, and send again whatever is retained."""
    changed = json.dumps({**CONFIG, "topic": "others"})
    await set_outbox(orders, group="relay")
    await orders.execute("select tide.relay_set_outbox('p', 'orders', $1)", changed)
    found = await orders.fetchrow(
        "select consumer_group, topic from tide.relay_status where pipeline = 'p'"
    )
    assert found is not None
    assert tuple(found) == ("relay", "others")
    await orders.execute("select tide.relay_set_outbox('p', 'returns', $1)", changed)
    group = await orders.fetchval("select consumer_group from tide.relay_status")
    assert group == "p"


async def test_null_leaves_it_enabled_or_disabled(orders: Connection) -> None:
    await set_outbox(orders, enabled=False)
    assert not (await pipeline(orders))["enabled"]
    assert await set_outbox(orders, topic="other") == "updated"
    assert not (await pipeline(orders))["enabled"]
    assert await set_outbox(orders, topic="other", enabled=True) == "updated"
    assert (await pipeline(orders))["enabled"]
    assert await set_outbox(orders, topic="other", enabled=True) == "unchanged"


@pytest.mark.parametrize(("start_from", "pending"), [(None, 3), ("latest", 0), ("2", 2), (3, 1)])
async def test_a_new_group_starts_where_start_from_says(
    orders: Connection, start_from: object, pending: int
) -> None:
    await orders.execute("select tide.outbox_publish('orders', '{}') from generate_series(1, 3)")
    options: dict[str, Any] = {} if start_from is None else {"start_from": start_from}
    await set_outbox(orders, **options)
    assert await orders.fetchval("select pending from tide.relay_status") == pending


async def test_start_from_does_not_move_a_group_that_is_there(orders: Connection) -> None:
    await orders.execute("select tide.outbox_publish('orders', '{}')")
    await orders.execute("select tide.consumer_group_create('orders', 'g', 'latest')")
    await set_outbox(orders, start_from="earliest")
    assert await orders.fetchval("select pending from tide.relay_status") == 0


async def test_the_relay_group_comes_from_the_configuration(orders: Connection) -> None:
    await set_outbox(orders, relay_group="eu")
    assert (await pipeline(orders))["relay_group"] == "eu"
    assert await orders.fetchval("select name from tide._pipelines('eu')") == "p"
    assert await orders.fetchval("select name from tide._pipelines('default')") is None


async def test_moving_to_another_outbox_leaves_the_group_behind(orders: Connection) -> None:
    said: list[str] = []
    orders.add_log_listener(lambda _, notice: said.append(str(notice)))
    await set_outbox(orders)
    await set_outbox(orders, outbox="returns")
    moved = await pipeline(orders)
    assert moved["outbox"] == "returns"
    assert await orders.fetchval("select count(*) from tide.consumer_group") == 2
    assert len(said) == 1
    assert 'consumer group "g" of outbox "orders" remains' in said[0]


async def test_says_every_problem_at_once_and_stores_nothing(orders: Connection) -> None:
    await set_outbox(orders, "first", group="taken")
    before = await all_rows(orders)
    refused = await refusal(
        orders,
        "select tide.relay_set_outbox(' p', 'ordres', '', $1)",
        json.dumps({"bokers": "localhost:9092", "topik": "t"}),
    )
    assert refused.sqlstate == "22023"
    first, *problems = refused.message.split("\n  ")
    assert first == 'pipeline " p" is refused:'
    assert problems[:3] == [
        'pipeline: must not begin or end with a space: " p"',
        'outbox: there is no outbox "ordres"; did you mean "orders"?',
        "consumer_group: must not be empty",
    ]
    assert problems[3:] == [
        'bokers: unknown option; did you mean "brokers"?',
        "brokers: required",
        "topic: required, or topic_prefix",
        'topik: unknown option; did you mean "topic"?',
    ]
    assert refused.hint == 'Nothing was stored. "SELECT * FROM tide.options" lists every option.'
    assert await all_rows(orders) == before


async def test_two_pipelines_cannot_read_one_group(orders: Connection) -> None:
    await set_outbox(orders, "first")
    refused = await refusal(
        orders, "select tide.relay_set_outbox('second', 'orders', 'g', $1)", json.dumps(CONFIG)
    )
    assert refused.sqlstate == "22023"
    assert refused.message == (
        'pipeline "second" is refused:\n'
        '  consumer_group: "g" is used by pipeline "first", and one pipeline reads a group'
    )
    assert await set_outbox(orders, "second", "returns") == "created"


async def test_two_cannot_take_one_group_at_the_same_time(connect: Connect) -> None:
    first, second = await connect(), await connect()
    await first.execute("select tide.outbox_create('orders')")
    async with first.transaction():
        await set_outbox(first, "first")
        waiting = asyncio.create_task(
            refusal(
                second,
                "select tide.relay_set_outbox('second', 'orders', 'g', $1)",
                json.dumps(CONFIG),
            )
        )
        await asyncio.sleep(0)
    assert 'is used by pipeline "first"' in (await waiting).message


async def test_what_works_and_nobody_should_do_is_warned_of(orders: Connection) -> None:
    said: list[str] = []
    orders.add_log_listener(lambda _, notice: said.append(notice.message))
    password = "${env:PASSWORD}"
    done = await set_outbox(
        orders, sasl_mechanism="PLAIN", sasl_username="u", sasl_password=password, acks=1
    )
    assert done == "created"
    await orders.execute("select 1")
    risks = [warning.partition(";")[0] for warning in said]
    assert risks == [
        'pipeline "p": acks: "1" loses messages when a broker fails',
        'pipeline "p": sasl_mechanism: PLAIN without TLS sends the password in clear',
    ]


@pytest.mark.parametrize(
    ("option", "given"), [("topic", "shop.{outbox}"), ("topic_prefix", "shop.")]
)
async def test_a_topic_that_the_outbox_makes_illegal_is_refused(
    db: Connection, option: str, given: str
) -> None:
    await db.execute("select tide.outbox_create('new orders')")
    options = {"topic": None, option: given}
    refused = await refusal(
        db,
        "select tide.relay_set_outbox('p', 'new orders', 'g', $1)",
        json.dumps({**CONFIG, **options}),
    )
    made = f'{option}: with outbox "new orders" it is "shop.new orders"'
    assert made in str(refused)


async def test_the_status_shows_the_topic_of_a_prefix(orders: Connection) -> None:
    await set_outbox(orders, topic=None, topic_prefix="shop.")
    topic = await orders.fetchval("select topic from tide.relay_status")
    assert topic == "shop.{outbox}"


async def test_enabling_always_grows_the_revision(orders: Connection, notices: Notices) -> None:
    await set_outbox(orders)
    revision = (await pipeline(orders))["revision"]
    await notices.heard()
    await orders.execute("select tide.relay_enable('p')")
    assert (await pipeline(orders))["revision"] == revision + 1
    assert await notices.heard() == ["p"]


async def test_disabling_twice_is_disabling_once(orders: Connection, notices: Notices) -> None:
    await set_outbox(orders)
    await notices.heard()
    await orders.execute("select tide.relay_disable('p')")
    disabled = await pipeline(orders)
    assert not disabled["enabled"]
    await orders.execute("select tide.relay_disable('p')")
    assert await pipeline(orders) == disabled
    assert await notices.heard() == ["p"]
    await orders.execute("select tide.relay_enable('p')")
    assert (await pipeline(orders))["enabled"]


@pytest.mark.parametrize("drop_group", [False, True])
async def test_deletes_a_pipeline_and_its_group_if_asked(
    orders: Connection, notices: Notices, drop_group: bool
) -> None:
    await set_outbox(orders)
    await orders.execute("select tide._report_state(1, 'running')")
    await notices.heard()
    await orders.execute("select tide.relay_delete('p', $1)", drop_group)
    rows = await all_rows(orders)
    assert (rows["pipeline"], rows["pipeline_state"]) == ([], [])
    assert len(rows["consumer_group"]) == len(rows["position"]) == (0 if drop_group else 1)
    assert await notices.heard() == ["p"]


async def test_the_relay_hears_of_seeks_and_drops(orders: Connection, notices: Notices) -> None:
    await set_outbox(orders)
    await orders.execute("select tide.consumer_group_create('orders', 'nobodys')")
    await notices.heard()
    await orders.execute("select tide.consumer_group_seek('orders', 'g', 'latest')")
    await orders.execute("select tide.consumer_group_seek('orders', 'nobodys', 'latest')")
    assert await notices.heard() == ["p"]
    await orders.execute("select tide.outbox_drop('orders', force => true)")
    assert await notices.heard() == ["p"]


async def test_shows_the_configuration_as_it_was_set(orders: Connection) -> None:
    await set_outbox(orders)
    assert json.loads(await orders.fetchval("select tide.relay_get_config('p')")) == CONFIG
    row = await orders.fetchrow("select * from tide.relay_list_configs()")
    assert row is not None
    assert json.loads(row["config"]) == CONFIG
    assert tuple(row)[:5] == ("p", "orders", "g", "default", True)


async def test_secrets_are_masked_dotted_and_nested(orders: Connection) -> None:
    await orders.execute(
        "insert into tide.option (name, type, secret, description) values"
        " ('test_secret', 'text', true, ''), ('deep.er.secret', 'text', true, ''),"
        " ('list[].secret', 'text', true, '')"
    )
    config = {
        "test_secret": "a",
        "deep.er.secret": "b",
        "deep": {"er": {"secret": "c", "open": [1, {"x": None}]}, "er.secret": "d"},
        "list": [{"secret": "e", "name": "f"}, {"secret": None}],
        "empty": {},
        "none": [],
    }
    masked = await orders.fetchval("select tide._masked($1)", json.dumps(config))
    assert json.loads(masked) == {
        "test_secret": "********",
        "deep.er.secret": "********",
        "deep": {"er": {"secret": "********", "open": [1, {"x": None}]}, "er.secret": "********"},
        "list": [{"secret": "********", "name": "f"}, {"secret": None}],
        "empty": {},
        "none": [],
    }
