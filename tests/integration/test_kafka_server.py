"""The test broker and the helpers around it: what the tests of everything else stand on."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

from tests.fixtures.brokers import TopicFactory
from tests.fixtures.kafka_properties import Listener
from tests.fixtures.kafka_server import KafkaServer
from tests.fixtures.secured_kafka import ListenerName, SecuredKafka, login
from tests.fixtures.token_endpoint import TokenEndpoint
from tests.fixtures.topics import Reader, add_partitions, create_topic, read_all
from tests.fixtures.unavailable import UnavailableError, skip_unless_ci


@pytest.fixture
def own_server() -> Iterator[KafkaServer]:
    """Yield a broker that the test may stop, with a second listener."""
    try:
        server = KafkaServer([Listener("SECOND", "PLAINTEXT")])
    except UnavailableError as error:
        skip_unless_ci(error)
    with server:
        yield server


def produce(brokers: str, topic: str, *values: bytes, **settings: str) -> None:
    producer = Producer({"bootstrap.servers": brokers, "acks": "all", "log_level": 0, **settings})
    for value in values:
        producer.produce(topic, value, key=b"key", headers=[("h", b"1"), ("empty", None)])
    assert producer.flush(20) == 0
    producer.close()


def test_what_was_produced_is_read_back(kafka_server: str, topic: TopicFactory) -> None:
    name = topic()
    produce(kafka_server, name, b"one", b"two")
    first, second = read_all(kafka_server, name)
    assert (first.topic, first.partition, first.offset) == (name, 0, 0)
    assert (first.key, first.value, second.value) == (b"key", b"one", b"two")
    assert first.headers == (("h", b"1"), ("empty", None))
    assert first.timestamp > 1_700_000_000_000


def test_a_topic_has_the_partitions_and_settings_asked_for(
    kafka_server: str, topic: TopicFactory
) -> None:
    name = topic(3, {"max.message.bytes": "2000"})
    add_partitions(kafka_server, name, 5)
    known = AdminClient({"bootstrap.servers": kafka_server}).list_topics(name, timeout=10)
    assert len(known.topics[name].partitions) == 5


def test_a_reader_goes_on_where_it_was(kafka_server: str, topic: TopicFactory) -> None:
    name = topic(4)
    with Reader(kafka_server, name) as reader:
        assert reader.read_to_end() == []
        produce(kafka_server, name, b"one", b"two")
        assert [each.value for each in reader.read(2)] == [b"one", b"two"]
        produce(kafka_server, name, b"three")
        assert [each.value for each in reader.read_to_end()] == [b"three"]
        assert reader.read_to_end() == []


def test_waiting_for_records_has_an_end(kafka_server: str, topic: TopicFactory) -> None:
    name = topic()
    produce(kafka_server, name, b"one")
    with Reader(kafka_server, name) as reader, pytest.raises(TimeoutError, match="1 of 2"):
        reader.read(2, seconds=0.5)


def test_only_committed_transactions_are_read(kafka_server: str, topic: TopicFactory) -> None:
    name = topic()
    producer = Producer(
        {"bootstrap.servers": kafka_server, "transactional.id": name, "log_level": 0}
    )
    producer.init_transactions(20)
    with Reader(kafka_server, name) as reader:
        for value in (b"aborted", b"kept", b"open"):
            producer.begin_transaction()
            producer.produce(name, value)
            assert producer.flush(20) == 0
            assert reader.read_to_end() == []
            if value == b"aborted":
                producer.abort_transaction(20)
            elif value == b"kept":
                producer.commit_transaction(20)
                assert [each.value for each in reader.read(1)] == [b"kept"]
    with Reader(kafka_server, name, isolation="read_uncommitted") as reader:
        assert [each.value for each in reader.read_to_end()] == [b"aborted", b"kept", b"open"]
    producer.abort_transaction(20)


def test_a_killed_broker_comes_back_with_its_data(own_server: KafkaServer) -> None:
    brokers = own_server.brokers
    create_topic(brokers, "kept", 2)
    with Reader(brokers, "kept") as reader:
        for value, end in ((b"first", own_server.kill), (b"second", own_server.stop)):
            produce(brokers, "kept", value)
            assert [each.value for each in reader.read(1)] == [value]
            end()
            own_server.start()
            assert own_server.brokers == brokers
    assert [each.value for each in read_all(brokers, "kept")] == [b"first", b"second"]
    own_server.close()
    assert not own_server.folder.exists()


def test_every_listener_answers(own_server: KafkaServer) -> None:
    second = own_server.address(Listener("SECOND", "PLAINTEXT"))
    assert second != own_server.brokers
    create_topic(second, "anything")
    assert read_all(second, "anything") == []


def test_says_why_it_does_not_start(kafka_server: str) -> None:
    del kafka_server  # what it needs is there
    server = KafkaServer(settings={"log.retention.ms": "never"})
    with pytest.raises(RuntimeError, match=r"log\.retention\.ms"), server:
        pass
    assert not server.folder.exists()


def test_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="java is not installed"):
        KafkaServer()


LIBRDKAFKA = {
    "sasl_mechanism": "sasl.mechanism",
    "sasl_username": "sasl.username",
    "sasl_password": "sasl.password",
    "oauth_token_url": "sasl.oauthbearer.token.endpoint.url",
    "oauth_client_id": "sasl.oauthbearer.client.id",
    "oauth_client_secret": "sasl.oauthbearer.client.secret",
    "tls_ca_cert": "ssl.ca.location",
    "tls_client_cert": "ssl.certificate.location",
    "tls_client_key": "ssl.key.location",
    "tls_client_key_password": "ssl.key.password",
}


def refusal(brokers: str, options: Mapping[str, object]) -> str:
    """Why librdkafka is turned away with these options of a pipeline; empty when it is let in."""
    sasl = "sasl_" if "sasl_mechanism" in options else ""
    said: list[str] = []
    settings: dict[str, Any] = {
        "bootstrap.servers": brokers,
        "log_level": 0,
        "security.protocol": sasl + ("ssl" if "tls_enabled" in options else "plaintext"),
        "error_cb": lambda error: said.append(error.str()),
        **{LIBRDKAFKA[name]: each for name, each in options.items() if name in LIBRDKAFKA},
        **({"sasl.oauthbearer.method": "oidc"} if "oauth_token_url" in options else {}),
    }
    client = AdminClient(settings)
    while not said:
        try:
            client.list_topics(timeout=0.2)
        except KafkaException:
            client.poll(0)
        else:
            return ""
    return " ".join(said)


def test_every_secured_listener_lets_in_whom_it_should(
    secured_kafka: SecuredKafka, token_endpoint: TokenEndpoint
) -> None:
    passwords = [login(each) for each in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")]
    tls, tokens = secured_kafka.tls, token_endpoint.options
    ways: list[tuple[ListenerName, Mapping[str, object]]] = [
        ("SCRAM_512", login("SCRAM-SHA-512")),
        ("TLS", tls),
        ("MTLS", secured_kafka.mtls),
        ("OAUTH", tokens),
        ("OAUTH_TLS", {**tokens, **tls}),
    ]
    for password in passwords:
        ways += [("SASL", password), ("SASL_TLS", {**password, **tls})]
    turned_away = {
        (listener, options.get("sasl_mechanism")): why
        for listener, options in ways
        if (why := refusal(secured_kafka.at(listener), options))
    }
    assert turned_away == {}
    assert len(token_endpoint.requests) == 2


def test_every_secured_listener_turns_away_whom_it_should(
    secured_kafka: SecuredKafka, token_endpoint: TokenEndpoint
) -> None:
    made, tls, mtls = secured_kafka.certificates, secured_kafka.tls, secured_kafka.mtls
    token_endpoint.manner = "refuse"
    unknown = {
        "tls_client_cert": str(made.unknown_client),
        "tls_client_key": str(made.unknown_client_key),
    }
    ways: list[tuple[ListenerName, Mapping[str, object], str]] = [
        ("SASL", login("PLAIN", password="wrong"), "Invalid username or password"),
        ("SASL", login("SCRAM-SHA-256", password="wrong"), "invalid credentials"),
        ("SASL_TLS", {**login("SCRAM-SHA-512", "nobody", "x"), **tls}, "invalid credentials"),
        ("SCRAM_512", login("PLAIN"), "mechanism"),
        ("SCRAM_512", login("SCRAM-SHA-256"), "mechanism"),
        ("TLS", {**tls, "tls_ca_cert": str(made.other_ca)}, "verify failed"),
        ("EXPIRED", tls, "verify failed"),
        ("STRANGER", tls, "verify failed"),
        ("MTLS", tls, "ssl://"),
        ("MTLS", {**mtls, **unknown}, "ssl://"),
        ("OAUTH", token_endpoint.options, "this client is not known here"),
    ]
    wrong = {
        (listener, expected): why
        for listener, options, expected in ways
        if expected not in (why := refusal(secured_kafka.at(listener), options))
    }
    assert wrong == {}


def test_a_certificate_is_renewed_while_the_broker_runs(secured_kafka: SecuredKafka) -> None:
    secured_kafka.renew()
    assert refusal(secured_kafka.at("EXPIRED"), secured_kafka.tls) == ""
    secured_kafka.renew(expired=True)
    assert "verify failed" in refusal(secured_kafka.at("EXPIRED"), secured_kafka.tls)


def test_passwords_change_while_the_broker_runs(secured_kafka: SecuredKafka) -> None:
    admin, address = secured_kafka.admin, secured_kafka.at("SASL")
    admin.set_password("guest", "first")
    guest = login("SCRAM-SHA-512", "guest", "first")
    assert refusal(address, guest) == ""
    admin.set_password("guest", "second")
    assert "invalid credentials" in refusal(address, guest)
    admin.remove_user("guest")
    admin.remove_user("guest")
    assert "invalid credentials" in refusal(address, {**guest, "sasl_password": "second"})
