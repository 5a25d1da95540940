"""The client of schema registries, with a real one, and with answers of one that fails."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pg_tide.config.wire import SchemaRegistry as Options
from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.registry import Supply
from pg_tide.registry.client import Registry
from pg_tide.registry.refusals import MissingError, UnavailableError
from pg_tide.registry.supply import UNREGISTERED
from pg_tide.retry import Backoff
from pg_tide.schemas import Schemas, Wanted
from tests.fixtures.certificates import Certificates
from tests.fixtures.registry_front import Canned, RegistryFront
from tests.fixtures.schema_registry import SchemaRegistry

LOGIN = ("registry-user", "registry-password-4f1b")
NOBODY = "http://127.0.0.1:9"  # the discard port, where nobody listens
ID = {"name": "id", "type": "int"}
NOTE = {"name": "note", "type": ["null", "string"], "default": None}


def avro(*fields: object) -> str:
    return json.dumps({"type": "record", "name": "Order", "fields": fields})


def a_registry(*urls: str, **options: Any) -> Registry:
    return Registry(Options(url=", ".join(urls), **options))


@pytest.fixture
def front(schema_registry: SchemaRegistry) -> Iterator[RegistryFront]:
    with RegistryFront(schema_registry.url, login=LOGIN) as front:
        yield front


@pytest.fixture
def registry(front: RegistryFront) -> Registry:
    return a_registry(front.url, username=LOGIN[0], password=LOGIN[1])


class Told(asyncio.Queue[PgTideError]):
    def report(self, error: PgTideError, _pause: float) -> None:
        self.put_nowait(error)


def supply_of(registry: Registry, schemas: Schemas, told: Told) -> Supply:
    return Supply(registry, schemas, (Backoff(20, 20), Backoff(20, 20)), told.report)


async def test_what_is_registered_is_found_by_its_text_and_its_version(registry: Registry) -> None:
    subject = "a registry/with odd names-value"
    assert await registry.look_up(subject, "AVRO", avro(ID)) is None
    assert await registry.version(subject, "latest") is None
    made = await registry.register(subject, "AVRO", avro(ID))
    assert await registry.register(subject, "AVRO", avro(ID)) == made
    assert await registry.look_up(subject, "AVRO", avro(ID)) == made
    second = await registry.register(subject, "AVRO", avro(ID, NOTE))
    for version, schema in ((1, made), (2, second), ("latest", second)):
        found = await registry.version(subject, version)  # type: ignore[arg-type]
        assert found is not None
        assert (found.id, json.loads(found.text)) == (schema.id, json.loads(schema.text))
    assert await registry.version(subject, 3) is None
    assert await registry.has(made.id)
    assert not await registry.has(999_999)
    await registry.answers()


async def test_an_incompatible_schema_is_refused_in_the_registry_s_words(
    registry: Registry, schema_registry: SchemaRegistry
) -> None:
    schema_registry.register("refused-value", avro(ID))
    wrong = avro({"name": "id", "type": "string"})
    assert (await registry.is_compatible("refused-value", "AVRO", wrong))[0] is False
    assert (await registry.is_compatible("refused-value", "AVRO", avro(ID, NOTE)))[0] is True
    assert (await registry.is_compatible("refused-never-value", "AVRO", wrong))[0] is True
    with pytest.raises(FatalError, match="not compatible") as caught:
        await registry.register("refused-value", "AVRO", wrong)
    assert caught.value.reason == "schema_incompatible"
    with pytest.raises(FatalError) as caught:
        await registry.register("refused-value", "AVRO", '{"type": "recor')
    assert caught.value.reason == "schema_invalid"


@pytest.mark.parametrize(
    ("canned", "kind", "reason", "words"),
    [
        (Canned(503), TransientError, "registry_unavailable", "backend data store"),
        (Canned(500, b"<html>"), TransientError, "registry_unavailable", "it answers 500"),
        (Canned(200, b"<html>Hotel</html>"), TransientError, "registry_unavailable", "not that of"),
        (Canned(200, b"{}"), TransientError, "registry_unavailable", "has no id"),
        (Canned(404, b"<html>"), FatalError, "registry_refused", "there is no schema registry"),
        (Canned(403, b"{}"), FatalError, "registry_refused", "refuses this login"),
        (
            Canned(400, b'{"message": "no registry-password-4f1b"}'),
            FatalError,
            "registry_refused",
            r"no \*\*\*",
        ),
    ],
)
async def test_what_it_fails_with_is_told(
    registry: Registry,
    front: RegistryFront,
    canned: Canned,
    kind: type[PgTideError],
    reason: str,
    words: str,
) -> None:
    front.canned = canned
    with pytest.raises(kind, match=words) as caught:
        await registry.register("a", "AVRO", avro(ID))
    assert caught.value.reason == reason
    assert LOGIN[1] not in str(caught.value)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("7", 7), ("Sun, 22 Nov 2015 08:00:00 GMT", 0), ("soon", 0), ("nan", 0), ("100000", 300)],
)
async def test_it_says_when_to_come_back(
    registry: Registry, front: RegistryFront, retry_after: str, seconds: float
) -> None:
    front.canned = Canned(429, headers=(("Retry-After", retry_after),))
    with pytest.raises(UnavailableError) as caught:
        await registry.version("a", 1)
    assert caught.value.wait == seconds


async def test_another_url_is_asked_where_one_is_away(front: RegistryFront) -> None:
    login = {"username": LOGIN[0], "password": LOGIN[1]}
    registry = a_registry(NOBODY, front.url, **login)
    await registry.version("failover-value", "latest")
    assert registry.where == front.url
    front.stop()
    with pytest.raises(UnavailableError, match="refuses connections"):
        await registry.version("failover-value", "latest")
    front.start()
    await registry.version("failover-value", "latest")


async def test_logins_and_tls(
    schema_registry: SchemaRegistry, front: RegistryFront, tmp_path: Path
) -> None:
    with pytest.raises(FatalError, match="refuses this login") as caught:
        await a_registry(front.url, username=LOGIN[0], password="other").answers()
    assert "other" not in str(caught.value)
    made = Certificates(tmp_path)
    mine: dict[str, Any] = {
        "tls_client_cert": str(made.client),
        "tls_client_key": str(made.client_key),
        "bearer_token": "token-81c2",
    }
    secured = {"certificate": made.broker, "client_ca": made.ca}
    with RegistryFront(schema_registry.url, login="token-81c2", **secured) as other:
        await a_registry(other.url, tls_ca_cert=str(made.ca), **mine).answers()
        await a_registry(other.url, tls_verify=False, **mine).answers()
        with pytest.raises(UnavailableError, match="not signed by an authority"):
            await a_registry(other.url, **mine).answers()
        with pytest.raises(FatalError, match=r"schema_registry\.tls_ca_cert: there is no file"):
            await a_registry(other.url, tls_ca_cert="/nowhere.pem", **mine).answers()


async def test_a_registry_that_says_nothing_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UnavailableError, match=r"no answer within 0\.2 seconds"):
            await a_registry(url, timeout_ms=200).answers()


async def test_schemas_come_once_the_registry_is_back(
    registry: Registry, front: RegistryFront
) -> None:
    schemas, told = Schemas(), Told()
    supply = supply_of(registry, schemas, told)
    wanted = Wanted("supply-back-value", "AVRO", text=avro(ID))
    front.stop()
    getting = asyncio.create_task(supply.get(wanted))
    assert (await told.get()).reason == "registry_unavailable"
    front.start()
    await getting
    found = schemas.get(wanted)
    assert found is not None
    assert await registry.has(found.id)


async def test_what_may_not_be_registered_has_to_be_there(
    registry: Registry, schema_registry: SchemaRegistry
) -> None:
    schemas, told = Schemas(), Told()
    supply = supply_of(registry, schemas, told)
    supply.register = False
    wanted = Wanted("supply-off-value", "AVRO", text=avro(ID))
    getting = asyncio.create_task(supply.get(wanted))
    error = await told.get()
    assert isinstance(error, MissingError)
    assert "auto_register is off" in error.message
    made = schema_registry.register("supply-off-value", avro(ID))
    await getting
    found = schemas.get(wanted)
    assert found is not None
    assert found.id == made


async def test_a_dry_run_registers_nothing(
    registry: Registry, schema_registry: SchemaRegistry
) -> None:
    schemas, told = Schemas(), Told()
    supply = supply_of(registry, schemas, told)
    supply.dry = True
    wanted = Wanted("supply-dry-value", "AVRO", text=avro(ID))
    await supply.get(wanted)
    found = schemas.get(wanted)
    assert found is not None
    assert found.id == UNREGISTERED
    assert schema_registry.versions("supply-dry-value") == []
    schema_registry.register("supply-dry-value", avro({"name": "id", "type": "string"}))
    getting = asyncio.create_task(supply.get(wanted))
    assert (await told.get()).reason == "schema_incompatible"
    getting.cancel()


async def test_the_latest_version_is_followed(
    registry: Registry, schema_registry: SchemaRegistry
) -> None:
    schemas = Schemas()
    supply = supply_of(registry, schemas, Told())
    kept = Wanted("supply-latest-value", "AVRO", text=avro(ID))
    latest = Wanted("supply-latest-value", "AVRO", version="latest")
    for wanted in (kept, latest):
        await supply.get(wanted)
    second = schema_registry.register("supply-latest-value", avro(ID, NOTE))
    await supply.look()
    assert schemas.get(kept) is not None
    followed = schemas.get(latest)
    assert followed is not None
    assert (followed.id, schemas.changes) == (second, 1)


async def test_a_schema_that_was_deleted_is_forgotten(
    registry: Registry, front: RegistryFront
) -> None:
    schemas = Schemas()
    supply = supply_of(registry, schemas, Told())
    wanted = Wanted("supply-gone-value", "AVRO", text=avro(ID))
    await supply.get(wanted)
    for canned in (Canned(503), Canned(401)):
        front.canned = canned
        await supply.look()
        assert schemas.get(wanted) is not None
    front.canned = Canned(404, b'{"error_code": 40403, "message": "Schema not found"}')
    await supply.look()
    with pytest.raises(PgTideError, match="not known yet"):
        schemas.get(wanted)
    assert schemas.changes == 1
