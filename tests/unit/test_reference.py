"""What references stand for; whatever is wrong, the reference is named and its value is not."""

import asyncio
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from pg_tide import hidden, reference, small_file
from pg_tide.config import PipelineConfig
from pg_tide.errors import ConfigurationError, FatalError, TransientError
from pg_tide.postgres import Postgres
from pg_tide.reference import References, Wanted, references_in
from pg_tide.secret import Encrypted, Keys, KeySource, new_key

VALUE = "hunter2"
RIGHT = {"brokers": "localhost:9092", "topic": "t"}
LOGIN = {"sasl_mechanism": "PLAIN", "sasl_username": "u"}
KEY = new_key()


class Stored:
    """A database with secrets, or none that answers."""

    def __init__(self, *secrets: Encrypted, away: bool = False) -> None:
        self.secrets = secrets
        self.away = away
        self.asked: list[list[str]] = []

    async def rows(self, sql: str, names: list[str]) -> list[Any]:
        assert sql == "SELECT name, key_id, ciphertext FROM tide._stored_secrets($1)"
        if self.away:
            raise TransientError("PostgreSQL is away", reason="connection_lost")
        self.asked.append(names)
        return [Row(one) for one in self.secrets if one.name in names]


class Row:
    """A row: by name, or as its values."""

    def __init__(self, secret: Encrypted) -> None:
        self.secret = secret

    def __getitem__(self, name: str) -> Any:
        return getattr(self.secret, name)

    def __iter__(self) -> Any:
        return iter((self.secret.name, self.secret.key_id, self.secret.ciphertext))


def references(stored: Stored | None = None, keys: KeySource | None = None) -> References:
    return References(cast("Postgres", stored or Stored()), keys or KeySource(None, KEY))


async def parsed(config: dict[str, Any], *given: Any) -> PipelineConfig:
    return await references(*given).parse({**RIGHT, **config})


async def failure(config: dict[str, Any], *given: Any) -> FatalError:
    """Parse what cannot be, and return the error, which does not show the value."""
    with pytest.raises(FatalError) as caught:
        await parsed(config, *given)
    said = [caught.value.message, str(caught.value.hint), *getattr(caught.value, "problems", ())]
    assert VALUE not in " ".join(said)
    assert caught.value.__cause__ is None
    return caught.value


async def test_without_references_nobody_is_asked() -> None:
    stored = Stored(away=True)
    assert (await parsed({}, stored)).brokers == ("localhost:9092",)
    assert stored.asked == []


async def test_variables_files_and_secrets_are_resolved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("USER_OF_KAFKA", "alice")
    file = tmp_path / "ca with spaces"
    file.write_text("/etc/ca.pem\n")
    stored = Stored(Keys.read(KEY).encrypt("kafka", VALUE))
    config = await parsed(
        {
            "sasl_mechanism": "PLAIN",
            "sasl_username": "${env:USER_OF_KAFKA}",
            "sasl_password": "${secret:kafka}",
            "tls_enabled": "true",
            "tls_ca_cert": f"${{file:{file}}}",
        },
        stored,
    )
    assert (config.sasl_username, config.sasl_password) == ("alice", VALUE)
    assert config.tls_ca_cert == "/etc/ca.pem"
    assert stored.asked == [["kafka"]]


async def test_within_a_text_and_for_every_type(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("A", "a"), ("B", "b"), ("MS", "5000"), ("TLS", "true"), ("F", "v4")):
        monkeypatch.setenv(name, value)
    config = await parsed(
        {
            "brokers": "${env:A}:1,${env:B}:2,${env:A}:3",
            "request_timeout_ms": "${env:MS}",
            "tls_enabled": "${env:TLS}",
            "broker_address_family": "${env:F}",
        }
    )
    assert config.brokers == ("a:1", "b:2", "a:3")
    assert config.request_timeout_ms == 5000
    assert config.tls_enabled is True
    assert config.broker_address_family == "v4"


