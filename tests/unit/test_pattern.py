"""Regular expressions: in linear time, and what is wrong with one in our words."""

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pg_tide.pattern import Pattern, TooSlowError


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("a", "bab", True),
        ("^a", "ba", False),
        ("", "", True),
        ("", "a", True),
        (r"^ord-\d+$", "ord-12345", True),
        (r"^ord-\d+$", "ord-12345\n", False),
        ("(?i)straße", "STRAßE", True),
        ("é.", "caféx", True),
        ("^.$", "日", True),
        (r"\p{Greek}", "αβγ", True),
        ("a.b", "a\nb", False),
        ("(?s)a.b", "a\nb", True),
        ("\0", "a\0b", True),
        (r"\\C", r"a\Cb", True),
        ("a", "\ud800", False),
        ("a", "\ud800a", True),
    ],
)
def test_it_is_found_anywhere_in_a_text(pattern: str, text: str, found: bool) -> None:
    assert Pattern(pattern).matches(text) is found


@pytest.mark.parametrize(
    ("pattern", "text", "key"),
    [
        (r"-(\d+)$", "user-123", "123"),
        ("^(.*)_data$", "orders_data", "orders"),
        ("^(.*)_data$", "orders", None),
        (r"\d+", "user-123-456", "123"),
        ("(a)(b)", "xab", "a"),
        ("(?:a)(b)", "ab", "b"),
        ("(?P<key>b)", "ab", "b"),
        ("(a)|b", "b", None),
        ("(a?)b", "b", ""),
        ("", "abc", ""),
        ("é(.)日", "xéß日", "ß"),
        ("(.)$", "a\ud800", "\ud800"),
    ],
)
def test_the_key_is_the_first_group_or_all_that_matches(
    pattern: str, text: str, key: str | None
) -> None:
    assert Pattern(pattern).key_of(text) == key


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("a(b", 'a "(" is never closed'),
        ("a)", 'a ")" closes nothing'),
        ("a[b", '"[b" at character 2 is never closed'),
        ("a\\", 'it ends with a lone "\\"'),
        ("x|*", '"*" at character 3 has nothing to repeat'),
        ("a**", '"**" at character 2 repeats a repetition'),
        ("[**]a**", '"**" repeats a repetition'),
        ("a{1001}", '"{1001}" at character 2 is over 1000 times, or has its limits swapped'),
        ("a{2,1}", '"{2,1}" at character 2 is over 1000 times, or has its limits swapped'),
        ("é[z-a]", '"z-a" at character 3 is no range or class of characters'),
        ("[[:foo:]]", '"[:foo:]" at character 2 is no range or class of characters'),
        (r"\pX", r'"\\pX" at character 1 is no range or class of characters'),
        (r"(a)\1", r'"\\1" at character 4 is no escape; there are no references to groups'),
        ("(?=a)", '"(?=" at character 1 is not known; there is no looking ahead or behind'),
        ("(?<!a)b", '"(?<!" at character 1 is not known; there is no looking ahead or behind'),
        ("(?P<1 >a)", '"(?P<1 >" at character 1 names no group'),
        (r"\pL" * 1300, "it is too large"),
        ("a" * 4001, "it has 4001 characters, and may have 4000"),
        (r"a\C", r'"\C" at character 2: text has no single bytes'),
        ("a\ud800", "character 2 is half a character"),
    ],
)  # fmt: skip
def test_what_is_none_says_why_and_where(pattern: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Pattern(pattern)
    assert str(caught.value) == problem


def test_nothing_is_written_beside_the_error(capfd: pytest.CaptureFixture[str]) -> None:
    for text in ["a(b", "((a{100}){100}){100}", r"\pL" * 1300]:
        with pytest.raises(ValueError, match=r"."):
            Pattern(text)
    Pattern("(a|b)*a(a|b){200}c").matches("ab" * 50_000)  # its automaton outgrows its memory
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 900_000 + "!"),
        ("^(a|a)*$", "a" * 900_000 + "!"),
        ("(.*)(.*)(.*)(.*)x$", "y" * 900_000),
        ("(a|b)*a(a|b){100}c", "aab" * 100_000),
        ("((a?){30}){30}b", "a" * 25_000),
    ],
)
def test_no_search_takes_long(pattern: str, text: str) -> None:
    began = time.thread_time()
    assert not Pattern(pattern).matches(text)
    assert time.thread_time() - began < 5


def test_a_search_that_would_take_long_is_refused() -> None:
    slow = Pattern("((a?){30}){30}b")
    with pytest.raises(TooSlowError, match=r"^a text of 100000 characters is too long for this"):
        slow.matches("a" * 100_000)
    with pytest.raises(TooSlowError):
        slow.key_of("a" * 100_000)
    groups = Pattern("(a?)" * 500)
    assert groups.matches("b" * 20_000)  # alone, it needs no groups
    with pytest.raises(TooSlowError):
        groups.key_of("b" * 20_000)


LITERALS = st.sampled_from([*"ab", "[ab]", "[^a]", "(a)", "(?:b)", ".", "^", "$", r"\d", "é"])
PIECES = st.builds("{}{}".format, LITERALS, st.sampled_from(["", "", "*", "+", "?", "{2}"]))
PATTERNS = st.lists(PIECES | st.just("|"), max_size=6).map("".join)


@given(PATTERNS, st.text("ab1é", max_size=12))
@example("^*", "a")
def test_it_finds_what_python_finds(pattern: str, text: str) -> None:
    try:
        ours = Pattern(pattern)
        theirs = re.compile(pattern, re.ASCII)
    except (ValueError, re.error):
        return
    # Python's $ also stands before a newline at the end; these texts have none.
    assert ours.matches(text) is (theirs.search(text) is not None)


@given(st.text("ab()[]{}*+?|^$.\\é1-,:=<>PCQE", max_size=12), st.text(max_size=12))
def test_a_pattern_compiles_and_searches_or_says_why_not(pattern: str, text: str) -> None:
    problem = None
    try:
        compiled = Pattern(pattern)
    except ValueError as error:
        problem = str(error)
    if problem is not None:
        assert "invalid" not in problem  # re2's own words
        return
    found = compiled.matches(text)
    key = compiled.key_of(text)
    assert found or key is None
