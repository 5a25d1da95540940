"""The options of the process."""

from pathlib import Path
from typing import Any

import pytest

from pg_tide.cli import main
from pg_tide.cli.relay import in_environment
from pg_tide.config.arguments import Address
from pg_tide.config.process import PROCESS_OPTIONS, ProcessConfig
from pg_tide.errors import ConfigurationError
from pg_tide.secret import Keys, KeySource, new_key

URL = "postgresql://app:secret@db/shop"
REQUIRED = "required; it may also be set as PG_TIDE_POSTGRES_URL"
NO_URL = "must be a URL like postgresql://user@host:5432/database"
NO_SIZE = "must be a size like 64MiB (B, KiB, MiB, GiB), not"
NO_LEVEL = "must be one of debug, info, warning, error, not"
NO_SECONDS = "must be a number of seconds between 0 and 86400, not"


def parse(**given: Any) -> ProcessConfig:
    return ProcessConfig.parse({"postgres_url": URL, **given})


def test_defaults() -> None:
    config = parse()
    assert config.postgres_url == config.postgres_direct_url == URL
    assert config.relay_group == "default"
    assert config.http == Address("127.0.0.1", 9797)
    assert config.buffer_memory == 64 * 1024 * 1024
    assert (config.log_format, config.log_level) == ("text", "info")
    assert config.shutdown_timeout == 30
    assert config.pipeline == ()
    assert config.migrate is False


@pytest.mark.parametrize(
    ("field", "given", "value"),
    [
        ("postgres_direct_url", "postgres://other/db", "postgres://other/db"),
        ("http", "[::1]:0", Address("::1", 0)),
        ("http", "0.0.0.0:80", Address("0.0.0.0", 80)),  # noqa: S104 - it is only read
        ("buffer_memory", "1GiB", 2**30),
        ("buffer_memory", "2 mib", 2**21),
        ("buffer_memory", "1048576", 2**20),
        ("log_format", "json", "json"),
        ("shutdown_timeout", "0", 0),
        ("pipeline", ["a", "b"], ("a", "b")),
        ("pipeline", "a, b", ("a", "b")),
        ("pipeline", None, ()),
        ("migrate", True, True),
        ("migrate", "1", True),
        ("migrate", "False", False),
        ("relay_group", None, "default"),
    ],
)
def test_values(field: str, given: Any, value: Any) -> None:
    assert getattr(parse(**{field: given}), field) == value


@pytest.mark.parametrize(
    ("field", "given", "problem"),
    [
        ("postgres_url", None, f"--postgres-url: {REQUIRED}"),
        ("postgres_url", "mysql://app:secret@db", f"--postgres-url: {NO_URL}"),
        ("postgres_direct_url", "db", f"--postgres-direct-url: {NO_URL}"),
        ("http", "9797", '--http: must be host:port, like 127.0.0.1:9797, not "9797"'),
        ("http", "a:65536", '--http: must be host:port, like 127.0.0.1:9797, not "a:65536"'),
        ("buffer_memory", "64MB", f'--buffer-memory: {NO_SIZE} "64MB"'),
        ("buffer_memory", "lots", f'--buffer-memory: {NO_SIZE} "lots"'),
        ("buffer_memory", "1KiB", '--buffer-memory: must be at least 1MiB, not "1KiB"'),
        ("log_format", "xml", '--log-format: must be one of text, json, not "xml"'),
        ("log_level", "INFO", f'--log-level: {NO_LEVEL} "INFO"'),
        ("shutdown_timeout", "soon", f'--shutdown-timeout: {NO_SECONDS} "soon"'),
        ("relay_group", "", "--relay-group: must not be empty"),
        ("pipeline", "a,,b", "--pipeline: must not be empty"),
        ("migrate", "maybe", '--migrate: must be true or false, not "maybe"'),
    ],
)  # fmt: skip
def test_wrong_values(field: str, given: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(**{field: given})
    assert caught.value.problems == (problem,)


def test_keys_of_secrets_come_from_a_file_and_the_environment(tmp_path: Path) -> None:
    file, first, second = tmp_path / "keys", new_key(), new_key()
    file.write_text(f"{first}\n")
    config = parse(secret_key_file=str(file), secret_key=second)
    assert config.secret_keys.keys().ids == Keys.read(f"{first},{second}").ids
    assert first not in repr(config)
    assert second not in repr(config)
    assert parse().secret_keys == KeySource()


def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    for given, problem in (
        ({"secret_key": "hunter2"}, "PG_TIDE_SECRET_KEY: has no key in place 1"),
        ({"secret_key_file": str(file)}, "--secret-key-file: cannot be read: No such file"),
        ({"secret_key_file": "/dev/zero"}, "--secret-key-file: is not a regular file"),
    ):
        with pytest.raises(ConfigurationError, match=problem) as caught:
            parse(**given)
        assert "hunter2" not in caught.value.message
    file.write_text("hunter2")
    with pytest.raises(ConfigurationError, match="--secret-key-file: has no key in place 1"):
        parse(secret_key_file=str(file))


def test_a_key_is_read_in_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_TIDE_SECRET_KEY", "a key")
    monkeypatch.setenv("PG_TIDE_PIPELINE", "")
    assert in_environment({"pipeline": ()}) == {"secret_key": "a key"}
    assert "secret_key" not in {parameter.name for parameter in main.params}


def test_all_problems_at_once_and_no_password() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(postgres_url="http://app:secret@db", http="x", log_level="loud")
    assert len(caught.value.problems) == 3
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("option", PROCESS_OPTIONS, ids=lambda option: option.name)
def test_names(option: Any) -> None:
    assert option.env == "PG_TIDE_" + option.field.upper()
    written = "--" + option.field.replace("_", "-")
    assert option.name == (option.env if option.argument.environment_only else written)
    assert option.help


def test_only_the_database_is_required() -> None:
    assert [option.name for option in PROCESS_OPTIONS if option.required] == ["--postgres-url"]
