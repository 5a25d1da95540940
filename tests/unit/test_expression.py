"""JMESPath: exact numbers, errors in our words."""

import contextlib
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.errors import MessageError
from pg_tide.exact_json import parse, write
from pg_tide.expression import Expression

CONTEXT = parse(
    """{"op": "delete", "payload": {
        "big": 12345678901234567890123, "long": 0.1000000000000000055511151231257827,
        "cents": 0.10, "minus": -2.5, "list": [1, 2.50, 0.1], "text": "x", "zero": 0.0,
        "rows": [{"n": 2.0, "s": "b"}, {"n": 1.5, "s": "a"}]}}"""
)


def result(text: str, context: dict[str, Any] = CONTEXT) -> str:
    return write(Expression(text).search(context)).decode()


@pytest.mark.parametrize(
    ("text", "json"),
    [
        (
            "payload.{a: big, b: long, c: cents}",
            '{"a":12345678901234567890123,"b":0.1000000000000000055511151231257827,"c":0.10}',
        ),
        ("payload.list", "[1,2.50,0.1]"),
        ("payload.cents == `0.1`", "true"),
        ("payload.cents == `0.10`", "true"),
        ("payload.cents != `0.1`", "false"),
        ("payload.cents < `0.2` && payload.cents > `0`", "true"),
        ("payload.big > `12345678901234567890122`", "true"),
        ("payload.list == `[1, 2.5, 0.1]`", "true"),
        ("payload.list[?@ >= `1`]", "[1,2.50]"),
        ("payload.rows[?n == `1.50`].s", '["a"]'),
        ("sum(payload.list)", "3.60"),
        ("sum(`[]`)", "0"),
        ("sum(`[1, 18446744073709551615, 1]`)", "18446744073709551617"),
        ("sum([payload.big, payload.long])",
         "12345678901234567890123.1000000000000000055511151231257827"),
        ("avg(payload.list)", "1.20"),
        ("avg(`[1, 2]`)", "1.5"),
        ("avg(`[1, 2, 2]`)", "1.66666666666666666667"),
        ("avg(`[]`)", "null"),
        ("max(payload.list)", "2.50"),
        ("min(payload.list)", "0.1"),
        ("sort(payload.list)", "[0.1,1,2.50]"),
        ("sort_by(payload.rows, &n)[].s", '["a","b"]'),
        ("max_by(payload.rows, &n).s", '"b"'),
        ("min_by(payload.rows, &n).s", '"a"'),
        ("abs(payload.minus)", "2.5"),
        ("abs(`-1`)", "1"),
        ("ceil(payload.minus)", "-2"),
        ("floor(payload.minus)", "-3"),
        ("type(payload.cents)", '"number"'),
        ("type(op)", '"string"'),
        ("[type(payload), type(payload.list), type(payload.none), type(`true`)]",
         '["object","array","null","boolean"]'),
        ("to_string(payload.rows[0])", '"{\\"n\\":2.0,\\"s\\":\\"b\\"}"'),
        ("to_string(payload.cents)", '"0.10"'),
        ("to_string(op)", '"delete"'),
        ("to_number('0.10')", "0.10"),
        ("to_number('12345678901234567890123')", "12345678901234567890123"),
        ("to_number(payload.cents)", "0.10"),
        ("to_number('nan')", "null"),
        ("to_number(`true`)", "null"),
        ("contains(payload.list, `0.10`)", "true"),
        ("not_null(payload.none, payload.cents)", "0.10"),
        ("map(&n, payload.rows)", "[2.0,1.5]"),
        ("payload.zero && 'zero is true'", '"zero is true"'),
        ("ceil(`-0.5`)", "0"),
        ("floor(`1e30`)", "1000000000000000000000000000000"),
        ("length(to_string(ceil(to_number('1e100000'))))", "100001"),
        ("floor(`7`)", "7"),
        ("`12345678901234567890123.000000000000000000001`",
         "12345678901234567890123.000000000000000000001"),
        ("payload.long == `0.1000000000000000055511151231257827`", "true"),
        ("payload.long == `0.1000000000000000055511151231257828`", "false"),
        ('`{"a": [0.10, "\\`"]}`', '{"a":[0.10,"`"]}'),
        ("to_string(`0.10`)", '"0.10"'),
        ("'`0.1`'", '"`0.1`"'),
        ("op > payload.none", "null"),
        ("op < 'e' && op >= 'delete'", "true"),
        ("payload.rows == payload.rows", "true"),
        ("payload.rows != payload.list", "true"),
        ("merge(payload.rows[0], {n: op})", '{"n":"delete","s":"b"}'),
        ("contains(op, 'let')", "true"),
        ("contains(payload.rows, payload.rows[1])", "true"),
        ("join('-', ['a', 'b'])", '"a-b"'),
        ("payload.list[::-1]", "[0.1,2.50,1]"),
        ("[payload.list, [op], op][]", '[1,2.50,0.1,"delete","delete"]'),
        ("payload.none.deeper", "null"),
        ("`foo`", '"foo"'),
    ],
)  # fmt: skip
def test_numbers_are_exact(text: str, json: str) -> None:
    assert result(text) == json


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("payload.", "it ends too early, at character 9"),
        ("payload.{a:", "it ends too early, at character 12"),
        ("a[", "it ends too early, at character 3"),
        ("a b", 'unexpected "b" at character 3'),
        ("payload..x", 'unexpected "." at character 9'),
        ("[?a == 1]", 'unexpected "1" at character 8; write a number as `1`'),
        ("$x", "unknown token $ at character 1"),
        ("a = b", "unknown token '=' at character 3"),
        ("'x", "unclosed ' delimiter at character 1"),
        ("lenght(a)", "unknown function lenght() at character 1; did you mean length()?"),
        ("a && nonsense(a)", "unknown function nonsense() at character 6"),
        ("length()", "length() at character 1 takes 1 argument, not 0"),
        ("a.{b: contains(a)}", "contains() at character 7 takes 2 arguments, not 1"),
        ("[?merge()].a", "merge() at character 3 takes at least 1 argument, not 0"),
        ('a."length"(b)', 'unexpected "length" at character 3'),
        ("`NaN`", '"NaN": NaN is not JSON at character 1'),
        ('a == `{"b": [Infinity]}`',
         '"{\\"b\\": [Infinity]}": Infinity is not JSON at character 6'),
        ("matches(a)", "matches() at character 1 takes 2 arguments, not 1"),
        ("a && matches(b, 'x[')",
         'the regular expression "x[" at character 17 is none: "[" at character 2 is never closed'),
        ('matches(b, `"("`)',
         'the regular expression "(" at character 12 is none: a "(" is never closed'),
        ("matches(b, `1`)", "matches() takes a regular expression, not 1 at character 12"),
        ("(" * 5000, "it is nested too deeply"),
        ("|".join("a" * 1000), "it is nested too deeply"),
        ("a" + "[]" * 1000, "it is nested too deeply"),
        ("a" * 20_001, "it has 20001 characters, and may have 20000"),
        ("[" + "1" * 5000 + "]", "a number in it is too long"),
    ],
)  # fmt: skip
def test_what_cannot_be_compiled_says_where(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Expression(text)
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sum(payload.text)", "sum() takes array of number, not string"),
        ("sum(payload.rows)", "sum() takes array of number, not object"),
        ("length(payload.cents)", "length() takes string or array or object, not number"),
        ("join(',', payload.list)", "join() takes array of string, not number"),
        ("sort_by(payload.rows, &none)", "sort_by() takes string or number, not null"),
        ("payload.list[::0]", "slice step cannot be zero"),
        ("payload.text > `1`", "> cannot compare a string with a number"),
        ("payload.cents <= op", "<= cannot compare a number with a string"),
        ("contains(op, `1`)", "contains() takes string, not number"),
        ("merge(payload, payload.rows)", "merge() takes object, not array"),
        ("contains(payload.none, 'a')", "contains() takes array or string, not null"),
        ("matches(payload.cents, 'x')", "matches() takes string or null, not number"),
        ("matches(op, payload.none)", "matches() takes string, not null"),
        (
            "matches(op, join('', ['a', '(']))",
            'the regular expression of matches(): a "(" is never closed',
        ),
        ("sum([payload.cents, `1e9999999`])", "a number in it is too long"),
    ],
)
def test_what_cannot_be_evaluated_is_the_messages_error(text: str, problem: str) -> None:
    with pytest.raises(MessageError) as caught:
        result(text)
    assert (caught.value.stage, caught.value.reason) == ("transform", "expression_failed")
    assert caught.value.message.endswith(f" failed: {problem}")


