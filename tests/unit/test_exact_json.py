"""JSON whose numbers keep their digits."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide import exact_json
from pg_tide.exact_json import parse, parse_number, parser_of, write, write_text

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


STRINGS = st.sampled_from(
    ['"a"', '"é"', '"\x01"', '"\x7f"', '"\\"', "'a'", r'"\ud800"', r'"\ude00\ud83d"',
     r'"\ud83d\ude00"', r'"\u0061"', r'"\/\b\t"', r'"\x"']
)  # fmt: skip
DIGITS = st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{0,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
ODD = st.sampled_from(
    ["-0", "-0.0", "01", "1.", ".5", "+1", "1e", "NaN", "-Infinity", "1E400", "1e-400", "1.00",
     "9" * 60, "9" * 4001, "9" * 4301, "0." + "1" * 60, "1e99999999999999999999", "null", "tru",
     "18446744073709551615", "18446744073709551616", "-9223372036854775809"]
)  # fmt: skip
PLACES = st.sampled_from(["", " ", "\t\n\r ", "\x0c", "\ufeff"])
JSON_TEXTS = st.recursive(
    STRINGS | DIGITS | ODD,
    lambda inner: (
        st.builds(lambda parts, gap: f"[{gap}{','.join(parts)}]", st.lists(inner), PLACES)
        | st.lists(st.tuples(STRINGS, inner), max_size=4).map(
            lambda pairs: "{" + ",".join(f"{name}: {part}" for name, part in pairs) + "}"
        )
    ),
    max_leaves=10,
)
CUTS = st.integers(0, 60)
BYTES = st.sampled_from(
    [b"", b"\xff", b"\x00", b"\xed\xa0\x80", b"\xc0\x80", b"\\", b'"', b",", b"1"]
)


def found(parse_one: Any, text: Any) -> object:
    try:
        return repr(parse_one(text))
    except ValueError as error:
        return str(error)


@given(JSON_TEXTS, CUTS, BYTES)
def test_it_parses_as_the_standard_library_does(text: str, cut: int, changed: bytes) -> None:
    encoded = text.encode()
    slowly = exact_json._parsed_slowly  # noqa: SLF001 - which this has to do as
    for one in (encoded, text, encoded[:cut] + changed + encoded[cut + 1 :], encoded[cut:]):
        assert found(parse, one) == found(slowly, one)


@pytest.mark.parametrize("depth", [100, 900, 2000, 100_000])
def test_depth_is_refused_as_the_standard_library_does(depth: int) -> None:
    text = '{"a":[' * depth + "1" + "]}" * depth
    assert found(parse, text) == found(exact_json._parsed_slowly, text)  # noqa: SLF001


NAMES = st.sampled_from(["a", "b", "é", '"', "a b", ""])
NESTED = st.recursive(
    PLAIN | st.sampled_from([parse(number) for number in NUMBERS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
PATHS = st.sets(st.lists(st.none() | NAMES, max_size=6).map(tuple), max_size=4)


def at(value: Any, path: tuple[str | None, ...]) -> object:
    """What a path leads to, and what it comes by."""
    if not path:
        return value
    if path[0] is None:
        return [at(part, path[1:]) for part in value] if isinstance(value, list) else type(value)
    there = isinstance(value, dict) and path[0] in value
    return at(value[path[0]], path[1:]) if there else type(value)


@given(NESTED, PATHS)
def test_in_part_there_is_all_that_paths_lead_to(value: Any, paths: set[Any]) -> None:
    part = parser_of(paths)(write(value))
    assert all(repr(at(part, path)) == repr(at(value, path)) for path in paths)


def test_in_part_the_rest_is_left_out() -> None:
    text = b'{"a": {"b": 1.0, "c": 2}, "d": [{"e": "x", "f": [1]}, {"f": 2}, [3]], "g": {}}'
    part = parser_of({("a", "b"), ("d", None, "e"), ("h",)})(text)
    assert repr(part) == "{'a': {'b': Decimal('1.0')}, 'd': [{'e': 'x'}, {}, [3]]}"
    assert parser_of({("a",), ("a", "b"), ("h" * 100, None)})(text) == {"a": parse(text)["a"]}
    assert parser_of({(f"m{n}",) for n in range(60)}) is parse
    assert parser_of({("\ud800",), ("a",)}) is parse


@pytest.mark.parametrize("text", [b"", b"{", b'{"a": 1', b'{"a": 1} 2', b'{"b": [1, }', b"\xff"])
def test_in_part_what_is_no_json_is_refused(text: bytes) -> None:
    assert found(parser_of({("a",)}), text) == found(parse, text)


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
    for value in (object(), Decimal("NaN"), Decimal("-Infinity"), {"a": {1}}, deep):
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
