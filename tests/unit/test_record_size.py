"""How many bytes a record takes, one by one and together."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.errors import MessageError
from pg_tide.message import Record
from pg_tide.record_size import Limits, size_of

BYTES = st.none() | st.binary(max_size=40)
RECORDS = st.lists(
    st.builds(
        Record,
        st.just("t"),
        BYTES,
        BYTES,
        st.lists(st.tuples(st.text(max_size=5), BYTES), max_size=3),
        st.just(1),
    ),
    max_size=5,
)


@given(RECORDS, st.integers(90, 250))
def test_together_they_have_what_each_has_or_are_looked_at_singly(
    records: list[Record], most: int
) -> None:
    found = Limits(most).sum(records)
    sizes = [size_of(record) for record in records]
    if found is not None:
        assert found == sum(sizes)
        assert max(sizes, default=0) <= most
    elif not any(value is None for record in records for _, value in record.headers):
        assert max(sizes) > most


def test_a_topic_that_takes_less_is_minded() -> None:
    limits = Limits(sys.maxsize, lambda _record, _size: None)
    record = Record("t", b"k", b"v" * 500, [], 1)
    assert limits.sum([record]) == size_of(record)
    limits.lower(300)
    assert limits.sum([record]) is None
    assert limits.check(record) == size_of(record)


def test_one_above_the_limit_is_its_messages_error() -> None:
    with pytest.raises(MessageError, match="max_request_size"):
        Limits(300).check(Record("t", b"k", b"v" * 500, [], 1))
