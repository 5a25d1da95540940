"""Keys go where other clients of Kafka send them: compared with what those said.

tests/fixtures/murmur2.json was written by tests/fixtures/kafka/Murmur2Vectors.java, crc32.json by
tests/fixtures/crc32_vectors.py; their first lines tell how to run them again.
"""

import json
import struct
from pathlib import Path
from typing import TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.errors import FatalError
from pg_tide.message import Record
from pg_tide.partition import (
    Chooser,
    Partitioner,
    java_partition,
    learn,
    murmur2,
    murmur2_of_all,
)


class Vector(TypedDict):
    key: str
    hash: int
    partitions: dict[str, int]


GOLDEN = Path(__file__).parent.parent / "fixtures"
VECTORS: list[Vector] = json.loads((GOLDEN / "murmur2.json").read_text())
OF_LIBRDKAFKA: list[Vector] = json.loads((GOLDEN / "crc32.json").read_text())


def chooser(kind: str = "murmur2", fallback: str = "round_robin", partitions: int = 3) -> Chooser:
    return Partitioner(kind, fallback).for_topic(partitions, "t")


def textbook(key: bytes) -> int:
    """MurmurHash2 as it is usually written, to compare with on any key."""
    found = 0x9747B28C ^ len(key)
    whole = len(key) - len(key) % 4
    for (word,) in struct.iter_unpack("<I", key[:whole]):
        mixed = word * 0x5BD1E995 % 2**32
        mixed ^= mixed >> 24
        found = found * 0x5BD1E995 % 2**32 ^ mixed * 0x5BD1E995 % 2**32
    if rest := key[whole:]:
        found = (found ^ int.from_bytes(rest, "little")) * 0x5BD1E995 % 2**32
    found = (found ^ found >> 13) * 0x5BD1E995 % 2**32
    return found ^ found >> 15


def test_there_are_vectors_of_every_length() -> None:
    assert len(VECTORS) > 300
    assert {len(vector["key"]) // 2 for vector in VECTORS} == set(range(65))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["key"] or "empty")
def test_the_hash_and_the_partition_are_those_of_the_java_client(vector: Vector) -> None:
    key = bytes.fromhex(vector["key"])
    assert murmur2(key) == vector["hash"] % 2**32
    for count, partition in vector["partitions"].items():
        assert java_partition(key, int(count)) == partition
        choose = chooser(partitions=int(count))
        assert [choose(key), choose(key)] == [partition] * 2


@pytest.mark.parametrize("vector", OF_LIBRDKAFKA, ids=lambda vector: vector["key"])
def test_crc32_is_what_librdkafka_does(vector: Vector) -> None:
    for count, partition in vector["partitions"].items():
        assert chooser("crc32", partitions=int(count))(bytes.fromhex(vector["key"])) == partition


def test_librdkafka_was_asked_for_the_same_keys_but_the_empty_one() -> None:
    asked = {vector["key"] for vector in OF_LIBRDKAFKA}
    assert asked == {vector["key"] for vector in VECTORS} - {""}


def test_an_empty_key_is_one_to_java_and_none_to_librdkafka() -> None:
    java, librdkafka = chooser(fallback="1", partitions=32), chooser("crc32", "1", 32)
    assert java(b"") == java_partition(b"", 32) != 1
    assert librdkafka(b"") == 1


@pytest.mark.parametrize("kind", ["murmur2", "crc32", "round_robin"])
def test_without_a_key_partitions_take_turns(kind: str) -> None:
    choose = chooser(kind)
    assert [choose(None) for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]


def test_each_topic_has_turns_of_its_own() -> None:
    partitioner = Partitioner("round_robin", "round_robin")
    first, second = partitioner.for_topic(3, "a"), partitioner.for_topic(3, "b")
    assert [first(None), first(None), second(None)] == [0, 1, 0]


def test_in_turn_means_whatever_the_key() -> None:
    choose = chooser("round_robin")
    assert [choose(b"same") for _ in range(4)] == [0, 1, 2, 0]


@pytest.mark.parametrize("kind", ["murmur2", "crc32"])
def test_a_fallback_may_be_a_partition(kind: str) -> None:
    choose = chooser(kind, "2")
    assert [choose(None) for _ in range(3)] == [2, 2, 2]
    assert {choose(str(n).encode()) for n in range(100)} == {0, 1, 2}


@pytest.mark.parametrize(
    ("kind", "fallback", "key"),
    [("random", "round_robin", b"k"), ("random", "round_robin", None), ("murmur2", "random", None)],
)
def test_random_is_even_and_any(kind: str, fallback: str, key: bytes | None) -> None:
    choose = chooser(kind, fallback)
    chosen = [choose(key) for _ in range(3000)]
    assert set(chosen) == {0, 1, 2}
    assert all(800 < chosen.count(number) < 1200 for number in range(3))


@pytest.mark.parametrize("kind", ["murmur2", "crc32"])
def test_a_fallback_that_the_topic_has_not_is_an_error_that_says_so(kind: str) -> None:
    with pytest.raises(FatalError) as caught:
        chooser(kind, "3")
    assert caught.value.reason == "partition_missing"
    assert caught.value.message == (
        'partition_fallback is 3, but the partitions of topic "t" are 0 to 2'
    )


def test_more_keys_than_are_remembered() -> None:
    choose = chooser()
    keys = [b"%d" % n for n in range(100_050)]
    wanted = [java_partition(key, 3) for key in keys[:100]]
    for key in keys:
        choose(key)
    assert [choose(key) for key in keys[:100]] == wanted


@given(st.binary(max_size=600))
def test_keys_of_any_length_hash_as_the_textbook_says(key: bytes) -> None:
    assert murmur2(key) == textbook(key)


@given(st.binary(max_size=100), st.integers(1, 10_000))
def test_the_partition_exists_and_stays_the_same(key: bytes, partitions: int) -> None:
    first = java_partition(key, partitions)
    assert 0 <= first < partitions
    assert java_partition(key, partitions) == first == (textbook(key) & 0x7FFFFFFF) % partitions


@pytest.mark.parametrize("length", range(70))
def test_many_keys_at_once_are_hashed_as_each_is(length: int) -> None:
    keys = [bytes((place * 37 + n * 101) % 256 for n in range(length)) for place in range(40)]
    keys += [b"\xff" * length, b"\0" * length]
    assert murmur2_of_all(keys) == [murmur2(key) for key in keys]


def test_keys_that_are_learned_go_where_each_goes_alone() -> None:
    choose = Partitioner("murmur2", "0").for_topic(7, "t")
    for begin in range(0, 3000, 100):
        keys = [None, *(b"%d" % number for number in range(begin, begin + 100)), b"x" * 300]
        learn(choose, [Record("t", key, None, [], 0) for key in keys])
        expected = [0 if key is None else java_partition(key, 7) for key in keys]
        assert [choose(key) for key in keys] == expected
