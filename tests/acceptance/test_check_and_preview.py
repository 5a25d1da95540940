"""`pg-tide check` and `pg-tide preview`: what they say comes true, and they change nothing."""

import asyncio
import json
import os
import re
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.kafka_admin import DESCRIBE, WRITE
from tests.fixtures.operator import Operator
from tests.fixtures.secured_kafka import GUESTS, SecuredKafka, login
from tests.fixtures.topics import read_all
from tests.fixtures.wrong_logins import Wrong, wrong_logins

_SECONDS = 60.0
MESSAGE = re.compile(r"message (\d+), ")
LABELLED = re.compile(r"  (.{10}) (.*)")


class Said(NamedTuple):
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def verdicts(self) -> dict[str, list[tuple[str, str]]]:
        """By section and step, as "section: step", every verdict and what was found."""
        found: dict[str, list[tuple[str, str]]] = {}
        for section in json.loads(self.out)["sections"]:
            for step in section["steps"]:
                name = f"{section['title']}: {step['step']}"
                told = f"{step['found']} {step['hint'] or ''}"
                found.setdefault(name, []).append((step["verdict"], told))
        return found

    def of(self, step: str, pipeline: str = "p") -> list[tuple[str, str]]:
        return self.verdicts.get(f'Pipeline "{pipeline}": {step}', [])


@dataclass
class Terminal:
    """Runs commands of the real program on one database."""

    url: str

    async def run(self, *arguments: str, stdin: str = "") -> Said:
        known = {name: v for name, v in os.environ.items() if not name.startswith("PG_TIDE_")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pg_tide", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**known, "PG_TIDE_POSTGRES_URL": self.url},
        )
        try:
            async with asyncio.timeout(_SECONDS):
                out, err = await process.communicate(stdin.encode())
        except BaseException:
            process.kill()
            raise
        said = Said(process.returncode or 0, out.decode(), err.decode())
        assert "Traceback" not in said.out + said.err, said
        return said

    async def check(self, *arguments: str) -> Said:
        return await self.run("check", "--json", *arguments)

    async def preview(self, *arguments: str, stdin: str = "") -> Said:
        return await self.run("preview", *arguments, stdin=stdin)


@pytest.fixture(scope="session")
def kafka_server(secured_kafka: SecuredKafka) -> str:
    """The broker of these tests; for tests themselves, its plain-text listener."""
    return secured_kafka.brokers


@pytest.fixture
def terminal(operator: Operator) -> Terminal:
    """Return a terminal on the operator's database."""
    return Terminal(operator.url)


@pytest.fixture
def wrong(secured_kafka: SecuredKafka, tmp_path: Path) -> Iterator[dict[str, Wrong]]:
    """Yield every wrong way to come in; the broker is as it was afterwards."""
    with ExitStack() as endpoints:
        yield dict(wrong_logins(secured_kafka, tmp_path, endpoints))
    for guest in GUESTS:
        secured_kafka.admin.remove_user(guest)


def records_of(text: str) -> dict[int, list[str]]:
    """By message, what a preview says of its record, in the order of its lines."""
    found: dict[int, list[str]] = {}
    for line in text.splitlines():
        if header := MESSAGE.match(line):
            found[int(header[1])] = lines = []
        elif labelled := LABELLED.match(line):
            lines.append(labelled[2])
    return found


async def delivered(operator: Operator, *topics: str) -> dict[int, list[str]]:
    """The same of what lies in topics."""
    found = {}
    for topic in topics:
        for record in await asyncio.to_thread(read_all, operator.brokers, topic):
            headers = [f"{name}: {(value or b'').decode()}" for name, value in record.headers]
            number = int(dict(record.headers)["pg_tide_id"].rpartition(b":")[2])  # type: ignore[union-attr]
            key, value = (
                "null" if part is None else part.decode() for part in (record.key, record.value)
            )
            found[number] = [record.topic, str(record.partition), key, *headers, value]
    return found


