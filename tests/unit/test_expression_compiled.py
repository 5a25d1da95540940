"""The evaluation that does not count: it makes what the interpreter makes, and of enough."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.context import MessageExpression
from pg_tide.errors import MessageError
from pg_tide.exact_json import parse, parser_of, write
from pg_tide.expression import Expression
from pg_tide.payload import Sight, Values
from tests.fixtures.messages import a_message
from tests.unit.test_expression_budget import EXPRESSIONS, HOSTILE, NAMES, ONE, PAYLOADS, TWO

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([parse(text) for text in ("0.0", "1.0", "1.50", "-0.5", "1e30", "9" * 30)])
    | st.text("ab1", max_size=3)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=12
)
OBJECTS = st.dictionaries(NAMES, VALUES)
MORE = [
    "({}).b.c", "({})[-1].a", "({})[].b", "({})[?a].b", "({})[?b > `1`].a", "@.({})", "@ | {}",
    "({})[*].[a, b]", "({}).{{a: b, b: a}}", "not_null({})", "matches({}, 'a')", "({}) != `1`",
    "({}) > `0`", "({}) <= `1.50`", "({}) == 'a'", "({}) == `true`", "({}) == `0`", "@.a.({})",
]  # fmt: skip
TEXTS = EXPRESSIONS | st.recursive(
    st.sampled_from(["a", "b", "a.b", "c.a", "@", "`0`", "`1.0`", "'a'", "`[]`", "`{}`"]),
    lambda inner: (
        st.builds(str.format, st.sampled_from(ONE + MORE), inner)
        | st.builds(str.format, st.sampled_from([*TWO, "ends_with({}, {})"]), inner, inner)
    ),
    max_leaves=8,
)
EVERY_TYPE = [
    *[
        None,
        True,
        False,
        0,
        1,
        2,
        parse("1.0"),
        parse("2.5"),
        "",
        "1",
        "b",
        [],
        {},
        ["b"],
        [[1], 2],
    ],
    *[{"b": 1}, {"b": {"b": 0}}, [{"b": 1}, {"b": None}, 3, [{"b": 2}]], [1], [True]],
]
SIZE = 1000  # bytes, more than any of these values


def compiled(text: str) -> Expression | None:
    try:
        return Expression(text)
    except ValueError:  # "@.(a)" is none
        return None


def made(expression: Expression | MessageExpression, *context: Any) -> object:
    try:
        found = expression.search(*context)
        return repr(found) if "_Expression" not in repr(found) else "no JSON"
    except MessageError as error:
        return error.reason, error.message


def held(expression: Expression, *context: Any) -> object:
    try:
        return expression.holds(*context)
    except MessageError as error:
        return error.reason, error.message


@given(TEXTS, VALUES)
def test_it_makes_what_the_interpreter_makes(text: str, value: Any) -> None:
    if expression := compiled(text):
        assert made(expression, value, SIZE) == made(expression, value)
        assert held(expression, value, SIZE) == held(expression, value)


@pytest.mark.parametrize("text", [
    "a == b", "a != b", "a < b", "a >= b", "a == `true`", "a != `false`", "a == '1'", "a > `1`",
    "a <= `1.5`", "a < 'b'", "!a", "a || 'or'", "a && 'and'", "a[0]", "a[-9]", "a[::2]", "a[::0]",
    "a[].b", "a[*].b", "a.*", "a[?b]", "a.b.b", "a.{b: b}", "a.[b]", "length(a)", "type(a)",
    "contains(a, b)", "starts_with(a, b)", "ends_with(a, b)", "not_null(a, b)", "matches(a, '1')",
])  # fmt: skip
def test_of_every_type_it_makes_what_the_interpreter_makes(text: str) -> None:
    expression = Expression(text)
    for one in EVERY_TYPE:
        for other in EVERY_TYPE:
            value = {"a": one, "b": other}
            assert made(expression, value, SIZE) == made(expression, value)
            assert held(expression, value, SIZE) == held(expression, value)


@given(TEXTS, OBJECTS)
def test_what_its_paths_lead_to_is_all_that_it_looks_at(text: str, value: Any) -> None:
    if expression := compiled(text):
        whole, seen = parse(write(value)), parser_of(expression.paths)(write(value))
        assert made(expression, seen) == made(expression, whole)
        assert made(expression, seen, SIZE) == made(expression, whole)


@given(TEXTS, VALUES)
def test_it_sees_of_a_message_what_the_interpreter_sees(text: str, value: Any) -> None:
    message = a_message(payload=write(value), op="a", headers={"a": "b"})
    if compiled(whole := f"[payload | {text}, op, {{a: payload.a, h: headers.a, i: id}}]"):
        expression = MessageExpression(whole, "transform", sight=Sight())
        of_all = Values(message, message, "transform").whole()
        values = Values(message, message, "transform")
        assert made(expression, values) == made(Expression(whole), of_all)


def test_two_of_one_sight_see_what_either_looks_at() -> None:
    sight = Sight()
    one, other = (MessageExpression(f"payload.{name}", "route", sight=sight) for name in "ab")
    message = a_message(payload=b'{"a": 1, "b": [0.10], "c": 2}')
    values = Values(message, message, "route")
    assert (one.search(values), repr(other.search(values))) == (1, "[Decimal('0.10')]")
    assert repr(values.seen(sight)) == "{'a': 1, 'b': [Decimal('0.10')]}"
    assert MessageExpression("payload.c", "route").search(values) == 2
    assert values.seen(Sight()) is values.payload  # parsed twice at most, whoever looks


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("payload.total > `1`", {("payload", "total")}),
        ("payload.{a: b, s: items[].sku}", {
            ("payload", "b"), ("payload", "items", None, "sku"),
            ("payload", "items", None, None, "sku"),
        }),
        ("a[?b == c].d[0]", {("a", None, "b"), ("a", None, "c"), ("a", None, "d", None)}),
        ("a.* | [0].b", {("a",)}),
        ("a | keys(@)", {("a",)}),
        ("sort_by(a, &b)[].c", {("a",)}),
        ("a.{b: 'c'}", {("a", None)}),
        ("a | `1`", {("a", None)}),
        ("{a: 'b'}", set()),
        ("a[1:].b | [::-1]", {("a", None, "b")}),
        ("a.b || a", {("a", "b"), ("a",)}),
        ("`1`", set()),
        ("@", {()}),
    ],
)  # fmt: skip
def test_where_an_expression_looks(text: str, paths: set[tuple[str | None, ...]]) -> None:
    assert Expression(text).paths == paths


def test_many_paths_are_cut() -> None:
    members = ",".join(f"m{n}: m{n}" for n in range(1000))
    expression = Expression(f"a[]{'[]' * 70}.{{{members}}}")
    assert {path[0] for path in expression.paths} == {"a"}
    assert len(expression.paths) < 10
    assert len(Expression(f"{{{members}}}").paths) == 1000


WORKING = [
    *(text for _, text in HOSTILE),
    "a[?@ == @]", "a | [?[@] == [@]]", "a[*].{a: @, b: @, c: @}", "a[?contains(@, @)]",
    "[a[*].[@, @], a[*].[@, @]] | [0] == [1]", f"a[*].['{'x' * 5000}']",
    f"a[?matches(@, '{'(x?){1000}' * 10}y')]",
]  # fmt: skip


@pytest.mark.parametrize("filling", ["1", "[1]", '{"s":"x"}', f'"{"x" * 100}"'])
@pytest.mark.parametrize("text", WORKING, ids=[text[:40] for text in WORKING])
def test_what_is_not_counted_is_over_soon(text: str, filling: str) -> None:
    expression = Expression(text)
    most = expression._small - len('{"a":[]}')  # noqa: SLF001 - the bound that spares counting
    if most <= 0:
        return
    payload = f'{{"a":[{",".join([filling] * min(most // (len(filling) + 1), 100_000))}]}}'
    value = parse(payload)
    began = time.thread_time()
    made(expression, value, len(payload))
    assert time.thread_time() - began < 1


def test_a_large_value_is_counted() -> None:
    expression = Expression("a[*].[@, @] | [*][*] | [*][?[0] == `1`]")
    with pytest.raises(MessageError, match=r"64 MiB|over 1 second"):
        expression.search(parse(PAYLOADS["ones"]) | {"a": [1] * 2_000_000}, 4_000_000)
