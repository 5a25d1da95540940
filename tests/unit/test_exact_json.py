"""JSON whose numbers keep their digits."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.exact_json import parse, parse_number, write, write_text

NUMBERS = [
    "0",
    "-1",
    "0.10",
    "-0.5",
    "18446744073709551616",
    "-9223372036854775809",
    "12345678901234567890123",
    "0.1000000000000000055511151231257827",
    "9" * 5000,
    "0." + "0" * 300 + "1",
]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("text", ["{}", "[1,{}]", '{{"a":{{"b":[{}]}}}}'])
def test_numbers_keep_their_digits(number: str, text: str) -> None:
    written = text.format(number).encode()
    assert write(parse(written)) == written


PLAIN = (
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner), max_leaves=20
)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert parse(write(value)) == value
    assert json.loads(write(value)) == value


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_is_written_with_its_value(number: Decimal) -> None:
    assert Decimal(write(number).decode()) == number


@pytest.mark.parametrize("text", [b"", b"{", b"NaN", b"[Infinity]", b"01", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


def test_what_has_no_json_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    for value in (object(), Decimal("NaN"), {"a": {1}}, deep):
        with pytest.raises(ValueError, match="no JSON"):
            write(value)


def test_text_of_a_string_has_no_quotes() -> None:
    assert write_text("a") == "a"
    assert write_text(["a", Decimal("0.10"), None]) == '["a",0.10,null]'


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("-0.10", Decimal("-0.10")),
        ("1e3", Decimal(1000)),
        *[
            (wrong, None)
            for wrong in ("", " 1", "1_0", "\u0661", "nan", "+1", "1.", "0x1", "1e999999999")
        ],
    ],
)
def test_numbers_in_strings(text: str, number: Any) -> None:
    assert parse_number(text) == number
