"""Every login and every kind of encryption against a real broker that demands it."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.certificates import KEY_PASSWORD
from tests.fixtures.operator import Operator
from tests.fixtures.relay_process import RelayProcess, until
from tests.fixtures.secured_clients import Clients, logged
from tests.fixtures.secured_kafka import GUESTS, ListenerName, SecuredKafka, login
from tests.fixtures.token_endpoint import TOKENS_BEGIN, TokenEndpoint
from tests.fixtures.wrong_logins import Wrong, wrong_logins

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
STATUS = "SELECT pipeline, state, last_error, hint FROM tide.relay_status"
SOON = 5.0  # seconds in which a reason is told


@pytest.fixture(scope="session")
def kafka_server(secured_kafka: SecuredKafka) -> str:
    """The broker of these tests; for tests themselves, its plain-text listener."""
    return secured_kafka.brokers


@pytest.fixture
def clients(operator: Operator, secured_kafka: SecuredKafka, topic: TopicFactory) -> Clients:
    """Return clients without a pipeline yet."""
    return Clients(operator, secured_kafka, topic())


@pytest.fixture
def wrong(secured_kafka: SecuredKafka, tmp_path: Path) -> Iterator[dict[str, Wrong]]:
    """Yield every wrong way to come in; the broker is as it was afterwards."""
    with ExitStack() as endpoints:
        yield dict(wrong_logins(secured_kafka, tmp_path, endpoints))
    secured_kafka.renew(expired=True)
    for guest in GUESTS:
        secured_kafka.admin.remove_user(guest)


async def test_a_message_is_delivered_over_every_kind_of_connection(
    clients: Clients, relay: StartRelay, token_endpoint: TokenEndpoint
) -> None:
    operator, made = clients.operator, clients.kafka.certificates
    tls, mtls, tokens = clients.kafka.tls, clients.kafka.mtls, token_endpoint.options
    password = {"tls_client_key_password": KEY_PASSWORD}
    ways: dict[str, tuple[ListenerName | None, Mapping[str, object]]] = {
        "plaintext": (None, {}),
        "tls": ("TLS", tls),
        "mtls": ("MTLS", mtls),
        "mtls, key encrypted": (
            "MTLS",
            {**mtls, "tls_client_key": str(made.encrypted_key), **password},
        ),
        "tokens": ("OAUTH", tokens),
        "tokens, tls": ("OAUTH_TLS", {**tokens, **tls}),
        "not verified": ("STRANGER", {"tls_enabled": True, "tls_verify": False}),
    }
    for each in MECHANISMS:
        ways[each] = ("SASL", login(each))
        ways[f"{each}, tls"] = ("SASL_TLS", {**login(each), **tls})
    for name, way in ways.items():
        await clients.connect(name, *way)
    await operator.publish({"n": 1})
    process = relay(operator.url, "--log-format", "json")
    with TokenEndpoint(certificate=made.broker) as private:
        await clients.connect("tokens by https", "OAUTH_TLS", {**private.options, **tls})
        for name in (*ways, "tokens by https"):
            await operator.delivered(name)
        assert len(private.requests) == 1
    await process.ready()
    assert await clients.arrived() == {name: [1] for name in (*ways, "tokens by https")}
    assert len(token_endpoint.requests) == 2
    await process.stop()
    warnings = [line for line in logged(process) if line["level"] == "warning"]
    said = {line["pipeline"]: line["event"] for line in warnings}
    assert set(said) == {"not verified", "PLAIN"}
    assert "tls_verify" in said["not verified"]
    assert "in clear" in said["PLAIN"]


@pytest.mark.alone
async def test_every_wrong_login_has_its_own_reason_and_is_put_right_without_a_restart(
    clients: Clients, relay: StartRelay, wrong: dict[str, Wrong]
) -> None:
    operator = clients.operator
    process = relay(operator.url, "--log-format", "json")
    await clients.connect("good", None, {})
    await operator.publish({"n": 1})
    await operator.delivered("good")
    began = {}
    for name, each in wrong.items():
        await clients.connect(name, each.listener, each.given)
        began[name] = time.monotonic()
    told = await reasons(operator, began)
    assert {name: took for name, (took, _) in told.items() if took > SOON} == {}
    assert [row for name, (_, row) in told.items() if not wrong[name].is_told_by(row)] == []
    await operator.publish({"n": 2})
    await operator.delivered("good")
    assert await clients.arrived() == {"good": [1, 2]}
    assert missing_in_log(process, wrong) == {}
    assert await secrets_shown(operator, process, wrong) == []

    for name, each in wrong.items():
        if each.mend is not None:
            await asyncio.to_thread(each.mend)
        if each.right is not None:
            await clients.connect(name, *each.right)
    for name in wrong:
        await operator.delivered(name)
    await process.ready()
    assert await clients.arrived() == {name: [1, 2] for name in ("good", *wrong)}
    await process.stop()
    assert await secrets_shown(operator, process, wrong) == []


def missing_in_log(process: RelayProcess, wrong: Mapping[str, Wrong]) -> dict[str, object]:
    """Pipelines of which the log does not say why they do not run, and what it says of them."""
    lines = logged(process)
    said = {name: [line for line in lines if line.get("pipeline") == name] for name in wrong}
    return {name: said[name] for name in wrong if wrong[name].reason not in str(said[name])}


async def reasons(
    operator: Operator, began: Mapping[str, float]
) -> dict[str, tuple[float, dict[str, object]]]:
    """Wait until every pipeline says what is wrong: after how many seconds, and how it is."""
    told: dict[str, tuple[float, dict[str, object]]] = {}

    async def all_told() -> bool:
        connection = await operator.connection()
        for row in await connection.fetch(STATUS):
            pipeline = row["pipeline"]
            if pipeline in began and pipeline not in told and row["last_error"]:
                told[pipeline] = (time.monotonic() - began[pipeline], dict(row))
        return len(told) == len(began)

    await until(all_told, 20, lambda: f"nothing is said of {set(began) - set(told)}")
    return told


async def secrets_shown(
    operator: Operator, process: RelayProcess, wrong: Mapping[str, Wrong]
) -> list[str]:
    """Where secrets of these pipelines are to be read."""
    shown = {
        "log": process.log.read_text(),
        "relay_status": await operator.value("SELECT json_agg(s)::text FROM tide.relay_status s"),
        "configs": await operator.value(
            "SELECT json_agg(c)::text FROM tide.relay_list_configs() c"
        ),
    }
    if process.exit_code is None:
        shown["metrics"] = (await process.get("/metrics")).text
        shown["readyz"] = (await process.get("/readyz")).text
    secrets = {secret for each in wrong.values() for secret in each.secrets}
    assert secrets
    secrets.add(TOKENS_BEGIN)
    return [
        f"{where}: {secret}"
        for where, text in shown.items()
        for secret in secrets
        if secret in text
    ]
