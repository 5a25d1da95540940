"""`pg-tide dead-letters`: what it shows, what it asks for, and what it refuses."""

import json
from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg.rows import DictRow, dict_row
from rich.console import Console

from pg_tide.cli import main
from pg_tide.cli.dead_letters import table

URL = "PG_TIDE_POSTGRES_URL"
SET_UP = """
select tide.outbox_create('orders');
select tide.relay_set_outbox('p', 'orders', '{"brokers": "a:1", "topic": "t"}');
select tide.relay_set_outbox('q', 'orders', '{"brokers": "a:1", "topic": "t"}');
insert into tide.dead_letter (pipeline_id, outbox_id, message_id, published_at, op, key, headers,
    payload, stage, reason, error, attempts, first_at, last_at, state, parks_key)
  values
    (1, 1, 11, '2026-01-02 03:04:05Z', 'insert', 'k', '{"h": "v"}', '{"total": "a lot"}',
     'transform', 'transform_failed', 'no [red]number', 3, '2026-01-02 03:04:06Z',
     '2026-01-02 03:04:07Z', 'waiting', true),
    (1, 1, 12, now(), 'insert', 'k', null, '2', 'park', 'key_parked', 'waits', 1, now(), now(),
     'parked', true),
    (2, 1, 12, now(), 'insert', 'k', null, '2', 'produce', 'record_too_large', 'large', 1, now(),
     now(), 'waiting', false)
"""


class Terminal:
    """`pg-tide dead-letters` on one database, as an operator calls it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute(SET_UP)

    def run(self, *arguments: str, stdin: str = "", role: str | None = None) -> Result:
        sign = "&" if "?" in self.url else "?"
        url = f"{self.url}{sign}role={role}" if role else self.url
        result = CliRunner().invoke(
            main, ["dead-letters", *arguments], input=stdin, env={"COLUMNS": "200", URL: url}
        )
        if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def says(self, *arguments: str, stdin: str = "", role: str | None = None) -> str:
        """What a command says that must succeed."""
        result = self.run(*arguments, stdin=stdin, role=role)
        assert result.exit_code == 0, result.output
        return result.output

    def fails(self, code: int, *arguments: str, role: str | None = None) -> str:
        """What a command says that must fail with this exit code."""
        result = self.run(*arguments, role=role)
        assert result.exit_code == code, result.output
        return result.output

    def rows(self, query: LiteralString) -> list[DictRow]:
        """Rows, by the names of their columns."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query).fetchall()

    def states(self) -> list[str]:
        rows = self.connection.execute("select state from tide.dead_letter order by id")
        return [row[0] for row in rows]


@pytest.fixture
def terminal(database: str) -> Iterator[Terminal]:
    """Yield an operator with three dead letters of two pipelines."""
    one = Terminal(database)
    yield one
    one.connection.close()


def test_the_list_has_what_is_unresolved(terminal: Terminal) -> None:
    said = terminal.says("list", role="tide_viewer")
    for words in ("transform_failed: no [red]number", "parked behind 1", "03:04:07", "waiting"):
        assert words in said
    assert "record_too_large" not in terminal.says("list", "--pipeline", "p")
    assert terminal.says("list", "--state", "delivered") == "no delivered dead letters\n"
    assert terminal.says("list", "--pipeline", "q", "--state", "parked") == (
        "no parked dead letters\n"
    )
    assert "parked" not in terminal.says("list", "--state", "waiting")
    said = terminal.says("list", "--limit", "2")
    assert "record_too_large" not in said
    assert "there are more than 2: --limit shows more" in said
    assert "there are more" not in terminal.says("list", "--limit", "3")


def test_a_pipeline_that_is_not_there_is_no_empty_list(terminal: Terminal) -> None:
    said = terminal.fails(2, "list", "--pipeline", "pp", role="tide_viewer")
    assert 'there is no pipeline "pp"\n  hint: Did you mean "p"?' in said
    assert "pg-tide status" in terminal.fails(2, "list", "--pipeline", "something else")


def test_nothing_that_a_terminal_obeys_is_shown(terminal: Terminal) -> None:
    terminal.connection.execute(
        """update tide.dead_letter set
            key = e'k\\x1b[31m\\u009b31m\\r\\n\\u202e',
            error = e'\\x07[b]no[/b]',
            payload = '"\\u202e"' where id = 1"""
    )
    for said in (terminal.says("list"), terminal.says("show", "1")):
        assert r"k\x1b[31m\x9b31m\r\n\u202e" in said
        assert r"\x07[b]no[/b]" in said
        assert said.replace("\n", "").isprintable()