def test_errors_do_not_show_what_a_message_says() -> None:
    with pytest.raises(MessageError) as caught:
        result("sum(@)", {"card": "4111111111111111"})
    assert "4111" not in caught.value.message


def test_a_huge_exponent_does_not_become_huge() -> None:
    assert result("to_number('1e999999999')") == "null"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("op == 'insert'", {"op"}),
        ("payload.{a: b.c}", {"payload"}),
        ("payload.items[?a > b].c | [0].d", {"payload"}),
        ("{a: op, b: payload.c}", {"op", "payload"}),
        ("a || b && !c == d", {"a", "b", "c", "d"}),
        ("sort_by(payload, &key)[].op", {"payload"}),
        ("payload[?@ > `1`].*.a", {"payload"}),
        ("payload.*", {"payload"}),
        ("[a, b][].c", {"a", "b"}),
        ("{a: {b: @}}", None),
        ("length(*)", None),
        ("map(&a, [@])", None),
        ("`1`", set()),
        ("@", None),
        ("keys(@)", None),
        ("*.a", None),
    ],
)
def test_names_that_are_looked_up(text: str, names: set[str] | None) -> None:
    assert Expression(text).names == names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("matches(op, '^del')", "true"),
        ("matches(op, '^$')", "false"),
        ("matches(payload.none, '')", "false"),
        ("matches('a(', '[(]')", "true"),
        (r"matches('it\'s', 't\'s')", "true"),
        (r"matches('a1', '^\w\d$')", "true"),
        (r"""matches('a', `"^\\w$"`)""", "true"),
        ("payload.rows[?matches(s, 'a|c')].n", "[1.5]"),
        ("matches('ab', join('', ['^', 'a', 'b$']))", "true"),
        ("[matches(op, 'd'), matches(op, 'x'), matches(op, 'd')]", "[true,false,true]"),
    ],
)
def test_matches(text: str, found: str) -> None:
    assert result(text) == found