async def test_what_a_preview_shows_is_what_the_relay_then_writes(
    operator: Operator, relay: StartRelay, topic: TopicFactory, terminal: Terminal
) -> None:
    many, gone = topic(7), topic(3)
    rules = [{"when": "op == 'delete'", "topic": gone, "message_key": "gone-{key}"}]
    options: dict[str, Any] = {
        "routing": {"rules": rules},
        "headers": {"n": "{payload.n}"},
        "transform__payload": "payload && {n: payload.n, exact: payload.x} || {n: `0`}",
        "transform__filter": "op != 'skip'",
        "partition_fallback": "2",
    }
    for n in range(10):
        await operator.publish({"n": n, "x": n / 8}, key=f"key-{n}")
    await operator.publish({"n": 10}, key=None)
    await operator.publish(None, key="k", op="delete")
    await operator.publish({"n": 12}, op="skip")
    await operator.configure(many, **options)
    said = await terminal.preview("p", "-n", "50")
    assert said.code == 0, said
    shown = records_of(said.out)
    assert shown.pop(13) == ["transform.filter drops it"]
    process = relay(operator.url)
    await operator.delivered()
    await process.stop()
    assert shown == await delivered(operator, many, gone)
    assert len({lines[1] for lines in shown.values()}) > 3  # partitions


async def test_a_running_relay_does_not_notice(
    operator: Operator, relay: StartRelay, topic: TopicFactory, terminal: Terminal
) -> None:
    await operator.configure(topic())
    process = relay(operator.url)
    await process.ready()
    first = await operator.publish({"n": 1}, key="k")
    await operator.delivered()
    before = await operator.row("SELECT * FROM tide.position")
    assert "nothing is next" in (await terminal.preview("p")).out
    again = await terminal.preview("p", "--id", str(first))
    assert list(records_of(again.out)) == [first]
    said = await terminal.check()
    ((verdict, owner),) = said.of("relay")
    assert verdict == "ok"
    assert owner.startswith(await operator.value("SELECT name FROM tide.relay_processes"))
    assert await operator.row("SELECT * FROM tide.position") == before
    await operator.publish({"n": 2})
    await operator.delivered()
    assert await process.metric("pg_tide_takeovers_total") == 1
    await process.stop()
    assert len(await asyncio.to_thread(read_all, operator.brokers, await a_topic(operator))) == 2


async def a_topic(operator: Operator) -> str:
    name: str = await operator.value("SELECT topic FROM tide.relay_status")
    return name


async def test_a_preview_says_what_would_be_refused_and_tries_candidates(
    operator: Operator, topic: TopicFactory, terminal: Terminal
) -> None:
    small = topic(2, {"max.message.bytes": "2000"})
    noise = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(3_000))
    await operator.publish({"to": small, "n": 1}, key="k")
    await operator.publish({"to": f"missing-{small}", "n": 2}, key="k")
    await operator.publish({"to": small, "noise": noise}, key="k")
    await operator.configure("{payload.to}")
    said = await terminal.preview("p")
    assert said.code == 1
    goes, missing, large = records_of(said.out).values()
    assert goes[0] == small
    assert missing[0].startswith("produce: topic_missing: ")
    assert large[0].startswith("produce: too_large: ")

    config = {"brokers": operator.brokers, "topic": small, "transform": {"payload": "payload.to"}}
    said = await terminal.preview("p", "--config", "-", stdin=json.dumps(config))
    assert said.code == 0, said
    assert [lines[-1] for lines in records_of(said.out).values()] == [
        f'"{name}"' for name in (small, f"missing-{small}", small)
    ]
    said = await terminal.preview("p", "--config", "-", stdin=json.dumps({"topik": "x"}))
    assert said.code == 2
    assert 'topik: unknown option; did you mean "topic"?' in said.err
    assert await operator.value("SELECT tide.relay_get_config('p') ->> 'topic'") == "{payload.to}"

    await operator.configure(f"missing-{small}")
    said = await terminal.preview("p", "-n", "1")
    assert said.code == 1
    assert "the pipeline would wait: topic_missing" in said.out
    assert "--create" in said.out


