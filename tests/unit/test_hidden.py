"""What is known as a secret is never said, by whomever."""

import io
import json
import logging
import sys

import pytest

from pg_tide import hidden, log
from pg_tide.cli.ending import fail
from pg_tide.errors import FatalError

SECRET = "correct horse battery"


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know nothing before a test."""
    monkeypatch.setattr(hidden, "_known", {})


def test_what_was_learned_is_hidden() -> None:
    hidden.learn(SECRET)
    hidden.learn("of a file!", "${file:/a}")
    text = f"a {SECRET}, b {SECRET}; c of a file!"
    assert hidden.hide(text) == "a ********, b ********; c ${file:/a}"
    assert hidden.hide("nothing of it") == "nothing of it"
    assert hidden.hide(None) is None
    assert hidden.hide(5) == 5


def test_it_is_hidden_within_what_holds_texts_and_where_it_is_quoted() -> None:
    odd = "it's a \\ back\nslash"
    hidden.learn(odd)
    hidden.learn(SECRET)
    found = hidden.hide({SECRET: [odd, (f"a {SECRET}", 1)], "of": {"it": f"{odd!r}"}})
    assert found == {"********": ["********", ("a ********", 1)], "of": {"it": '"********"'}}
    assert hidden.hide(json.dumps([odd])) == '["********"]'


def test_the_first_name_stays() -> None:
    hidden.learn(SECRET, "${secret:a}")
    hidden.learn(SECRET)
    assert hidden.hide(SECRET) == "${secret:a}"


def test_a_part_of_another_does_not_uncover_it() -> None:
    hidden.learn("battery staple", "${env:B}")
    hidden.learn("correct battery staple", "${env:A}")
    hidden.learn("a correct battery staple", "${env:C}")
    assert hidden.hide("a correct battery staple") == "${env:C}"
    assert hidden.hide("the correct battery staple") == "the ${env:A}"


def test_a_word_is_not_hidden_within_others() -> None:
    hidden.learn("password")
    hidden.learn("+plus+and+", r"\1")
    said = 'Correct sasl_password and passwords; the password of "password" is a+plus+and+b'
    hid = 'Correct sasl_password and passwords; the ******** of "********" is a\\1b'
    assert hidden.hide(said) == hid


def test_short_ones_are_parts_of_words() -> None:
    hidden.learn("kafka")
    hidden.learn("")
    assert hidden.hide("kafka_unreachable") == "kafka_unreachable"


def refuse(password: str) -> None:
    raise ValueError(f"cannot use {password}")


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_hides_it_in_every_field(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    root = logging.getLogger()
    before = (root.handlers, root.level)
    hidden.learn(SECRET)
    try:
        log.configure(form, "debug")
        password = SECRET
        log.get("test").warning(f"said {SECRET}", user=SECRET, reason=f"not {SECRET}", count=1)
        logging.getLogger("a.library").warning("refused %s", SECRET)
        try:
            refuse(password)
        except ValueError:
            log.get("test").exception("unexpected error")
            logging.getLogger("a.library").exception("unexpected too")
    finally:
        root.handlers, root.level = before
    lines = written.getvalue()
    assert SECRET not in lines
    assert lines.count("********") == 6
    assert "Traceback" in lines
    if form == "json":
        assert json.loads(lines.splitlines()[0])["user"] == "********"


def test_a_command_that_fails_hides_it(capsys: pytest.CaptureFixture[str]) -> None:
    hidden.learn(SECRET)
    with pytest.raises(SystemExit):
        fail(FatalError(f"no user {SECRET}", hint=f"Not {SECRET}."))
    said = capsys.readouterr().err
    assert SECRET not in said
    assert said.count("********") == 2
