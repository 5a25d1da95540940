"""Logins that end while messages flow: tokens expire, endpoints go away, passwords change."""

import asyncio
import time
from itertools import pairwise

import pytest

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.relay_process import until
from tests.fixtures.secured_clients import Clients, logged
from tests.fixtures.secured_kafka import GUESTS, SecuredKafka, login
from tests.fixtures.tail import Tail
from tests.fixtures.token_endpoint import TokenEndpoint

PUBLISH = """
SELECT count(tide.outbox_publish('orders', jsonb_build_object('n', n), key => 'k'))
FROM generate_series($1::int, $1 + $2 - 1) n
"""


@pytest.fixture(scope="session")
def kafka_server(secured_kafka: SecuredKafka) -> str:
    """The broker of these tests; for tests themselves, its plain-text listener."""
    return secured_kafka.brokers


@pytest.fixture
def clients(operator: Operator, secured_kafka: SecuredKafka, topic: TopicFactory) -> Clients:
    """Return clients without a pipeline yet."""
    return Clients(operator, secured_kafka, topic())


async def test_tokens_are_renewed_before_they_expire_and_nothing_waits_for_it(
    clients: Clients, relay: StartRelay, token_endpoint: TokenEndpoint
) -> None:
    operator = clients.operator
    token_endpoint.lifetime = 3
    options = {**token_endpoint.options, **clients.kafka.tls, "oauth_scope": "kafka write"}
    await clients.connect("busy", "OAUTH_TLS", options)
    await operator.run("SELECT tide.outbox_create('seldom')")
    with TokenEndpoint(lifetime=3) as another:
        await clients.connect("idle", "OAUTH", another.options, outbox="seldom")
        process = relay(operator.url, "--log-format", "json")
        await process.ready()
        published = 0
        async with Tail(operator.brokers, clients.topic) as tail:
            while len(token_endpoint.requests) < 4:
                await operator.run(PUBLISH, published, 20)
                published += 20
            await operator.publish({"n": 1}, outbox="seldom")
            await operator.delivered("idle")
            await operator.delivered("busy")
            times = [each.at for each in await tail.first(published + 1)]
        assert another.requests
    asked = [request.at for request in token_endpoint.requests]
    waits = [after - before for before, after in pairwise(asked)]
    assert max(waits) < token_endpoint.lifetime, "a token was used until it expired"
    assert min(waits) > token_endpoint.lifetime / 4, "tokens are asked for again and again"
    assert {request.form.get("scope") for request in token_endpoint.requests} == {"kafka write"}
    assert await clients.arrived() == {"busy": list(range(published)), "idle": [1]}
    assert max(after - before for before, after in pairwise(times)) < 1
    assert await process.metrics("pg_tide_produce_errors_total") == {}
    await process.stop()
    assert [line for line in logged(process) if line["level"] != "info"] == []


async def test_a_token_endpoint_that_is_away_is_felt_when_the_token_has_expired(
    clients: Clients, relay: StartRelay, token_endpoint: TokenEndpoint
) -> None:
    operator = clients.operator
    token_endpoint.lifetime = 2
    options = {**token_endpoint.options, "reconnect_backoff_max_ms": 500}
    await clients.connect("tokens", "OAUTH", options)
    process = relay(operator.url)
    await process.ready()
    published = 0

    async def publish() -> str:
        nonlocal published
        await operator.publish({"n": published})
        published += 1
        return await operator.state("tokens")

    async def retrying() -> bool:
        return await publish() == "retrying"

    await publish()
    await operator.delivered("tokens")
    token_endpoint.stop()
    await until(retrying)
    assert time.monotonic() - token_endpoint.requests[-1].at > token_endpoint.lifetime * 0.9
    error = (await operator.status("tokens"))["last_error"]
    assert error.startswith("oauth_token_unavailable: ")
    assert token_endpoint.url in error
    token_endpoint.start()
    await operator.delivered("tokens")
    await process.ready()
    await process.stop()
    assert await clients.arrived() == {"tokens": list(range(published))}


async def test_a_password_that_is_changed_meanwhile_stops_it_until_it_is_changed_back(
    clients: Clients, relay: StartRelay
) -> None:
    operator, admin, user = clients.operator, clients.kafka.admin, GUESTS[0]
    await asyncio.to_thread(admin.set_password, user, "first-password-a1")
    options = login("SCRAM-SHA-512", user, "first-password-a1")
    await clients.connect("p", "SCRAM_512", {**options, "fatal_retry_ms": 300})
    process = relay(operator.url)
    await process.ready()
    published = 0

    async def failed() -> bool:
        nonlocal published
        await operator.publish({"n": published})
        published += 1
        return await operator.state() == "failed"

    await failed()
    await operator.delivered()
    await asyncio.to_thread(admin.set_password, user, "second-password-b2")
    await until(failed)
    error = (await operator.status())["last_error"]
    assert error.startswith("login_refused: ")
    assert user in error
    await asyncio.to_thread(admin.set_password, user, "first-password-a1")
    await operator.delivered()
    await process.ready()
    await process.stop()
    assert await clients.arrived() == {"p": list(range(published))}
