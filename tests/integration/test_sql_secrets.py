"""Secrets in the database: encrypted, seen by name alone, heard of by those that use them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pg_tide.config.catalogue import OPTIONS
from pg_tide.secret import Encrypted, Keys, new_key
from tests.fixtures.sql import Connect, Connection, Refusal, all_rows, refusal

KEYS = Keys.read(new_key())
LOGIN = {"sasl_mechanism": "PLAIN", "sasl_username": "u", "tls_enabled": True}
CLEAR = "hunter2-in-clear"


@pytest.fixture
async def orders(db: Connection) -> Connection:
    """Return a connection to a database with an outbox."""
    await db.execute("select tide.outbox_create('orders')")
    return db


async def store(db: Connection, name: str, value: str = CLEAR, keys: Keys = KEYS) -> str:
    """Set a secret as the command does."""
    one = keys.encrypt(name, value)
    done: str = await db.fetchval(
        "select tide.secret_set($1, $2, $3)", one.name, one.key_id, one.ciphertext
    )
    return done


async def stored(db: Connection) -> list[Encrypted]:
    rows = await db.fetch("select name, key_id, ciphertext from tide._stored_secrets(null)")
    return [Encrypted(*row) for row in rows]


async def configure(db: Connection, pipeline: str, **options: Any) -> str:
    config = {"brokers": "localhost:9092", "topic": "t", **options}
    done: str = await db.fetchval(
        "select tide.relay_set_outbox($1, 'orders', $2)", pipeline, json.dumps(config)
    )
    return done


async def revisions(db: Connection) -> dict[str, int]:
    rows = await db.fetch("select name, revision from tide.pipeline")
    return {row["name"]: row["revision"] for row in rows}


@asynccontextmanager
async def acting_as(db: Connection, role: str) -> AsyncIterator[Connection]:
    await db.execute(f"set role {role}")
    try:
        yield db
    finally:
        await db.execute("reset role")


async def refused(db: Connection, sql: str, *values: object) -> Refusal:
    """Return the error of a statement that must fail, store nothing and show no secret."""
    before = await all_rows(db)
    error = await refusal(db, sql, *values)
    assert CLEAR not in f"{error.message}{error.hint}"
    assert error.hint
    assert await all_rows(db) == before
    return error


async def test_a_secret_is_stored_and_replaced(orders: Connection) -> None:
    assert await store(orders, "kafka") == "created"
    (first,) = await stored(orders)
    assert KEYS.decrypt(first) == CLEAR
    assert await store(orders, "kafka", "other") == "updated"
    (second,) = await stored(orders)
    assert KEYS.decrypt(second) == "other"


async def test_the_relay_asks_for_the_secrets_it_needs(orders: Connection) -> None:
    for name in ("a", "b", "c"):
        await store(orders, name)
    rows = await orders.fetch("select name from tide._stored_secrets($1)", ["c", "a", "missing"])
    assert [name for (name,) in rows] == ["a", "c"]


@pytest.mark.parametrize("name", ["", "a b", "a}b", "ü", "x" * 201, "a\n"])
async def test_a_name_must_fit_in_a_reference(orders: Connection, name: str) -> None:
    one = KEYS.encrypt("a", CLEAR)
    error = await refused(
        orders, "select tide.secret_set($1, $2, $3)", name, one.key_id, one.ciphertext
    )
    assert (error.sqlstate, "cannot be the name of a secret" in error.message) == ("42602", True)


@pytest.mark.parametrize(
    ("key_id", "ciphertext"),
    [
        (CLEAR, b"x" * 40),
        ("0123456789abcdef", CLEAR.encode()),
        ("0123456789abcdef", b"x" * 70_001),
        ("0123456789ABCDEF", b"x" * 40),
        ("0123456789abcdef", None),
        (None, b"x" * 40),
    ],
)
async def test_what_is_not_encrypted_is_refused_and_not_shown(
    orders: Connection, key_id: str | None, ciphertext: bytes | None
) -> None:
    error = await refused(orders, "select tide.secret_set('k', $1, $2)", key_id, ciphertext)
    assert (error.sqlstate, error.message) == ("22023", 'secret "k" is not encrypted')
    assert "pg-tide secret set k" in str(error.hint)


@pytest.mark.parametrize("call", ["secret_drop", "secret_rotate", "secret_set"])
async def test_a_secret_must_be_named(orders: Connection, call: str) -> None:
    values = {"secret_drop": "", "secret_rotate": ", '', '', ''", "secret_set": ", '', ''"}
    error = await refused(orders, f"select tide.{call}(null{values[call]})")
    assert (error.sqlstate, error.message) == ("22004", "name must not be null")


@pytest.mark.parametrize("call", ["secret_drop('kafak')", "secret_rotate('kafak', '', '', '')"])
async def test_the_nearest_name_is_told(orders: Connection, call: str) -> None:
    error = await refused(orders, f"select tide.{call}")
    assert error == (
        "42704",
        'there is no secret "kafak"',
        "The view tide.secrets lists those there are.",
    )
    await store(orders, "kafka")
    assert (await refused(orders, f"select tide.{call}")).hint == 'Did you mean "kafka"?'


async def test_only_pipelines_that_use_it_start_anew(orders: Connection, connect: Connect) -> None:
    heard: list[str] = []
    listener = await connect()
    await listener.add_listener("tide_config", lambda *notice: heard.append(str(notice[3])))
    await configure(orders, "none")
    await configure(orders, "other", **LOGIN, sasl_password="${secret:kafka-2}")
    await configure(orders, "uses", **LOGIN, sasl_password="${secret:kafka}")
    await configure(orders, "in-part", client_id="a-${secret:x}-${secret:kafka}")
    await configure(orders, "disabled", client_id="${secret:kafka}")
    await orders.execute("select tide.relay_disable('disabled')")
    await listener.execute("select 1")
    heard.clear()
    before = await revisions(orders)
    await store(orders, "kafka")
    after = await revisions(orders)
    changed = {"uses", "in-part", "disabled"}
    assert {name for name in after if after[name] != before[name]} == changed
    await listener.execute("select 1")
    assert set(heard) == changed
    await orders.execute("select tide.secret_drop('kafka', force => true)")
    await listener.execute("select 1")
    assert sorted(heard) == sorted([*changed, *changed])


async def test_a_secret_in_use_is_dropped_only_by_force(orders: Connection) -> None:
    await store(orders, "kafka")
    await configure(orders, "p", client_id="${secret:kafka}")
    await configure(orders, "q", client_id="${secret:kafka}")
    error = await refused(orders, "select tide.secret_drop('kafka')")
    assert error.sqlstate == "2BP01"
    assert error.message == 'secret "kafka" is used by pipeline "p", "q"'
    await orders.execute("select tide.secret_drop('kafka', force => true)")
    assert await stored(orders) == []
    await store(orders, "free")
    await orders.execute("select tide.secret_drop('free')")
    assert await stored(orders) == []


async def test_rotating_restarts_nobody(orders: Connection) -> None:
    await store(orders, "kafka")
    await configure(orders, "p", client_id="${secret:kafka}")
    before = await revisions(orders)
    (old,) = await stored(orders)
    new = Keys.read(new_key())
    again = new.encrypt("kafka", CLEAR)
    rotate = "select tide.secret_rotate('kafka', $1, $2, $3)"
    await orders.execute(rotate, old.ciphertext, again.key_id, again.ciphertext)
    (now,) = await stored(orders)
    assert new.decrypt(now) == CLEAR
    assert await revisions(orders) == before
    error = await refused(orders, rotate, old.ciphertext, again.key_id, again.ciphertext)
    assert (error.sqlstate, error.message) == ("40001", 'secret "kafka" was set meanwhile')
    assert "is not encrypted" in (await refused(orders, rotate, now.ciphertext, "x", b"y")).message


async def test_of_two_that_set_one_secret_both_succeed(
    orders: Connection, connect: Connect
) -> None:
    other = await connect()
    async with orders.transaction():
        await store(orders, "kafka", "first")
        waiting = asyncio.create_task(store(other, "kafka", "second"))
        await asyncio.sleep(0)
    await waiting
    (last,) = await stored(orders)
    assert KEYS.decrypt(last) == "second"


async def test_the_view_has_names_and_users_and_no_value(orders: Connection) -> None:
    await store(orders, "kafka")
    await store(orders, "unused")
    await configure(orders, "b", **LOGIN, sasl_password="${secret:kafka}")
    await configure(orders, "a", client_id="${secret:kafka}${secret:missing}")
    async with acting_as(orders, "tide_viewer") as viewer:
        rows = await viewer.fetch("select * from tide.secrets")
    assert [(row["name"], row["key_id"], row["pipelines"]) for row in rows] == [
        ("kafka", KEYS.ids[0], ["a", "b"]),
        ("unused", KEYS.ids[0], []),
    ]
    assert list(rows[0].keys()) == ["name", "key_id", "set_at", "pipelines"]


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("tide_admin", {"set", "rotate", "drop", "names"}),
        ("tide_relay", {"ciphertexts", "names"}),
        ("tide_viewer", {"names"}),
        ("tide_publisher", set[str]()),
    ],
)
async def test_each_role_may_do_its_part(orders: Connection, role: str, may: set[str]) -> None:
    await store(orders, "k")
    (old,) = await stored(orders)
    one = KEYS.encrypt("k", "other")
    calls: dict[str, tuple[str, tuple[object, ...]]] = {
        "ciphertexts": ("select * from tide._stored_secrets(null)", ()),
        "ciphertexts too": ("select * from tide.secret", ()),
        "names": ("select * from tide.secrets", ()),
        "rotate": (
            "select tide.secret_rotate('k', $1, $2, $3)",
            (old.ciphertext, one.key_id, one.ciphertext),
        ),
        "set": ("select tide.secret_set('k', $1, $2)", (one.key_id, one.ciphertext)),
        "drop": ("select tide.secret_drop('k')", ()),
        "restart": ("select tide._restart_users_of_secret('k')", ()),
        "write": ("delete from tide.secret", ()),
    }
    if "ciphertexts" in may:
        may |= {"ciphertexts too"}
    if role == "tide_relay":
        await configure(orders, "p", client_id="${secret:k}")
    async with acting_as(orders, role) as actor:
        for name, (sql, values) in calls.items():
            if name in may:
                await actor.execute(sql, *values)
            else:
                assert (await refusal(actor, sql, *values)).sqlstate == "42501", name


async def test_a_secret_that_is_not_stored_is_warned_of(orders: Connection) -> None:
    said: list[str] = []
    orders.add_log_listener(lambda _, notice: said.append(str(notice)))
    await store(orders, "there")
    await configure(orders, "p", **LOGIN, sasl_password="${secret:there}")
    assert said == []
    await configure(orders, "p", **LOGIN, sasl_password="${secret:missing}")
    assert len(said) == 1
    assert 'pipeline "p" refers to secret "missing", which is not stored' in said[0]


@pytest.mark.parametrize(
    ("value", "clear"),
    [
        (CLEAR, True),
        (f"${{env:A}}{CLEAR}", True),
        (f"{CLEAR}${{env:A}}", True),
        (12345, True),
        ("${env:A}", False),
        ("${file:/run/secrets/a b}", False),
        ("${secret:a.b-c_d}", False),
        ("${env:A}${secret:b}", False),
    ],
)
async def test_what_is_in_clear_is_masked_and_warned_of(
    orders: Connection, value: str | int, clear: bool
) -> None:
    for name in ("b", "a.b-c_d"):
        await store(orders, name)
    said: list[str] = []
    orders.add_log_listener(lambda _, notice: said.append(str(notice)))
    await configure(orders, "p", **LOGIN, sasl_password=value)
    assert ["holds secrets in clear: sasl_password" in one for one in said] == [True] * clear
    shown = json.loads(await orders.fetchval("select tide.relay_get_config('p')"))
    assert shown["sasl_password"] == ("********" if clear else value)
    listed = await orders.fetchval("select config from tide.relay_list_configs()")
    assert json.loads(listed) == shown
    again = "select tide.relay_set_outbox('p', 'orders', $1)"
    if clear:
        error = await refused(orders, again, json.dumps(shown))
        assert 'sasl_password: "********" hides a secret and is none' in error.message
    else:
        assert await orders.fetchval(again, json.dumps(shown)) == "unchanged"


@pytest.mark.parametrize("option", [one for one in OPTIONS if one.secret], ids=lambda o: o.name)
async def test_a_wrong_secret_is_not_shown(orders: Connection, option: Any) -> None:
    """Whatever is wrong with it, and wherever it stands by mistake."""
    for wrong in (
        CLEAR * 1000,
        {"value": CLEAR},
        [CLEAR],
        f"${{env:{CLEAR}",
        f"${{vault:{CLEAR}}}",
        f"{CLEAR}${{secret:}}",
    ):
        config: dict[str, Any] = {"brokers": "a:1", "topic": "t", option.name: wrong}
        sql = "select tide.relay_set_outbox('p', 'orders', $1)"
        error = await refused(orders, sql, json.dumps(config))
        assert f"\n  {option.name}: " in error.message
    for misplaced in (
        {f"{option.name}x": CLEAR},
        {"security": {option.name: CLEAR}},
        {"transform": {option.name: CLEAR}},
        {f"transform.{option.name}": CLEAR},
        {"routing": {option.name: CLEAR}},
        {"routing": {"rules": [{"topic": "t", "when": "op", option.name: CLEAR}]}},
    ):
        config = {"brokers": "a:1", "topic": "t", **misplaced}
        await refused(orders, "select tide.relay_set_outbox('p', 'orders', $1)", json.dumps(config))


def test_every_secret_may_be_a_reference() -> None:
    assert [one.name for one in OPTIONS if one.secret]
    assert all(one.reference for one in OPTIONS if one.secret)


async def test_no_table_has_it_in_clear(orders: Connection) -> None:
    await store(orders, "kafka")
    await configure(orders, "p", **LOGIN, sasl_password="${secret:kafka}")
    everything = str(await all_rows(orders))
    assert "kafka" in everything
    assert CLEAR not in everything
    assert CLEAR.encode().hex() not in everything
