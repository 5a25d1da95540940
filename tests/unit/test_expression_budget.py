"""No expression takes the relay down: hostile ones, over hostile payloads, end soon and small."""

import json
import resource
import time
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jmespath.exceptions import JMESPathError

from pg_tide.errors import MessageError
from pg_tide.exact_json import parse, write
from pg_tide.expression import Expression, budget
from pg_tide.expression.analysis import copies_of
from pg_tide.expression.budget import Budget, SpentError
from pg_tide.expression.syntax import tree_of

SIZE = 900_000  # bytes of a payload
STATM = Path("/proc/self/statm")  # its first number is this process's memory, in pages
# Two paths to each value, so that every step doubles what it would take to write it.
DOUBLED = "|".join(["[@, @]"] * 40)
# The same in one array, whose places are real.
REPEATED = "|".join(["[@, @][]"] * 17)
FEWER = "|".join(["[@, @][]"] * 14)

LONG_NUMBERS = ",".join(f"0.{n}{'7' * 120_000}" for n in range(5))
PAYLOADS = {
    "numbers": f'{{"a": [{",".join(map(str, range(100_000)))}]}}',
    "fractions": f'{{"a": [{",".join(f"{n / 7:.5f}" for n in range(90_000))}]}}',
    "ones": f'{{"a": [{",".join("1" * (SIZE // 2))}]}}',
    "objects": f'{{"a": [{",".join(["{}"] * (SIZE // 3))}]}}',
    "rows": json.dumps({"a": [{"n": n, "s": f"text {n}"} for n in range(25_000)]}),
    "texts": json.dumps({"a": ["x" * (SIZE // 2), "x" * (SIZE // 2 - 1) + "y"]}),
    "escapes": json.dumps({"a": ["\x01" * (SIZE // 6)]}),
    "members": json.dumps({"a": {f"k{n}": n for n in range(60_000)}}),
    "long_integers": f'{{"a": [{",".join(["7" * 3999] * 200)}, 0.5]}}',
    "long_numbers": f'{{"a": [{LONG_NUMBERS}, 1.5, 1]}}',
    "one_long_number": f'{{"a": [0.{"7" * 120_000}, {",".join(["1.5"] * 100_000)}]}}',
    "separators": json.dumps({"a": {"by": "x" * 100_000, "parts": [""] * 100_000}}),
    "short_texts": json.dumps({"a": ["x" * 2400] * 100}),
    "exponents": json.dumps({"a": ["1e199999"] * 80_000}),
    "deep": "[" * 900 + "]" * 900,
}

DEEP = {"this has no JSON: it is nested too deeply"}

HOSTILE = [
    # what doubles
    ("numbers", f"a | {DOUBLED}"),
    ("numbers", f"a | {'|'.join(['{a: @, b: @}'] * 40)}"),
    ("deep", f"@ | {DOUBLED} | to_string(@)"),
    ("texts", f"a | {DOUBLED} | contains(@, [[], @])"),
    ("objects", f"[a | {DOUBLED}, a | {DOUBLED}] | [0] == [1]"),
    ("numbers", f"[a, a] | {DOUBLED} | [] | [] | [0] != [1]"),
    # what repeats
    ("numbers", "a | " + "|".join(["[@, @][]"] * 40)),
    ("texts", f"a | {REPEATED}"),
    ("numbers", f"a | [{','.join('@' * 2000)}][]"),
    ("texts", f"a | {REPEATED} | sort(@)"),
    ("texts", f"a | {REPEATED} | max(@)"),
    ("texts", f"a | {REPEATED} | join('', @)"),
    ("texts", f"a | {REPEATED} | [?contains(@, 'xxxxxy')]"),
    ("texts", f"a | {REPEATED} | map(&reverse(@), @)"),
    ("texts", f"a | {REPEATED} | [?matches(@, '(x?){{50}}z')]"),
    ("texts", f"[a] | {REPEATED} | [?[0] < [1]]"),
    ("long_numbers", f"a | {REPEATED} | sort(@)"),
    ("long_numbers", f"a | {REPEATED} | map(&abs(@), @)"),
    ("long_numbers", f"a | {REPEATED} | sum(@)"),
    ("long_integers", f"a | {REPEATED} | sort(@)"),
    ("long_integers", f"a | {REPEATED} | sort_by(@, &@)"),
    ("long_integers", f"a | {REPEATED} | contains(@, `0.25`)"),
    ("members", f"a | [{','.join(['merge(@, @)'] * 1000)}]"),
    ("members", f"a | merge({','.join('@' * 5000)})"),
    ("members", f"a | [{','.join(['keys(@)'] * 1000)}]"),
    ("members", f"a | [{','.join(['values(@)'] * 1000)}]"),
    ("ones", f"a | [{','.join(['@[::-1]'] * 1000)}]"),
    # what grows
    ("ones", f"a | map(&to_string(@), @) | join(join('', [{','.join(['join(`0`, @)'] * 9)}]), @)"),
    ("ones", "a | map(&to_string(@), @) | join(join('', @), @)"),
    ("ones", f"a[*].['{'x' * 5000}']"),
    ("ones", f"a[*].{{{'k' * 5000}: @}}"),
    ("ones", "a | [[@, @][], [@, @][]] | [*][*] | [].{a: @, b: @} | [*].{a: a, b: @}"),
    ("escapes", f"{'to_string(' * 20}a{')' * 20}"),
    ("exponents", "map(&to_number(@), a)"),
    ("exponents", "map(&ceil(to_number(@)), a)"),
    ("exponents", "sum(map(&to_number(@), a))"),
    # what takes long at once
    ("fractions", "a | [@, @, @, @, @, @, @, @][] | sort(@)"),
    ("fractions", "a | [@, @, @, @, @, @, @, @][] | max_by(@, &@)"),
    ("numbers", "a[?matches(to_string(@), join('', ['(a?){1000}', to_string(@)]))]"),
    ("texts", "matches(a[0], '((x?){30}){30}y')"),
    ("rows", "a | [@, @] | [].n | [@, @, @, @, @, @][] | [?@ > `5`] | sort(@) | [@][] | avg(@)"),
    ("numbers", r"a[?matches('', join('', ['(\pL?){60}', to_string(@)]))]"),
    ("short_texts", f"a[?matches(@, '{'(x?){1000}' * 10}y')]"),
    ("long_integers", f"a[-2:] | {FEWER} | sort_by(@, &@)"),
    ("long_integers", f"a[-2:] | {FEWER} | max_by(@, &@)"),
    ("long_integers", f"a[-2:] | {FEWER} | contains(@, `0.25`)"),
    ("separators", "join(a.by, a.parts)"),
    ("deep", f"@{'[]' * 30} | {DOUBLED}"),
]


@cache
def payload(name: str) -> object:
    return parse(PAYLOADS[name])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give evaluations a fifth of their time, and the process a gigabyte more than it has."""
    monkeypatch.setattr(budget, "LONGEST", 0.2)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if STATM.exists():
        pages = int(STATM.read_text("ascii").split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def end_of(context: object, text: str) -> str | bytes:
    """Return what becomes of an expression: its result, written, or why it has none."""
    try:
        return write(Expression(text).search(context))
    except MessageError as error:
        return error.reason
    except ValueError as error:
        return str(error)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("name", "text"), HOSTILE, ids=[f"{n}-{t[:40]}" for n, t in HOSTILE])
def test_a_hostile_expression_ends_soon(name: str, text: str) -> None:
    context = payload(name)
    began = time.thread_time()
    end = end_of(context, text)
    assert time.thread_time() - began < 3
    if isinstance(end, bytes):
        assert len(end) <= budget.MOST
    else:
        assert end in {"expression_too_slow", "expression_too_large"} | DEEP


@pytest.mark.usefixtures("small")
def test_a_sum_looks_at_the_clock() -> None:
    text = "a | [@, @, @, @, @, @][] | sum(@)"
    assert end_of(payload("one_long_number"), text) == "expression_too_slow"


def test_only_so_many_values_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "LONGEST", 60)
    text = "a | [@, @, @, @, @, @, @, @][] | sort(@)"
    assert end_of(payload("fractions"), text) == "expression_too_large"


@pytest.mark.parametrize("depth", [900, 10_000])
def test_what_is_nested_deeply_is_refused_or_written(depth: int) -> None:
    text = "[" * depth + "]" * depth
    try:
        deep = parse(text)
    except ValueError as error:
        deep = None
        assert str(error) == "the JSON is nested too deeply"  # noqa: PT017 - as deep as it gets
    for expression in ("{a: a}", "a == a", "to_string(a)", "contains([a], a)", f"a{'[]' * 60}"):
        assert end_of({"a": deep}, expression) != ""


def test_a_second_is_all_it_gets() -> None:
    slow = "a | [@, @][] | map(&[@, @], @) | [*][*] | [*][?[0] == `1`]"
    began = time.thread_time()
    with pytest.raises(MessageError) as caught:
        Expression(slow).search(payload("ones"))
    assert caught.value.reason == "expression_too_slow"
    assert caught.value.message == f'the expression "{slow}" failed: it takes over 1 second'
    assert 0.9 < time.thread_time() - began < 3


def test_what_is_too_large_says_so() -> None:
    with pytest.raises(MessageError) as caught:
        Expression(f"a | {DOUBLED}").search({"a": 1})
    assert caught.value.reason == "expression_too_large"
    assert caught.value.message.endswith(" failed: it makes or compares values of over 64 MiB")


def test_an_expression_that_failed_is_as_good_as_new() -> None:
    expression = Expression("a | [@, @][] | [@, @][] | [@, @][] | [@, @][] | length(@)")
    assert expression.search({"a": [1]}) == 16
    with pytest.raises(MessageError):
        expression.search({"a": [1] * 1_000_000})
    assert expression.search({"a": [1]}) == 16


def test_a_large_payload_may_be_projected() -> None:
    rows = payload("rows")
    text = "{n: length(a), rows: a[?n > `10`].{number: n, text: s}}"
    size = len(PAYLOADS["rows"])
    assert len(write(Expression(text).search(rows, size))) > SIZE
    assert Expression(text).search(rows) == Expression(text).search(rows, size)


def test_time_is_only_asked_for_after_a_while() -> None:
    asked = []

    def clock() -> float:
        asked.append(1)
        return float(len(asked) * 10)

    one = Budget(clock)
    one.spend(1000)
    assert not asked
    one.spend(1)  # the first look is where time begins
    with pytest.raises(SpentError):
        one.spend(1001)
    assert len(asked) == 2
    one.renew()
    one.spend(1000)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("value", "weight"),
    [
        (None, 0),
        (True, 0),
        (7, 0),
        ("text", 4),
        ("\n", 6),
        (Decimal("0.5"), 31),
        (Decimal("1e1000"), 1030),
        ([], 0),
        ([1, 2], 64),
        ({"ab": "c"}, 35),
        ([[1], [1]], 128),
    ],
)
def test_what_values_weigh(value: object, weight: int) -> None:
    assert Budget().weigh(value) == weight


def test_shared_parts_weigh_each_time() -> None:
    shared: list[object] = ["x" * 1000]
    alone = Budget().weigh([shared])
    assert Budget().weigh([shared] * 10) == 10 * alone


@pytest.mark.parametrize(
    ("text", "copies"),
    [
        ("a.b[0].c", 1),
        ("a[*].b | [?c == d]", 1),
        ("{a: a, b: b}", 2),
        ("a[*].{a: @, b: @}", 2),
        ("[@, @] | [@, @, @]", 6),
        ("map(&[@, @], [a, a])", 4),
        ("[a, b][?[@, @] == c]", 2),
        ("not_null(a, b)", 2),
        (DOUBLED, 2**40),
    ],
)
def test_how_often_a_part_may_be_in_the_result(text: str, copies: int) -> None:
    assert copies_of(tree_of(text)) == copies


NAMES = st.sampled_from("abc")
SIMPLE = st.sampled_from(["a", "b", "c", "@", "`1`", "'b'", '`[1, "a"]`', '`{"a": 2}`'])
ONE = [
    "({}).a", "({})[0]", "({})[*]", "({})[]", "({}).*", "({})[1:]", "({})[::-1]", "!({})",
    "length({})", "keys({})", "values({})", "to_array({})", "to_string({})", "reverse({})",
    "type({})", "sort({})", "max({})", "min({})", "sum({})", "join('-', {})", "({})[*].a",
]  # fmt: skip
TWO = [
    "({}) | ({})", "({})[?{}]", "[{}, {}]", "{{a: {}, b: {}}}", "({}) == ({})", "({}) != ({})",
    "({}) < ({})", "({}) >= ({})", "({}) && ({})", "({}) || ({})", "not_null({}, {})",
    "merge({{a: {}}}, {{b: {}}})", "map(&{}, {})", "contains({}, {})", "sort_by({}, &{})",
    "max_by({}, &{})", "min_by({}, &{})", "({}).[{}, a]", "starts_with({}, {})",
]  # fmt: skip
EXPRESSIONS = st.recursive(
    SIMPLE,
    lambda inner: (
        st.builds(str.format, st.sampled_from(ONE), inner)
        | st.builds(str.format, st.sampled_from(TWO), inner, inner)
    ),
    max_leaves=8,
)
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.text('ab"\\', max_size=4)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=12
)


@given(EXPRESSIONS, st.dictionaries(NAMES, VALUES))
def test_it_evaluates_as_jmespath_does(text: str, value: dict[str, object]) -> None:
    try:
        expected = write(jmespath.compile(text).search(value))
    except (JMESPathError, TypeError):
        expected = b"failed"
    assert end_of(value, text) in {expected, "expression_failed" if expected == b"failed" else b""}


@given(EXPRESSIONS, st.dictionaries(NAMES, VALUES))
def test_no_result_is_larger_than_it_may_be(text: str, value: dict[str, object]) -> None:
    expression = Expression(text)
    try:
        written = write(expression.search(value))
    except MessageError:
        return
    interpreter = expression._interpreter  # noqa: SLF001 - the bound that spares weighing
    assert len(written) <= 4 + expression._copies * (len(write(value)) + interpreter.budget.made)  # noqa: SLF001


@given(EXPRESSIONS, st.dictionaries(NAMES, VALUES))
def test_only_the_names_it_tells_are_looked_up(text: str, value: dict[str, object]) -> None:
    names = Expression(text).names
    if names is not None:
        seen = {name: part for name, part in value.items() if name in names}
        assert end_of(seen, text) == end_of(value, text)
