"""The registry of the tests and the way to it are what the tests of formats take them for."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fixtures.certificates import Certificates
from tests.fixtures.registry_front import Canned, RegistryFront
from tests.fixtures.schema_registry import SchemaRegistry

LOGIN = ("registry-user", "registry-password-4f1b")


def avro(*fields: object) -> str:
    return json.dumps({"type": "record", "name": "Order", "fields": fields})


ID = {"name": "id", "type": "int"}
NOTE = {"name": "note", "type": ["null", "string"], "default": None}


@pytest.fixture
def front(schema_registry: SchemaRegistry) -> Iterator[RegistryFront]:
    with RegistryFront(schema_registry.url, login=LOGIN) as front:
        yield front


def test_it_has_versions_and_refuses_what_readers_could_not_read(
    schema_registry: SchemaRegistry,
) -> None:
    subject = "versions/of one-value"
    assert schema_registry.versions(subject) == []
    first = schema_registry.register(subject, avro(ID))
    assert schema_registry.register(subject, avro(ID)) == first
    second = schema_registry.register(subject, avro(ID, NOTE))
    assert schema_registry.versions(subject) == [1, 2]
    assert schema_registry.latest(subject)["id"] == second
    assert json.loads(schema_registry.schema(first)) == json.loads(avro(ID))
    wrong = {"schema": avro({"name": "id", "type": "string"})}
    answer = schema_registry.request("POST", "/subjects/versions%2Fof%20one-value/versions", wrong)
    assert answer.status == 409
    assert "not compatible" in answer.content["message"]
    schema_registry.delete(subject)
    assert subject not in schema_registry.subjects()
    schema_registry.register(subject, wrong["schema"])


def test_it_knows_three_kinds_of_schema(schema_registry: SchemaRegistry) -> None:
    of_kind = {
        "JSON": json.dumps({"$schema": "http://json-schema.org/draft-07/schema#"}),
        "PROTOBUF": 'syntax = "proto3"; message Order { int32 id = 1; }',
        "AVRO": avro(ID),
    }
    for kind, text in of_kind.items():
        schema_registry.register(f"kinds-{kind}", text, kind)
        assert schema_registry.latest(f"kinds-{kind}")["schemaType"] == kind


def test_the_front_wants_a_login_and_passes_everything_on(
    schema_registry: SchemaRegistry, front: RegistryFront
) -> None:
    with httpx.Client(base_url=front.url) as client:
        assert client.get("/subjects").status_code == 401
        assert client.get("/subjects", auth=(LOGIN[0], "other")).status_code == 401
        client.auth = httpx.BasicAuth(*LOGIN)
        made = client.post("/subjects/front-value/versions", json={"schema": avro(ID)})
        assert made.json() == {"id": schema_registry.latest("front-value")["id"]}
        front.canned = Canned(429, headers=(("Retry-After", "1"),))
        assert client.get("/subjects").headers["Retry-After"] == "1"
        front.canned = None
        front.stop()
        with pytest.raises(httpx.TransportError):
            client.get("/subjects")
        front.start()
        assert client.get("/subjects").status_code == 200
    assert [one.status for one in front.passed] == [401, 401, 200, 429, 200]


def test_the_front_knows_tokens_and_tls(schema_registry: SchemaRegistry, tmp_path: Path) -> None:
    made = Certificates(tmp_path)
    bearer = {"Authorization": "Bearer token-81c2"}
    own = {"certificate": made.broker, "client_ca": made.ca}
    trusting = ssl.create_default_context(cafile=made.ca)
    with RegistryFront(schema_registry.url, login="token-81c2", **own) as front:
        for context in (ssl.create_default_context(), trusting):
            with pytest.raises(httpx.TransportError):
                httpx.get(f"{front.url}/subjects", verify=context, headers=bearer)
        trusting.load_cert_chain(made.client, made.client_key)
        answer = httpx.get(f"{front.url}/subjects", verify=trusting, headers=bearer)
        assert (answer.status_code, len(front.passed)) == (200, 1)