async def test_what_stands_there_is_not_resolved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", "${env:B}")
    monkeypatch.setenv("B", VALUE)
    config = await parsed({**LOGIN, "sasl_password": "${env:A}${env:B}${env:A}"})
    assert config.sasl_password == "${env:B}" + VALUE + "${env:B}"


def test_only_options_that_may_be_references_are_looked_at() -> None:
    config = {
        **RIGHT,
        "client_id": "${env:A}-${env:A}",
        "sasl_password": "${secret:k}",
        "headers": {"a": "${env:B}"},
        "message_key": "${env:C}",
        "unknown": "${env:D}",
    }
    assert references_in(config) == [Wanted("env", "A"), Wanted("secret", "k")]
    assert references_in("no object") == []


async def test_everything_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "gone"
    config = {
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_username": "${env:NOBODY_SET_THIS}",
        "sasl_password": "${secret:kafka}",
        "client_id": f"${{file:{path}}}",
    }
    error = await failure(config)
    assert error.reason == "reference_missing"
    for words in (
        "${env:NOBODY_SET_THIS}: the environment of this process has no such variable",
        "${secret:kafka}: no such secret is stored",
        f"${{file:{path}}}: the file cannot be read: No such file or directory",
    ):
        assert words in error.message


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        ({"client_id": "${env:NOBODY_SET_THIS}"}, "Start the relay with NOBODY_SET_THIS set."),
        ({"client_id": "${file:/nowhere}"}, "The path is one of the machine that the relay"),
        ({"client_id": "${file:/dev/zero}"}, "a text that the user the relay runs as can read"),
        ({"client_id": "${secret:kafka}"}, 'Store it with "pg-tide secret set kafka"'),
    ],
)
async def test_what_to_do_is_said(config: dict[str, Any], hint: str) -> None:
    assert hint in str((await failure(config)).hint)


async def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "password"
    for written, words in (
        (VALUE.encode() + b"\xff", "is not UTF-8"),
        (VALUE.encode() * 10_000, "has more than 65536 bytes"),
        (VALUE.encode() + b"\0", "has a NUL character"),
    ):
        file.write_bytes(written)
        error = await failure({"client_id": f"${{file:{file}}}"})
        assert f"${{file:{file}}}: the file {words}" in error.message
    assert "is not a regular file" in (await failure({"client_id": "${file:/dev/zero}"})).message


async def test_a_variable_that_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", VALUE + "\udcff")
    error = await failure({"client_id": "${env:A}"})
    assert error.message == "${env:A}: the variable is not UTF-8 (byte 8)"


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("brokers", f"{VALUE}:{VALUE}", "list of host:port"),
        ("brokers", "", "stands for is empty"),
        ("request_timeout_ms", VALUE, "integer, 100 to 600000"),
        ("request_timeout_ms", "5", "integer, 100 to 600000"),
        ("tls_enabled", VALUE, "boolean"),
        ("broker_address_family", VALUE, "any, v4, v6"),
        ("sasl_mechanism", VALUE, "PLAIN"),
        ("client_id", VALUE * 100, "text, 1 to 200 characters"),
        ("tls_ca_cert", "", "stands for is empty"),
    ],
)
async def test_what_it_stands_for_is_checked_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, option: str, value: str, problem: str
) -> None:
    monkeypatch.setenv("WRONG", value)
    error = await failure({"tls_enabled": True, option: "${env:WRONG}"})
    assert isinstance(error, ConfigurationError)
    assert f"{option}: what " in error.message
    assert "${env:WRONG}" in error.message
    assert problem in error.message


async def test_rules_across_options_show_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", VALUE)
    error = await failure({"sasl_password": "${env:A}", "tls_client_key_password": "${env:A}"})
    assert isinstance(error, ConfigurationError)


@pytest.mark.parametrize("name", ["PG_TIDE_SECRET_KEY", "PG_TIDE_POSTGRES_URL"])
async def test_what_is_the_relays_own_goes_to_no_broker(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, VALUE)
    error = await failure({"client_id": f"${{env:{name}}}"})
    assert f"${{env:{name}}}: that is the relay's own setting" in error.message


