"""Lines of the log: what a person looks for comes first, and nothing that says nothing."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from pg_tide import log
from pg_tide.position import Position, Snapshot


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Let logging be as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def line(capsys: pytest.CaptureFixture[str], form: str, **fields: object) -> str:
    log.configure(form, "info")
    log.get("test").bind(pipeline="p").info("took over", **fields)
    return capsys.readouterr().err


def test_the_pipeline_its_reason_and_the_hint_come_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fields = {"a": 1, "hint": "do", "reason": "why"}
    assert line(capsys, "text", **fields).endswith(" pipeline=p reason=why hint=do a=1\n")
    names = list(json.loads(line(capsys, "json", **fields)))
    assert names == ["timestamp", "level", "event", "pipeline", "reason", "hint", "a"]


def test_no_hint_is_no_field_and_null_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    said = line(capsys, "text", hint=None, value=None)
    assert "hint" not in said
    assert said.endswith(" pipeline=p value=null\n")
    found = json.loads(line(capsys, "json", hint=None, value=None))
    assert "hint" not in found
    assert found["value"] is None


def test_a_position_is_written_as_people_read_it(capsys: pytest.CaptureFixture[str]) -> None:
    done = Position(Snapshot("3:3:"))
    assert line(capsys, "text", position=done).endswith(" position=3:3:\n")
    inside = done._replace(page=Snapshot("5:7:6"), last_id=9)
    found = json.loads(line(capsys, "json", position=inside))
    assert found["position"] == "3:3:, 5:7:6 up to message 9"


def test_an_exception_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("text", "info")
    try:
        int("of a test")
    except ValueError:
        logging.getLogger("of.a.library").exception("unexpected")
    assert "ValueError: invalid literal" in capsys.readouterr().err


def test_libraries_say_nothing_by_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    log.silence()
    logging.getLogger("aiokafka.producer").error("Unexpected error")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "said"),
    [(ConnectionError("unexpected connection_lost() call"), False), (ValueError("a bug"), True)],
)
def test_what_asyncpg_forgets_is_no_news(
    capsys: pytest.CaptureFixture[str], error: Exception, said: bool
) -> None:
    log.configure("text", "info")
    told = logging.getLogger("asyncio")
    told.error("Future exception was never retrieved", exc_info=(type(error), error, None))
    assert ("never retrieved" in capsys.readouterr().err) is said