@pytest.mark.parametrize("nothing", ["null", "false", '""', "[]", "{}"])
def test_it_does_not_hold_where_it_makes_nothing(nothing: str) -> None:
    assert not Expression(f"`{nothing}`").holds({})


@pytest.mark.parametrize("something", ["true", "0", "0.0", '"a"', "[0]", '{"a": null}'])
def test_it_holds_where_it_makes_something(something: str) -> None:
    assert Expression(f"`{something}`").holds({})


def test_errors_are_of_the_stage() -> None:
    with pytest.raises(MessageError) as caught:
        Expression("sum(@)", "route").holds({})
    assert caught.value.stage == "route"


WORDS = st.sampled_from(
    ["a", '"q"', "'s'", "`1`", "`0.1`", "[", "]", "[]", "[?", "{", "}", "(", ")", ".", "*", "|"]
) | st.sampled_from(
    [
        "||",
        "&&",
        "&",
        "!",
        "==",
        "=",
        "<",
        ":",
        ",",
        "@",
        "0",
        "-1",
        "-",
        "sum(",
        "max_by(",
        "é",
        " ",
    ]
)


@given(st.lists(WORDS, min_size=1, max_size=8).map("".join))
def test_an_expression_compiles_and_runs_or_says_why_not(text: str) -> None:
    try:
        expression = Expression(text)
    except ValueError:
        return
    with contextlib.suppress(MessageError):
        expression.search({"a": [1, {"q": "s"}], "q": parse("0.1")})


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=3), min_size=1))
def test_sums_are_exact(numbers: list[Any]) -> None:
    total = Expression("sum(a)").search({"a": numbers})
    assert Fraction(total) == sum(Fraction(number) for number in numbers)