async def test_nor_does_the_file_of_its_keys(tmp_path: Path) -> None:
    file, other = tmp_path / "keys", tmp_path / "other-name"
    file.write_text(KEY)
    other.symlink_to(file)
    error = await failure({"client_id": f"${{file:{other}}}"}, None, KeySource(str(file)))
    assert "that is the file of the relay's own keys" in error.message


async def test_a_lost_or_wrong_key_is_said() -> None:
    config = {**LOGIN, "sasl_password": "${secret:kafka}"}
    stored = Stored(Keys.read(new_key()).encrypt("kafka", VALUE))
    lost = await failure(config, stored, KeySource())
    assert (lost.reason, lost.message) == (
        "secret_key_missing",
        "${secret:kafka}: no key for secrets is given here",
    )
    wrong = await failure(config, stored)
    assert wrong.reason == "secret_key_wrong"
    assert wrong.message.startswith('${secret:kafka}: secret "kafka" is encrypted with key ')


async def test_a_change_is_seen_the_next_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "client"
    config = {"client_id": f"${{env:A}}-${{file:{file}}}-${{secret:s}}"}
    stored = Stored()
    looked_up = references(stored)
    for now in ("1", "2"):
        monkeypatch.setenv("A", now)
        file.write_text(now)
        stored.secrets = (Keys.read(KEY).encrypt("s", now),)
        assert (await looked_up.parse({**RIGHT, **config})).client_id == f"{now}-{now}-{now}"


async def test_what_was_found_is_never_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nor where it stands for something that is usually no secret."""
    monkeypatch.setattr(hidden, "_known", {})
    monkeypatch.setenv("PASSWORD", "of the environment")
    monkeypatch.setenv("HOST", "broker-of-env")
    file = tmp_path / "user"
    file.write_text("user of a file")
    stored = Stored(Keys.read(KEY).encrypt("ca", "/path/of a stored one"))
    await parsed(
        {
            "brokers": "${env:HOST}:9092",
            "sasl_mechanism": "PLAIN",
            "sasl_username": f"${{file:{file}}}",
            "sasl_password": "${env:PASSWORD}",
            "tls_enabled": True,
            "tls_client_cert": "/c",
            "tls_client_key": "/k",
            "tls_client_key_password": "is in clear here",
            "tls_ca_cert": "${secret:ca}",
        },
        stored,
    )
    said = "broker-of-env, user of a file, of the environment, is in clear here"
    masked = f"broker-of-env, ${{file:{file}}}, ********, ********"
    assert hidden.hide(said) == masked
    assert hidden.hide("no /path/of a stored one") == "no ${secret:ca}"


async def test_a_database_that_is_away_comes_back() -> None:
    with pytest.raises(TransientError):
        await parsed({"client_id": "${secret:s}"}, Stored(away=True))


async def test_a_file_system_that_hangs_holds_up_nobody_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mended, begun = threading.Event(), 0
    read = small_file.read

    def hang(path: str) -> str:
        nonlocal begun
        begun += 1
        assert mended.wait(30)
        return read(path)

    file = tmp_path / "a"
    file.write_text("a")
    monkeypatch.setattr(small_file, "read", hang)
    monkeypatch.setenv("A", "a")
    monkeypatch.setattr(reference, "PATIENCE", 0.05)
    looked_up = references()
    config = {**RIGHT, "client_id": f"${{file:{file}}}"}
    for _ in range(20):
        with pytest.raises(TransientError, match=r"reading \$\{file:.* took longer than") as caught:
            await looked_up.parse(config)
        assert caught.value.reason == "file_timeout"
    assert begun == 1
    assert (await looked_up.parse(RIGHT | {"client_id": "${env:A}"})).client_id == "a"
    assert (await asyncio.to_thread(str, 1)) == "1"  # where names of hosts are looked up, too
    mended.set()
    monkeypatch.setattr(reference, "PATIENCE", 20)
    assert (await looked_up.parse(config)).client_id == "a"
