"""What commands write: options by section, tables that nothing cuts, what is missing."""

import os
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from pg_tide.cli import main
from pg_tide.cli.screen import screen
from pg_tide.cli.status import note, table
from pg_tide.config import OPTIONS


def run(*arguments: str, **environment: str) -> Result:
    """Run a command with nothing of ours in the environment but this."""
    nothing = {name: None for name in os.environ if name.startswith("PG_TIDE_")}
    return CliRunner().invoke(main, arguments, env={**nothing, **environment})


def names(result: Result) -> list[str]:
    """The options that were shown."""
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    return [line.split()[0] for line in lines if line[:2] == "  " and line[2] != " "]


def test_all_options_are_shown_in_two_lines_each() -> None:
    result = run("options")
    assert names(result) == [option.name for option in OPTIONS]
    lines = [line.rstrip() for line in result.output.splitlines()]
    for option in OPTIONS:
        at = next(n for n, line in enumerate(lines) if line.startswith(f"  {option.name}  "))
        assert lines[at + 1].strip() == option.description


def test_options_of_a_section_or_by_name() -> None:
    shown = names(run("options", "keys"))
    assert {"message_key", "partitioner"} <= set(shown)
    assert "brokers" not in shown
    assert names(run("options", "topic", "BROKERS", "topic")) == ["brokers", "topic"]
    assert {"transform.payload", "transform.filter"} <= set(names(run("options", "transform")))


def test_an_option_that_nobody_knows_gets_the_nearest() -> None:
    result = run("options", "messge_key")
    assert result.exit_code == 2
    assert 'Did you mean "message_key"?' in result.output


@pytest.mark.parametrize("command", [("status",), ("check",), ("secret", "list"), ("preview", "p")])
def test_without_a_url_the_variable_is_named(command: tuple[str, ...]) -> None:
    result = run(*command)
    assert result.exit_code == 2
    assert "PG_TIDE_POSTGRES_URL" in result.output


def test_a_server_that_is_not_there_comes_with_a_hint() -> None:
    result = run("status", PG_TIDE_POSTGRES_URL="postgresql://u@127.0.0.1:1/x")
    assert result.exit_code == 3
    assert "Connection refused" in result.output
    assert "hint: Look whether PostgreSQL is up" in result.output


LONG = "a-name-" * 20
ROW: Any = {"outbox": LONG, "pending": 1, "group": "relay", "note": "[so] it is"}


def written(console: Console) -> str:
    with console.capture() as captured:
        console.print(table("Outboxes", [ROW], ("note",)))
        note(console, ROW, "note")
    return captured.get()


def test_nothing_is_cut_where_there_is_no_terminal() -> None:
    assert LONG in written(screen())


def test_names_are_folded_at_a_terminal() -> None:
    said = written(Console(width=60))
    assert "…" not in said
    first, *_ = said.rpartition("group relay")
    assert first.count("-") == 2 * LONG.count("-")
    assert f"{LONG}, group relay: note: [so] it is" in said
