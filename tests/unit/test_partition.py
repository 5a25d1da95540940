"""Keys go where Kafka's own client sends them: compared with what it said.

tests/fixtures/murmur2.json was written by tests/fixtures/kafka/Murmur2Vectors.java, whose first
lines tell how to run it again.
"""

import json
import struct
from pathlib import Path
from typing import TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pg_tide.partition import java_partition, murmur2


class Vector(TypedDict):
    key: str
    hash: int
    partitions: dict[str, int]


GOLDEN = Path(__file__).parent.parent / "fixtures" / "murmur2.json"
VECTORS: list[Vector] = json.loads(GOLDEN.read_text())


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


@given(st.binary(max_size=600))
def test_keys_of_any_length_hash_as_the_textbook_says(key: bytes) -> None:
    assert murmur2(key) == textbook(key)


@given(st.binary(max_size=100), st.integers(1, 10_000))
def test_the_partition_exists_and_stays_the_same(key: bytes, partitions: int) -> None:
    first = java_partition(key, partitions)
    assert 0 <= first < partitions
    assert java_partition(key, partitions) == first == (textbook(key) & 0x7FFFFFFF) % partitions
