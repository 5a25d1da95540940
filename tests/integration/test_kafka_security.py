"""Logins and encryption at a real broker's listeners, and what is said when one is wrong."""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pg_tide.errors import FatalError
from tests.fixtures.certificates import KEY_PASSWORD
from tests.fixtures.secured_kafka import LIMITED, SecuredKafka, login
from tests.fixtures.token_endpoint import TokenEndpoint
from tests.fixtures.topics import create_topic, delete_topic, read_all
from tests.integration.test_kafka_client import produce, refused, started


@pytest.fixture
def topic(secured_kafka: SecuredKafka) -> Iterator[str]:
    """Yield the name of a topic of the test's own."""
    name = f"test-{uuid.uuid4().hex}"
    create_topic(secured_kafka.brokers, name)
    yield name
    delete_topic(secured_kafka.brokers, name)


def options_of(kafka: SecuredKafka, case: str) -> tuple[str, dict[str, object]]:
    """A listener and the options that it takes."""
    tls, mtls = kafka.tls, kafka.mtls
    encrypted = {
        "tls_client_key": str(kafka.certificates.encrypted_key),
        "tls_client_key_password": KEY_PASSWORD,
    }
    cases: dict[str, tuple[str, dict[str, object]]] = {
        "PLAIN": (kafka.at("SASL"), {**login("PLAIN")}),
        "SCRAM-SHA-256": (kafka.at("SASL"), {**login("SCRAM-SHA-256")}),
        "SCRAM-SHA-512": (kafka.at("SASL"), {**login("SCRAM-SHA-512")}),
        "PLAIN with TLS": (kafka.at("SASL_TLS"), {**login("PLAIN"), **tls}),
        "SCRAM-SHA-256 with TLS": (kafka.at("SASL_TLS"), {**login("SCRAM-SHA-256"), **tls}),
        "SCRAM-SHA-512 with TLS": (kafka.at("SASL_TLS"), {**login("SCRAM-SHA-512"), **tls}),
        "TLS": (kafka.at("TLS"), tls),
        "TLS without looking": (
            kafka.at("STRANGER"),
            {"tls_enabled": True, "tls_verify": False},
        ),
        "mTLS": (kafka.at("MTLS"), mtls),
        "mTLS with an encrypted key": (kafka.at("MTLS"), {**mtls, **encrypted}),
    }
    return cases[case]


@pytest.mark.parametrize(
    "case",
    [
        "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN with TLS", "SCRAM-SHA-256 with TLS",
        "SCRAM-SHA-512 with TLS", "TLS", "TLS without looking", "mTLS",
        "mTLS with an encrypted key",
    ],
)  # fmt: skip
async def test_a_record_arrives(secured_kafka: SecuredKafka, topic: str, case: str) -> None:
    brokers, options = options_of(secured_kafka, case)
    async with started(brokers, **options) as client:
        await produce(client, topic, case.encode())
    found = await asyncio.to_thread(read_all, secured_kafka.brokers, topic)
    assert [record.value for record in found] == [case.encode()]


@pytest.mark.parametrize("listener", ["OAUTH", "OAUTH_TLS"])
async def test_a_record_arrives_with_a_token(
    secured_kafka: SecuredKafka, token_endpoint: TokenEndpoint, topic: str, listener: str
) -> None:
    options = {**token_endpoint.options, **(secured_kafka.tls if "TLS" in listener else {})}
    where = secured_kafka.at(listener)  # type: ignore[arg-type]
    async with started(where, **options, oauth_scope="write all") as client:
        await produce(client, topic, b"v")
    assert token_endpoint.requests[0].form["scope"] == "write all"
    assert len(token_endpoint.requests) == 1


WRONG = [
    ("a wrong password", "login_refused"),
    ("a wrong password of SCRAM", "login_refused"),
    ("an unknown user of SCRAM", "login_refused"),
    ("a mechanism that is not enabled", "mechanism_not_enabled"),
    ("no login where one is wanted", "login_required"),
    ("no login where one is wanted, with TLS", "login_required"),
    ("a login where none is wanted", "login_not_expected"),
    ("no TLS at a port with TLS", "tls_required"),
    ("a login without TLS at a port with TLS", "tls_required"),
    ("TLS at a port without", "tls_not_spoken"),
    ("TLS and a login at a port without TLS", "tls_not_spoken"),
    ("another authority", "certificate_untrusted"),
    ("the system's authorities", "certificate_untrusted"),
    ("an expired certificate", "certificate_expired"),
    ("another host's certificate", "certificate_wrong_host"),
    ("no client certificate", "client_certificate_required"),
    ("an unknown client certificate", "client_certificate_refused"),
    ("a missing file", "tls_file_missing"),
    ("a wrong password of the key", "tls_key_password_wrong"),
    ("no password of the key", "tls_key_password_wrong"),
    ("another certificate's key", "tls_file_invalid"),
]


