"""How names and values appear in sentences."""

from decimal import Decimal
from typing import Any

import pytest

from pg_tide.words import shown, shown_name


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a", '"a"'),
        ('say "x"\n', '"say \\"x\\"\\n"'),
        ("é\x01", '"é\\u0001"'),
        (None, "null"),
        (True, "true"),
        (5, "5"),
        (1.0, "1.0"),
        (1e16, "10000000000000000"),
        (1e-7, "0.0000001"),
        (Decimal("0.10"), "0.10"),
        ({"password": "x"}, "an object"),
        ([1], "an array"),
        ("x" * 59, '"' + "x" * 56 + "..."),
        ("x" * 58, '"' + "x" * 58 + '"'),
    ],
)
def test_values(value: Any, words: str) -> None:
    assert shown(value) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [("a.b-c_D1", "a.b-c_D1"), ("", '""'), ("a b", '"a b"'), ("x" * 61, '"' + "x" * 56 + "...")],
)
def test_names(name: str, words: str) -> None:
    assert shown_name(name) == words
