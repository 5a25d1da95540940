"""Secrets reach the broker that they are for, and nobody else, whatever goes wrong.

In clear, from the environment, from files and stored: the relay logs in with them, says what is
missing, takes up what was put right, and never says one.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from pg_tide.secret import Keys, new_key
from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.relay_process import RelayProcess, until
from tests.fixtures.secured_kafka import PLAIN_PASSWORD, PLAIN_USER, SecuredKafka, login
from tests.fixtures.sql import Connection
from tests.fixtures.topics import read_all

SOON = 500  # fatal_retry_ms
PASSWORDS = ("wrong-in-clear-1f", "wrong-of-env-2e", "wrong-of-a-file-3d", "wrong-and-stored-4c")


@pytest.fixture(scope="session")
def kafka_server(secured_kafka: SecuredKafka) -> str:
    """The broker of these tests; for tests themselves, its plain-text listener."""
    return secured_kafka.brokers


@dataclass
class Site:
    """A database, a broker that demands a login, a file of keys, and files with passwords."""

    operator: Operator
    kafka: SecuredKafka
    topic: str
    folder: Path
    secrets: set[str] = field(default_factory=lambda: {PLAIN_PASSWORD, *PASSWORDS})
    queries: set[str] = field(default_factory=set)

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def relay_url(self) -> str:
        """The relay may do what its role may."""
        return f"{self.operator.url}?role=tide_relay"

    def file(self, name: str, text: str) -> str:
        """Write a file and return how it is referred to."""
        (self.folder / name).write_text(f"{text}\n")
        return f"${{file:{self.folder / name}}}"

    async def configure(self, pipeline: str, **options: object) -> None:
        """Set a pipeline that logs in, if nothing else is said, as it should."""
        usual: dict[str, Any] = {
            "brokers": self.kafka.at("SASL"),
            "fatal_retry_ms": SOON,
            **login("PLAIN"),
        }
        await self.operator.configure(self.topic, pipeline=pipeline, **{**usual, **options})

    async def command(self, *arguments: str) -> str:
        """Run `pg-tide` as an administrator does, and return all that it says."""
        environment = {
            **os.environ,
            "PG_TIDE_POSTGRES_URL": self.operator.url,
            "PG_TIDE_SECRET_KEY_FILE": str(self.keys),
            "COLUMNS": "1000",  # a secret cut in two would not be found
        }
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "pg_tide", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            check=False,
        )
        return done.stdout.decode()

    async def store(self, name: str, value: str) -> None:
        """Store a secret as `pg-tide secret set` does."""
        one = Keys.read(self.keys.read_text()).encrypt(name, value)
        await self.operator.value(
            "SELECT tide.secret_set($1, $2, $3)", one.name, one.key_id, one.ciphertext
        )

    async def errors(self, pipelines: Iterable[str]) -> dict[str, str]:
        """Wait until each of some pipelines says what is wrong."""
        wanted = set(pipelines)
        found: dict[str, str] = {}

        async def all_told() -> bool:
            connection = await self.operator.connection()
            for row in await connection.fetch("SELECT * FROM tide.relay_status"):
                if row["pipeline"] in wanted and row["state"] == "failed":
                    found[row["pipeline"]] = f"{row['last_error']} {row['hint']}"
            await self.look_at_queries()
            return found.keys() == wanted

        await until(all_told, 20, lambda: f"nothing is said of {wanted - found.keys()}: {found}")
        return found

    async def look_at_queries(self) -> None:
        """Note what anybody can see of the relay's statements."""
        connection = await self.operator.connection()
        rows = await connection.fetch("SELECT query FROM pg_stat_activity WHERE query <> ''")
        self.queries |= {row["query"] for row in rows if "pg_stat_activity" not in row["query"]}

    async def shown(self, process: RelayProcess) -> dict[str, str]:
        """Everything that the relay and the database show to those who may look."""
        texts = {
            "log": process.log.read_text(),
            "metrics": (await process.get("/metrics")).text,
            "readyz": (await process.get("/readyz")).text,
            "status": await self.command("status"),
            "secret list": await self.command("secret", "list"),
            "queries": "\n".join(self.queries),
        }
        for role in ("tide_viewer", "tide_admin"):
            for name, text in (await dumped(self.operator.url, role)).items():
                texts[f"{name} as {role}"] = text
        return texts


async def dumped(url: str, role: str) -> dict[str, str]:
    """All views, and all functions that need no argument or a pipeline's name, as a role sees."""
    connection: Connection = await asyncpg.connect(f"{url}?role={role}", command_timeout=20)
    try:
        views = await connection.fetch(
            "SELECT viewname FROM pg_views WHERE schemaname = 'tide' ORDER BY 1"
        )
        functions = await connection.fetch(
            "SELECT proname, pronargs - pronargdefaults AS needed FROM pg_proc"
            " WHERE pronamespace = 'tide'::regnamespace AND provolatile <> 'v'"
            " AND has_function_privilege(oid, 'execute') ORDER BY 1"
        )
        sources = [f"tide.{view}" for (view,) in views]
        sources += [f"tide.{name}()" for name, needed in functions if needed == 0]
        if ("relay_get_config", 1) in [tuple(row) for row in functions]:
            sources.append("tide.relay_list_configs() c, tide.relay_get_config(c.pipeline) g")
        return {
            source: str(await connection.fetch(f"SELECT * FROM {source}"))  # noqa: S608 - ours
            for source in sources
        }
    finally:
        await connection.close()


