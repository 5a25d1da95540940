"""Templates: how they are written, and what they render."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.errors import MessageError
from pg_tide.message import Message
from pg_tide.payload import Values
from pg_tide.template import Template, template_pieces, template_problems, variable
from tests.fixtures.messages import a_message

NESTED = a_message(
    headers={"trace": "abc", "a.b": "dotted"},
    payload=b'{"a": {"b": "x", "n": 0.10, "big": 12345678901234567890123, "t": true, "z": null,'
    b' "l": [1, 2.50], "o": {"p": "q"}, "": "nameless"}, "s": "\\u00e9"}',
)


def rendered(text: str, message: Message = NESTED, published: Message | None = None) -> str:
    return Template(text, "topic").render(Values(message, published or message, "route"))


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{outbox}", "orders"),
        ("{stream_table}", "orders"),
        ("{op}", "insert"),
        ("{outbox_id}", "42"),
        ("{key}/{dedup_key}", "ord-12345/ord-12345"),
        ("{headers.trace}-{headers.a.b}", "abc-dotted"),
        ("{payload.a.b}", "x"),
        ("{payload.a.n}", "0.10"),
        ("{payload.a.big}", "12345678901234567890123"),
        ("{payload.a.t}", "true"),
        ("{payload.a.l}", "[1,2.50]"),
        ("{payload.a.o}", '{"p":"q"}'),
        ("{payload.s}", "é"),
        ("{{{key}}}", "{ord-12345}"),
        ("a{op}b{op}c", "ainsertbinsertc"),
    ],
)
def test_rendering(text: str, result: str) -> None:
    assert rendered(text) == result


def test_the_stream_table_is_the_captured_table_if_there_is_one() -> None:
    assert rendered("{stream_table}", a_message(source="public.orders")) == "public.orders"


def test_payload_is_what_goes_and_original_what_was_published() -> None:
    shaped = a_message(payload=b'{"a": "new"}')
    published = a_message(payload=b'{"a": "old"}')
    assert rendered("{payload.a} {original.a}", shaped, published) == "new old"


@pytest.mark.parametrize(
    "text",
    [
        "{payload.missing}",
        "{payload.a.z}",
        "{payload.a.b.c}",
        "{payload.a.l.0}",
        "{original.x}",
        "{headers.none}",
    ],
)
def test_a_missing_value_is_the_messages_error_and_names_the_variable(text: str) -> None:
    with pytest.raises(MessageError) as caught:
        rendered(text)
    assert (caught.value.stage, caught.value.reason) == ("route", "template_value_missing")
    assert caught.value.message == f"topic: message 42 has no value for {text}"


@pytest.mark.parametrize("name", ["key", "dedup_key"])
def test_null_keys(name: str) -> None:
    values = Values(a_message(**{name: None}), a_message(), "route")
    template = Template(f"a-{{{name}}}")
    assert template.render_key(values) is None
    with pytest.raises(MessageError, match=f"no value for {{{name}}}"):
        template.render(values)


def test_in_a_key_other_missing_values_are_errors() -> None:
    with pytest.raises(MessageError):
        Template("{key}{payload.none}").render_key(Values(a_message(), a_message(), "route"))


@pytest.mark.parametrize("payload", [None, b"null", b"[1]", b"1"])
def test_a_payload_without_names_has_no_values(payload: bytes | None) -> None:
    with pytest.raises(MessageError, match="no value for"):
        rendered("{payload.a}", a_message(payload=payload))


@pytest.mark.parametrize("changes", [{"payload": b"{"}, {"payload": b"{}", "is_json": False}])
def test_a_payload_that_is_not_json_is_the_messages_error(changes: dict[str, object]) -> None:
    with pytest.raises(MessageError) as caught:
        rendered("{payload.a}", a_message(**changes))
    assert (caught.value.stage, caught.value.reason) == ("route", "payload_unreadable")
    assert rendered("{op}", a_message(**changes)) == "insert"


def test_a_value_that_is_nested_too_deeply_is_the_messages_error() -> None:
    deep = a_message(payload=b'{"a": ' + b"[" * 2000 + b"]" * 2000 + b"}")
    with pytest.raises(MessageError) as caught:
        rendered("{payload.a}", deep)
    assert caught.value.reason in {"template_value_unwritable", "payload_unreadable"}


def test_a_text_without_end_is_the_messages_error() -> None:
    large = a_message(payload=b'{"a": "' + b"x" * 1_000_000 + b'"}')
    with pytest.raises(MessageError) as caught:
        rendered("{payload.a}" * 100, large)
    assert caught.value.reason == "too_large"


def test_a_template_without_variables_is_constant() -> None:
    assert Template("orders").constant == "orders"
    assert Template("a{{b}}").constant == "a{b}"
    assert Template("").constant == ""
    assert Template("{op}").constant is None


def test_a_template_that_is_one_variable_says_so() -> None:
    assert Template("{key}").variable == "key"
    assert [Template(text).variable for text in ("{key}{key}", "a{key}", "a", "", "{{key}}")] == [
        None
    ] * 5


def test_what_is_known_of_all_messages_is_constant() -> None:
    known = {"outbox": "or{d}ers"}
    assert Template("{outbox}.a", "topic", known).constant == "or{d}ers.a"
    mixed = Template("{{{outbox}-{op}", "topic", known)
    assert mixed.constant is None
    assert mixed.variables == {"op"}
    assert mixed.render(Values(a_message(), a_message(), "route")) == "{or{d}ers-insert"


@pytest.mark.parametrize(
    ("name", "text"),
    [("op", "insert"), ("headers.a.b", "dotted"), ("payload.a.n", "0.10"), ("original.x", None)],
)
def test_a_variable_is_read_by_its_name(name: str, text: str | None) -> None:
    assert variable(name)(Values(NESTED, NESTED, "route")) == text


def test_all_problems_are_raised_at_once() -> None:
    with pytest.raises(
        ValueError, match=r"unknown variable.*; \"}\" at character 5 closes nothing"
    ):
        Template("{xx}}")


TEXTS = st.text(st.sampled_from("{}abkey.-é\n"), max_size=20)


@given(TEXTS)
def test_pieces_are_the_whole_text_in_order(text: str) -> None:
    pieces = list(template_pieces(text))
    assert "".join(piece for _, piece in pieces) == text
    assert all(text[place - 1 :].startswith(piece) for place, piece in pieces)


@given(st.text(max_size=20))
def test_doubled_braces_render_any_text(text: str) -> None:
    escaped = text.replace("{", "{{").replace("}", "}}")
    assert template_problems(escaped) == []
    assert Template(escaped).constant == text


@given(st.lists(st.sampled_from(["{key}", "{op}", "{{", "}}", "x", "-"]), max_size=8))
def test_a_right_template_renders_piece_by_piece(pieces: list[str]) -> None:
    values = {"{key}": "ord-12345", "{op}": "insert", "{{": "{", "}}": "}"}
    expected = "".join(values.get(piece, piece) for piece in pieces)
    assert rendered("".join(pieces)) == expected


@given(TEXTS)
def test_a_template_compiles_or_says_why_not(text: str) -> None:
    problems = template_problems(text)
    if problems:
        with pytest.raises(ValueError, match=r"."):
            Template(text)
    else:
        Template(text)
