"""`pg-tide secret`: what it stores, what it says, and that no value shows anywhere."""

import fcntl
import os
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from pg_tide.cli import main
from pg_tide.secret import Encrypted, Keys, new_key

VALUE = "hunter2-ünter"
OLD, NEW = new_key(), new_key()
URL = "PG_TIDE_POSTGRES_URL"


class Terminal:
    """`pg-tide secret` on one database, as an operator calls it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)

    def run(self, *arguments: str, stdin: str | bytes = "", **environment: str) -> Result:
        """Run a command that must not show the value, whatever comes of it."""
        everything = {URL: self.url, "PG_TIDE_SECRET_KEY": OLD, **environment}
        result = CliRunner().invoke(
            main, ["secret", *arguments], input=stdin, env={"COLUMNS": "200", **everything}
        )
        if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "hunter2" not in result.output
        return result

    def fails(self, code: int, *arguments: str, stdin: str | bytes = "", **env: str) -> str:
        """Run a command that must fail with this exit code, and return what it says."""
        result = self.run(*arguments, stdin=stdin, **env)
        assert result.exit_code == code, result.output
        return result.output

    def url_as(self, role: str) -> str:
        """The URL of one who may do what a role may."""
        return f"{self.url}{'&' if '?' in self.url else '?'}role={role}"

    def stored(self) -> list[Encrypted]:
        rows = self.connection.execute(
            "SELECT name, key_id, ciphertext FROM tide.secret ORDER BY 1"
        )
        return [Encrypted(*row) for row in rows]

    def values(self, key: str = OLD) -> dict[str, str]:
        keys = Keys.read(key)
        return {one.name: keys.decrypt(one) for one in self.stored()}


@pytest.fixture
def terminal(database: str) -> Iterator[Terminal]:
    """Yield an operator with the old key in the environment."""
    one = Terminal(database)
    yield one
    one.connection.close()


def test_a_value_comes_from_standard_input(terminal: Terminal) -> None:
    result = terminal.run("set", "kafka", stdin=f"{VALUE}\n")
    assert result.exit_code == 0
    assert result.output == f'secret "kafka" created, encrypted with key {Keys.read(OLD).ids[0]}\n'
    assert terminal.values() == {"kafka": VALUE}
    assert "updated" in terminal.run("set", "kafka", stdin="other").output
    assert terminal.values() == {"kafka": "other"}


def test_a_value_comes_from_a_file(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{VALUE}\r\n")
    assert terminal.run("set", "kafka", "--from-file", str(file)).exit_code == 0
    assert terminal.values() == {"kafka": VALUE}
    file.write_bytes(b"hunter2\xff")
    said = terminal.fails(2, "set", "kafka", "--from-file", str(file))
    assert said == f"pg-tide: the value in {file} is not UTF-8 (byte 8)\n"
    said = terminal.fails(2, "set", "kafka", "--from-file", "/nowhere")
    assert said == "pg-tide: the value in /nowhere cannot be read: No such file or directory\n"


def test_a_value_that_is_asked_for_is_not_echoed(terminal: Terminal) -> None:
    ours, its = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pg_tide", "secret", "set", "kafka"],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**os.environ, URL: terminal.url, "PG_TIDE_SECRET_KEY": OLD},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads yet
    )
    os.close(its)
    said = b""
    for prompt in (b"Value: ", b"Repeat for confirmation: "):
        while prompt not in said:
            said += os.read(ours, 1000)
        os.write(ours, b"hunter2\n")
    assert process.wait(30) == 0
    said += os.read(ours, 1000)
    os.close(ours)
    assert b'secret "kafka" created' in said
    assert b"hunter2" not in said
    assert terminal.values() == {"kafka": "hunter2"}


@pytest.mark.parametrize("more", [["hunter2"], ["--", "-hunter2"], ["-tops3cret"], ["--p=hunter2"]])
def test_a_value_on_the_command_line_is_refused(terminal: Terminal, more: list[str]) -> None:
    said = terminal.fails(2, "set", "kafka", *more)
    assert "A value is never given there" in said
    assert terminal.stored() == []


@pytest.mark.parametrize(
    ("stdin", "problem"),
    [
        ("", "the value is empty"),
        ("\n", "the value is empty"),
        (b"hunter2\xff", "the value is not UTF-8 (byte 8)"),
        ("hunter2" * 10_000, "the value has more than 65536 bytes"),
    ],
)
def test_what_is_no_value_is_refused(terminal: Terminal, stdin: str, problem: str) -> None:
    assert terminal.fails(2, "set", "kafka", stdin=stdin) == f"pg-tide: {problem}\n"
    assert terminal.stored() == []


def test_a_name_that_cannot_be_one_is_refused(terminal: Terminal) -> None:
    said = terminal.fails(2, "set", "a b", stdin=VALUE)
    assert '"a b" cannot be the name of a secret' in said
    assert "hint: A name has 1 to 200 of" in said


def test_a_key_is_needed(terminal: Terminal, tmp_path: Path) -> None:
    said = terminal.fails(3, "set", "kafka", stdin=VALUE, PG_TIDE_SECRET_KEY="")
    assert "no key for secrets is given here" in said
    assert '"pg-tide secret key" makes a new one' in said
    said = terminal.fails(3, "set", "kafka", stdin=VALUE, PG_TIDE_SECRET_KEY="hunter2")
    assert "PG_TIDE_SECRET_KEY has no key in place 1" in said
    assert terminal.stored() == []
    file = tmp_path / "keys"
    file.write_text(NEW)
    assert terminal.run("set", "k", "--secret-key-file", str(file), stdin=VALUE).exit_code == 0
    assert terminal.values(NEW) == {"k": VALUE}


def test_a_key_that_was_made_is_one(terminal: Terminal) -> None:
    key = terminal.run("key").output
    assert terminal.run("set", "kafka", stdin=VALUE, PG_TIDE_SECRET_KEY=key).exit_code == 0
    assert terminal.values(key) == {"kafka": VALUE}


def test_the_list_has_names_and_users(terminal: Terminal) -> None:
    assert terminal.run("list").output == "no secrets yet\n"
    terminal.run("set", "kafka", stdin=VALUE)
    terminal.connection.execute(
        "SELECT tide.outbox_create('o'); SELECT tide.relay_set_outbox('p', 'o',"
        """ '{"brokers": "a:1", "topic": "t", "client_id": "${secret:kafka}"}')"""
    )
    said = terminal.run("list").output
    for words in ("kafka", Keys.read(OLD).ids[0], " p "):
        assert words in said
    assert "used by p\n" in terminal.run("set", "kafka", stdin=VALUE).output
    said = terminal.fails(2, "delete", "kafka")
    assert 'secret "kafka" is used by pipeline "p" (SQLSTATE 2BP01)\n' in said
    assert terminal.run("delete", "kafka", "--force").output == 'secret "kafka" deleted\n'
    assert terminal.stored() == []
    assert 'there is no secret "kafka"' in terminal.fails(2, "delete", "kafka")


def test_rotating_encrypts_what_has_another_key(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{NEW}\n{OLD}\n")
    for name in ("a", "b"):
        terminal.run("set", name, stdin=VALUE + name)
    terminal.run("set", "c", stdin=f"{VALUE}c", PG_TIDE_SECRET_KEY=NEW)
    rotate = ("rotate", "--secret-key-file", str(file))
    said = terminal.run(*rotate, PG_TIDE_SECRET_KEY="").output
    assert said == "2 of 3 secrets were encrypted anew, 1 had the first key already\n"
    assert terminal.values(NEW) == {name: VALUE + name for name in "abc"}
    before = terminal.stored()
    assert "0 of 3 secrets" in terminal.run(*rotate).output
    assert terminal.stored() == before


def test_rotating_from_the_environment_to_a_file(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "new-key"
    file.write_text(NEW)
    terminal.run("set", "a", stdin=VALUE)
    assert terminal.run("rotate", "--secret-key-file", str(file)).exit_code == 0
    assert terminal.values(NEW) == {"a": VALUE}


def test_rotating_is_all_or_nothing(terminal: Terminal) -> None:
    terminal.run("set", "a", stdin=VALUE)
    terminal.run("set", "z", stdin=VALUE, PG_TIDE_SECRET_KEY=new_key())
    before = terminal.stored()
    said = terminal.fails(3, "rotate", PG_TIDE_SECRET_KEY=f"{NEW},{OLD}")
    assert 'secret "z" is encrypted with key' in said
    assert terminal.stored() == before


@pytest.mark.parametrize(
    ("command", "too_little", "enough", "words"),
    [
        (("set", "kafka"), "tide_relay", "tide_admin", "tide_admin"),
        (("delete", "there"), "tide_viewer", "tide_admin", "tide_admin"),
        (("list",), "tide_publisher", "tide_viewer", None),
        (("rotate",), "tide_admin", "tide_admin, tide_relay", "both tide_admin and tide_relay"),
    ],
)
def test_each_command_says_which_role_it_needs(
    terminal: Terminal, command: tuple[str, ...], too_little: str, enough: str, words: str | None
) -> None:
    terminal.run("set", "there", stdin=VALUE)
    role = f"user_{os.urandom(6).hex()}"
    terminal.connection.execute(f"CREATE ROLE {role} IN ROLE {enough}")
    try:
        said = terminal.fails(3, *command, stdin=VALUE, **{URL: terminal.url_as(too_little)})
        assert words is None or f"hint: Grant {words} to the user of the URL." in said
        as_role = {URL: terminal.url_as(role)}
        assert terminal.run(*command, stdin=VALUE, **as_role).exit_code == 0
    finally:
        terminal.connection.execute(f"DROP ROLE {role}")