@pytest.fixture
async def site(
    operator: Operator, secured_kafka: SecuredKafka, topic: TopicFactory, tmp_path: Path
) -> Site:
    """Return a site with a key, and a message to deliver."""
    one = Site(operator, secured_kafka, topic(), tmp_path)
    one.keys.write_text(new_key())
    await operator.publish({"n": 1})
    return one


def leaks(site: Site, texts: dict[str, str]) -> list[str]:
    """Where a secret, or a key, is to be read."""
    never = {*site.secrets, *site.keys.read_text().split()}
    return [
        f"{where}: {secret}" for where, text in texts.items() for secret in never if secret in text
    ]


async def good_pipelines(site: Site, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Set pipelines that log in with the same password, had from everywhere."""
    host, port = site.kafka.at("SASL_TLS").split(":")
    for name, value in (
        ("KAFKA_PASSWORD", PLAIN_PASSWORD),
        ("KAFKA_HOST", host),
        ("KAFKA_TLS", "true"),
        ("KAFKA_MS", "20000"),
    ):
        monkeypatch.setenv(name, value)
    file = site.file("password", PLAIN_PASSWORD)
    await site.store("kafka", PLAIN_PASSWORD)
    await site.store("half", PLAIN_PASSWORD[6:])
    await site.configure("in clear")
    await site.configure("of env", sasl_password="${env:KAFKA_PASSWORD}")
    await site.configure("of file", sasl_password=file)
    await site.configure("stored", sasl_password="${secret:kafka}")
    await site.configure("in parts", sasl_password=PLAIN_PASSWORD[:6] + "${secret:half}")
    await site.configure(
        "everything",
        brokers=f"${{env:KAFKA_HOST}}:{port},${{env:KAFKA_HOST}}:{port}",
        request_timeout_ms="${env:KAFKA_MS}",
        sasl_username=site.file("user", PLAIN_USER),
        sasl_password="${secret:kafka}",
        tls_enabled="${env:KAFKA_TLS}",
        tls_ca_cert=site.file("ca", str(site.kafka.certificates.ca)),
    )
    return {"in clear", "of env", "of file", "stored", "in parts", "everything"}


async def bad_pipelines(site: Site, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Set pipelines that fail, each with what it must say; none of them is valid."""
    in_clear, of_env, of_file, stored = PASSWORDS
    monkeypatch.setenv("WRONG", of_env)
    monkeypatch.delenv("NOBODY_SET_THIS", raising=False)
    file = site.file("wrong", of_file)
    await site.store("wrong", stored)
    gone = f"${{file:{site.folder / 'gone'}}}"
    (site.folder / "binary").write_bytes(of_file.encode() + b"\xff")
    (site.folder / "huge").write_text(of_file * 10_000)
    binary, huge = (f"${{file:{site.folder / name}}}" for name in ("binary", "huge"))
    await site.operator.run(
        "INSERT INTO tide.secret SELECT 'moved', key_id, ciphertext FROM tide.secret"
        " WHERE name = 'wrong'"
    )
    other = Keys.read(new_key()).encrypt("other", stored)
    await site.operator.value(
        "SELECT tide.secret_set($1, $2, $3)", other.name, other.key_id, other.ciphertext
    )
    wrong: dict[str, tuple[dict[str, object], str]] = {
        "clear, wrong": ({"sasl_password": in_clear}, "login_refused"),
        "env, wrong": ({"sasl_password": "${env:WRONG}"}, "login_refused"),
        "file, wrong": ({"sasl_password": file}, "login_refused"),
        "stored, wrong": ({"sasl_password": "${secret:wrong}"}, "login_refused"),
        "stored as a user": ({"sasl_username": "${secret:wrong}"}, "${secret:wrong}"),
        "a file as a path": (
            {"tls_enabled": True, "tls_ca_cert": f"/{file}"},
            "there is no file /${file:",
        ),
        "no env": ({"sasl_password": "${env:NOBODY_SET_THIS}"}, "${env:NOBODY_SET_THIS}: the env"),
        "no file": ({"sasl_password": gone}, f"{gone}: the file cannot be read: No such file"),
        "no secret": ({"sasl_password": "${secret:gone}"}, "${secret:gone}: no such secret is"),
        "binary": ({"sasl_password": binary}, f"{binary}: the file is not UTF-8"),
        "huge": ({"sasl_password": huge}, f"{huge}: the file has more than 65536 bytes"),
        "moved": ({"sasl_password": "${secret:moved}"}, "secret_damaged"),
        "other key": ({"sasl_password": "${secret:other}"}, "secret_key_wrong"),
        "own": ({"client_id": "${env:PG_TIDE_SECRET_KEY}"}, "that is the relay's own setting"),
        "own file": ({"client_id": f"${{file:{site.keys}}}"}, "the file of the relay's own keys"),
        "env, no number": (
            {"request_timeout_ms": "${env:WRONG}"},
            'request_timeout_ms: what "${env:WRONG}" stands for is no integer',
        ),
        "secret, no broker": (
            {"brokers": "${secret:wrong}"},
            'brokers: what "${secret:wrong}" stands for is no list of host:port',
        ),
        "file, no boolean": ({"tls_enabled": file}, "tls_enabled: what "),
    }
    for name, (options, _) in wrong.items():
        await site.configure(name, **options)
    return {name: words for name, (_, words) in wrong.items()}


async def has_problems(process: RelayProcess, pipelines: set[str]) -> bool:
    """Whether this relay, not one before it, says that these pipelines are not well."""
    try:
        return (await process.problems()).keys() >= pipelines
    except OSError:
        return False


async def test_secrets_are_used_and_never_shown(
    site: Site, relay: StartRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = await good_pipelines(site, monkeypatch)
    bad = await bad_pipelines(site, monkeypatch)
    for form in ("text", "json"):
        process = relay(
            *(site.relay_url, "--secret-key-file", str(site.keys)),
            *("--log-format", form, "--log-level", "debug"),
        )
        for name in good:
            await site.operator.delivered(name)
        await until(partial(has_problems, process, set(bad)), 20)
        told = await site.errors(bad)
        assert {name: said for name, said in told.items() if bad[name] not in said} == {}
        texts = await site.shown(process)
        assert bad["no env"] in texts["log"]
        assert bad["no env"] in texts["status"]
        assert "no env" in texts["readyz"]
        assert 'pipeline="no env"' in texts["metrics"]
        assert leaks(site, texts) == []
        await process.stop()
        assert leaks(site, {"log": process.log.read_text()}) == []
    records = await asyncio.to_thread(read_all, site.operator.brokers, site.topic)
    assert len(records) == len(good)


async def test_what_was_put_right_is_taken_up(site: Site, relay: StartRelay) -> None:
    operator = site.operator
    file = site.file("password", PASSWORDS[2])
    await site.store("wrong", PASSWORDS[3])
    await site.configure("steady", sasl_password=site.file("right", PLAIN_PASSWORD))
    await site.configure("file", sasl_password=file)
    await site.configure("later", sasl_password=f"${{file:{site.folder / 'later'}}}")
    await site.configure("stored", sasl_password="${secret:wrong}", fatal_retry_ms=0)
    await site.configure("missing", sasl_password="${secret:missing}", fatal_retry_ms=0)
    process = relay(site.relay_url, "--secret-key-file", str(site.keys), "--log-format", "json")
    await site.errors({"file", "later", "stored", "missing"})
    site.file("password", PLAIN_PASSWORD)
    site.file("later", PLAIN_PASSWORD)
    await site.store("wrong", PLAIN_PASSWORD)
    await site.store("missing", PLAIN_PASSWORD)
    for name in ("file", "later", "stored", "missing"):
        await operator.delivered(name)
    await process.ready()
    # Another password is no reason to hang up, but the next client has it.
    await site.store("missing", PASSWORDS[3])
    assert "login_refused" in (await site.errors({"missing"}))["missing"]
    await site.store("missing", PLAIN_PASSWORD)
    await operator.publish({"n": 2})
    for name in ("steady", "file", "later", "stored", "missing"):
        await operator.delivered(name)
    started = [
        json.loads(line).get("pipeline")
        for line in process.log.read_text().splitlines()
        if '"took over"' in line
    ]
    assert {name: started.count(name) for name in ("steady", "file")} == {"steady": 1, "file": 1}
    assert started.count("stored") == 2
    assert started.count("missing") == 4
    assert leaks(site, await site.shown(process)) == []


async def test_keys_are_rotated_while_the_relay_runs(site: Site, relay: StartRelay) -> None:
    operator = site.operator
    old, new = site.keys.read_text(), new_key()
    site.secrets |= {old, new}
    await site.store("kafka", PLAIN_PASSWORD)
    await site.configure("p", sasl_password="${secret:kafka}")
    process = relay(site.relay_url, "--secret-key-file", str(site.keys))
    await operator.delivered()

    async def start_anew() -> None:
        await operator.run("SELECT tide.relay_enable('p')")
        await operator.publish({"n": 2})
        await operator.delivered()

    site.keys.write_text(f"{new}\n{old}\n")
    await start_anew()
    said = await site.command("secret", "rotate")
    assert said == "1 of 1 secrets were encrypted anew, 0 had the first key already\n"
    await start_anew()
    site.keys.write_text(new)
    await start_anew()
    await process.ready()

    site.keys.write_text(old)
    await operator.run("SELECT tide.relay_enable('p')")
    assert "secret_key_wrong" in (await site.errors({"p"}))["p"]
    site.keys.unlink()
    await operator.run("SELECT tide.relay_enable('p')")

    async def key_is_missed() -> bool:
        return "secret_key_missing" in str((await operator.status())["last_error"])

    await until(key_is_missed)
    site.keys.write_text(new)
    await operator.delivered()
    await process.ready()
    assert leaks(site, await site.shown(process)) == []