async def test_a_check_says_whether_this_user_may_write(
    operator: Operator, secured_kafka: SecuredKafka, topic: TopicFactory, terminal: Terminal
) -> None:
    admin, name, user = secured_kafka.admin, topic(4), f"user-{uuid.uuid4().hex}"
    admin.set_password(user, "password-of-user")
    options: dict[str, Any] = {
        **login("SCRAM-SHA-512", user, "password-of-user"),
        **secured_kafka.tls,
        "brokers": secured_kafka.at("SASL_TLS"),
    }
    await operator.configure(name, **options)
    here = f"topic {name}"

    async def checked() -> Said:
        said = await terminal.check("p")
        assert "password-of-user" not in said.out
        assert said.err == ""
        ((_, welcome),) = said.of(f"broker {secured_kafka.at('SASL_TLS')}")
        assert f'user "{user}" logged in by SCRAM-SHA-512' in welcome
        assert 'issued by "pg-tide tests"' in welcome
        return said

    said = await checked()
    assert said.code == 1
    assert said.of("producer")[0][0] == said.of(here)[0][0] == "failed"
    assert "this user may not produce idempotently" in said.of("producer")[0][1]
    assert "Error" not in said.of("producer")[0][1]
    assert "topic_not_authorized" in said.of(here)[0][1]
    assert f"--allow-principal User:{user} " in said.of(here)[0][1]
    assert said.of(here)[0][1].endswith(f"--topic {name}")

    await asyncio.to_thread(admin.allow, user, name, DESCRIBE)
    said = await checked()
    assert said.code == 1
    assert "may not write" in said.of(here)[0][1]

    await asyncio.to_thread(admin.allow, user, name, WRITE)
    said = await checked()
    assert said.code == 0, said
    assert said.of("producer")[0][0] == "ok"
    assert said.of(here)[0] == ("ok", "4 partitions, 1 replica, this user may write ")
    warned = " ".join(found for verdict, found in said.of(here) if verdict == "warning")
    assert "one replica" in warned
    assert "DESCRIBE_CONFIGS" in warned
    assert json.loads(said.out)["verdict"] == "warning"


async def test_a_check_creates_no_topic_but_says_whether_it_could(
    operator: Operator, secured_kafka: SecuredKafka, terminal: Terminal
) -> None:
    name = f"missing-{uuid.uuid4().hex}"
    here = f"topic {name}"
    await operator.configure(name)
    ((verdict, found),) = (await terminal.check()).of(here)
    assert verdict == "failed"
    assert found.startswith("topic_missing")
    assert f"--create --topic {name}" in found

    await operator.configure(name, auto_create_topics=True)
    said = await terminal.check()
    assert said.of(here) == [("ok", "is not there yet; the pipeline may create it ")]
    assert said.code == 0

    await operator.configure(name, auto_create_topics=True, replication_factor=3)
    assert (await terminal.check()).of(here)[0][1].startswith("topic_creation_refused")

    user = f"user-{uuid.uuid4().hex}"
    secured_kafka.admin.set_password(user, "password-of-user")
    options: dict[str, Any] = {
        **login("SCRAM-SHA-512", user, "password-of-user"),
        "brokers": secured_kafka.at("SASL"),
        "idempotent": False,
        "auto_create_topics": True,
    }
    await asyncio.to_thread(secured_kafka.admin.allow, user, name, DESCRIBE)
    await operator.configure(name, **options)
    assert (await terminal.check()).of(here)[0][1].startswith("topic_creation_not_authorized")

    await operator.configure(name)
    assert (await terminal.check()).of(here)[0][1].startswith("topic_missing")


async def test_a_check_gives_the_reasons_that_the_relay_would(
    operator: Operator, secured_kafka: SecuredKafka, wrong: dict[str, Wrong], terminal: Terminal
) -> None:
    for name, case in wrong.items():
        at = case.listener
        where = operator.brokers if at is None else secured_kafka.at(at)
        options: dict[str, Any] = {**case.options, "brokers": where}
        await operator.configure("some-topic", pipeline=name, **options)
    said = await terminal.check()
    assert said.code == 1
    told = said.verdicts
    for name, case in wrong.items():
        every = [
            found
            for step, verdicts in told.items()
            if step.startswith(f'Pipeline "{name}": ')
            for verdict, found in verdicts
            if verdict == "failed"
        ]
        assert [found for found in every if found.startswith(f"{case.reason}: ")], (name, every)
        for words in case.says:
            assert words.lower() in " ".join(every).lower(), name
        for secret in case.secrets:
            assert secret not in said.out + said.err


async def test_errors_speak_to_a_person(operator: Operator, terminal: Terminal) -> None:
    await operator.configure("some-topic", pipeline="orders-to-kafka")
    for command in ("check", "preview"):
        said = await terminal.run(command, "order-to-kafka")
        assert said.code == 2
        assert 'Did you mean "orders-to-kafka"?' in said.err
        away = await Terminal("postgresql://u:secret-of-mine@127.0.0.1:1/x").run(command, "p")
        assert away.code == 3
        assert "connection refused" in away.err.lower()
        assert "secret-of-mine" not in away.out + away.err