def test_a_narrow_terminal_gets_the_less_of_each(terminal: Terminal) -> None:
    rows = terminal.rows("select * from tide.dead_letters order by id")
    console = Console(width=100, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(table(rows, wide=False))
    said = captured.get()
    assert "transform_failed │ waiting" in said
    assert "no [red]number" not in said


def test_the_list_is_json_where_asked(terminal: Terminal) -> None:
    first, second = json.loads(terminal.says("list", "--json", "--limit", "2"))
    assert (first["id"], first["message_id"], first["state"]) == (1, 11, "waiting")
    assert second["waits_behind"] == 1
    assert first["last_at"].startswith("2026-01-02 03:04:07")
    assert json.loads(terminal.says("list", "--json", "--state", "filtered")) == []


def test_one_is_shown_whole_to_an_admin(terminal: Terminal) -> None:
    said = terminal.says("show", "1")
    for words in ('{"total": "a lot"}', '{"h": "v"}', "no [red]number", "2026-01-02 03:04:05"):
        assert words in said
    seen = terminal.says("show", "1", role="tide_viewer")
    assert "no [red]number" in seen
    assert "a lot" not in seen
    assert "shown, with headers, to members of tide_admin alone" in seen
    terminal.connection.execute("update tide.dead_letter set payload = null where id = 1")
    assert "payload        none: it is a tombstone" in terminal.says("show", "1")
    assert "tombstone" not in terminal.says("show", "1", role="tide_viewer")
    said = terminal.fails(2, "show", "99")
    assert "pg-tide: there is no dead letter 99\n" in said
    assert 'hint: "pg-tide dead-letters list" has the ids.' in said


def test_some_are_retried(terminal: Terminal) -> None:
    said = terminal.fails(2, "retry", "2", "3")
    assert "dead letter 2 waits behind dead letter 1" in said
    assert "hint: Retry or discard that one" in said
    assert terminal.states() == ["waiting", "parked", "waiting"]
    assert terminal.says("retry", "2", "1") == "2 dead letters will be tried again\n"
    assert terminal.states() == ["retrying", "parked", "waiting"]
    assert "there is no dead letter 99" in terminal.fails(2, "retry", "99")


def test_all_of_a_pipeline_are_retried(terminal: Terminal) -> None:
    every = ("retry", "--all", "--pipeline")
    assert terminal.says(*every, "p", "--stage", "x") == "0 dead letters will be tried again\n"
    assert terminal.says(*every, "p", "--key", "x") == "0 dead letters will be tried again\n"
    assert terminal.says(*every, "p", "--key", "k") == "1 dead letter will be tried again\n"
    assert terminal.states() == ["retrying", "parked", "waiting"]
    assert 'there is no pipeline "pp"' in terminal.fails(2, *every, "pp")


def test_giving_up_is_asked_about(terminal: Terminal) -> None:
    result = terminal.run("discard", "1", stdin="n\n")
    assert result.exit_code == 1
    assert "Give up 1 dead letter?" in result.output
    assert terminal.states() == ["waiting", "parked", "waiting"]
    assert "1 dead letter discarded\n" in terminal.says("discard", "1", stdin="y\n")
    assert terminal.states() == ["discarded", "retrying", "waiting"]
    assert "dead letter 1 was discarded" in terminal.fails(2, "discard", "1", "--yes")
    said = terminal.says("discard", "--all", "--pipeline", "p", "--stage", "park", stdin="y\n")
    assert "Give up all dead letters of pipeline p of stage park?" in said
    assert terminal.says("discard", "--all", "--pipeline", "q", "--yes") == (
        "1 dead letter discarded\n"
    )
    assert terminal.states() == ["discarded", "discarded", "discarded"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give the ids of dead letters, or --all and --pipeline."),
        (("1", "--all", "--pipeline", "p"), "Give ids or --all, not both."),
        (("--all",), "--all needs --pipeline."),
        (("--pipeline", "p"), "Give the ids of dead letters"),
        (("1", "--stage", "x"), "--pipeline, --stage and --key go with --all."),
        (("0",), "0 is not in the range"),
        (("x",), "'x' is not a valid integer range"),
    ],
)
def test_what_is_said_twice_or_not_at_all_is_refused(
    terminal: Terminal, arguments: tuple[str, ...], words: str
) -> None:
    for command in ("retry", "discard"):
        assert words in terminal.fails(2, command, *arguments)
    assert terminal.states() == ["waiting", "parked", "waiting"]


def test_the_status_says_who_runs_nothing_and_where_dead_letters_are(terminal: Terminal) -> None:
    result = CliRunner().invoke(main, ["status"], env={"COLUMNS": "200", URL: terminal.url})
    assert result.exit_code == 1
    assert "p: no live relay runs it\n  hint: Start pg-tide" in result.output
    assert "p: unresolved dead letters: 2\n" in result.output
    assert "pg-tide dead-letters list --pipeline q" in result.output
    terminal.connection.execute("select tide.relay_disable('p'), tide.relay_disable('q')")
    result = CliRunner().invoke(main, ["status"], env={URL: terminal.url})
    assert (result.exit_code, "no live relay" in result.output) == (0, False)


def test_who_may_not_is_told_which_role_may(terminal: Terminal) -> None:
    said = terminal.fails(3, "retry", "1", role="tide_viewer")
    assert "hint: Grant tide_admin to the user of the URL." in said
    assert "Grant tide_viewer" in terminal.fails(3, "list", role="tide_publisher")
    result = CliRunner().invoke(main, ["status"], env={URL: f"{terminal.url}?role=tide_publisher"})
    assert (result.exit_code, "Grant tide_viewer" in result.output) == (3, True)