def wrong_options(kafka: SecuredKafka, case: str) -> tuple[str, dict[str, object]]:
    """A listener and options that do not fit together."""
    made, tls, mtls = kafka.certificates, kafka.tls, kafka.mtls
    encrypted = {**mtls, "tls_client_key": str(made.encrypted_key)}
    unknown = {
        "tls_client_cert": str(made.unknown_client),
        "tls_client_key": str(made.unknown_client_key),
    }
    plain = login("PLAIN")
    cases: dict[str, tuple[str, dict[str, object]]] = {
        "a wrong password": (kafka.at("SASL"), {**login("PLAIN", password="not-it-5b1c")}),
        "a wrong password of SCRAM": (
            kafka.at("SASL_TLS"),
            {**login("SCRAM-SHA-512", password="not-it-5b1c"), **tls},
        ),
        "an unknown user of SCRAM": (
            kafka.at("SASL"),
            {**login("SCRAM-SHA-256", password="not-it-5b1c"), "sasl_username": "nobody"},
        ),
        "a mechanism that is not enabled": (kafka.at("SCRAM_512"), {**plain}),
        "no login where one is wanted": (kafka.at("SASL"), {}),
        "no login where one is wanted, with TLS": (kafka.at("SASL_TLS"), tls),
        "a login where none is wanted": (kafka.brokers, {**plain}),
        "no TLS at a port with TLS": (kafka.at("TLS"), {}),
        "a login without TLS at a port with TLS": (kafka.at("SASL_TLS"), {**plain}),
        "TLS at a port without": (kafka.brokers, tls),
        "TLS and a login at a port without TLS": (kafka.at("SASL"), {**plain, **tls}),
        "another authority": (kafka.at("TLS"), {**tls, "tls_ca_cert": str(made.other_ca)}),
        "the system's authorities": (kafka.at("TLS"), {"tls_enabled": True}),
        "an expired certificate": (kafka.at("EXPIRED"), tls),
        "another host's certificate": (kafka.at("STRANGER"), tls),
        "no client certificate": (kafka.at("MTLS"), tls),
        "an unknown client certificate": (kafka.at("MTLS"), {**tls, **unknown}),
        "a missing file": (kafka.at("TLS"), {**tls, "tls_ca_cert": "/nowhere/ca.pem"}),
        "a wrong password of the key": (
            kafka.at("MTLS"),
            {**encrypted, "tls_client_key_password": "not-it-5b1c"},
        ),
        "no password of the key": (kafka.at("MTLS"), encrypted),
        "another certificate's key": (
            kafka.at("MTLS"),
            {**mtls, "tls_client_key": str(made.unknown_client_key)},
        ),
    }
    return cases[case]


@pytest.mark.parametrize(("case", "reason"), WRONG)
async def test_what_is_wrong_is_said(secured_kafka: SecuredKafka, case: str, reason: str) -> None:
    brokers, options = wrong_options(secured_kafka, case)
    error = await refused(brokers, **options)
    assert error.reason == reason
    assert isinstance(error, FatalError)


async def test_clients_that_start_at_once_each_say_their_own(secured_kafka: SecuredKafka) -> None:
    async def said(case: str) -> str:
        brokers, options = wrong_options(secured_kafka, case)
        return (await refused(brokers, **options)).reason

    reasons = await asyncio.gather(*(said(case) for case, _ in WRONG))
    assert reasons == [reason for _, reason in WRONG]


async def test_files_are_read_at_each_start(secured_kafka: SecuredKafka, tmp_path: Path) -> None:
    """A certificate that was renewed serves without a restart."""
    made = secured_kafka.certificates
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    certificate.write_bytes(made.unknown_client.read_bytes())
    key.write_bytes(made.unknown_client_key.read_bytes())
    own = {"tls_client_cert": str(certificate), "tls_client_key": str(key)}
    options = {**secured_kafka.tls, **own}
    error = await refused(secured_kafka.at("MTLS"), **options)
    assert error.reason == "client_certificate_refused"
    certificate.write_bytes(made.client.read_bytes())
    key.write_bytes(made.client_key.read_bytes())
    async with started(secured_kafka.at("MTLS"), **options):
        pass


async def test_a_topic_that_this_user_may_not_create(secured_kafka: SecuredKafka) -> None:
    options = {**login("SCRAM-SHA-512", LIMITED), "acks": "1"}
    async with started(secured_kafka.at("SASL"), **options) as client:
        with pytest.raises(FatalError) as caught:
            await client.create_topic("not-for-them", -1, -1)
    assert caught.value.reason == "topic_creation_not_authorized"
