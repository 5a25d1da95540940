"""Which partition a record's key belongs to, exactly as other clients of Kafka decide it.

Other producers of a topic must agree on this, or the order within a key is lost: the results of
murmur2 and crc32 must never change. Once a message, so written for speed.
"""

import random
import zlib
from collections.abc import Callable
from itertools import cycle
from struct import Struct

from pg_tide.errors import FatalError

Chooser = Callable[[bytes | None], int]

# By number of 4-byte words. Making one costs more than hashing a short key.
_WORDS = tuple(Struct(f"<{count}I").unpack_from for count in range(64))
# A key seen before costs a twentieth. Long keys are not worth the memory.
_REMEMBERED_KEYS = 100_000
_REMEMBERED_BYTES = 256


class Partitioner:
    """The options of a pipeline that find a partition.

    `kind` is murmur2, crc32, or, looking at no key, round_robin or random. `fallback` says where
    a record without a key goes: round_robin, random, or the number of a partition.
    """

    def __init__(self, kind: str, fallback: str) -> None:
        self.kind = kind
        self.fallback = fallback

    def for_topic(self, partitions: int, topic: str) -> Chooser:
        """Return what chooses among the partitions of a topic, from 0, taking turns of its own.

        Raises FatalError `partition_missing` where the topic has not the partition that
        `fallback` names.
        """
        if self.kind in _KEYLESS:
            return _KEYLESS[self.kind](partitions)
        without_key = self.without_key(partitions, topic)
        if self.kind == "crc32":
            return _crc32(partitions, without_key)
        return _Remembered(partitions, without_key).__getitem__

    def decides(self, key: bytes | None) -> bool:
        """Whether a key always finds the same partition of a topic: nothing takes turns."""
        has_none = not key if self.kind == "crc32" else key is None
        return self.kind not in _KEYLESS and not (has_none and self.fallback in _KEYLESS)

    def without_key(self, partitions: int, topic: str) -> Chooser:
        """Return what chooses for records without a key alone, and is faster at it."""
        kind = self.kind if self.kind in _KEYLESS else self.fallback
        if kind in _KEYLESS:
            return _KEYLESS[kind](partitions)
        number = int(self.fallback)
        if number < partitions:
            return lambda _: number
        raise FatalError(
            f'partition_fallback is {number}, but the partitions of topic "{topic}" are '
            f"0 to {partitions - 1}",
            reason="partition_missing",
            hint="Set partition_fallback to one of them, to round_robin or to random, or add "
            "partitions to the topic.",
        )


class _Remembered(dict[bytes | None, int]):
    """The partition of each key, as the Java client has it; found once, then a look-up."""

    def __init__(self, partitions: int, without_key: Chooser) -> None:
        super().__init__()
        self._partitions = partitions
        self._without_key = without_key

    def __missing__(self, key: bytes | None) -> int:
        if key is None:
            return self._without_key(key)
        found = java_partition(key, self._partitions)
        if len(key) <= _REMEMBERED_BYTES:
            if len(self) >= _REMEMBERED_KEYS:
                self.clear()
            self[key] = found
        return found


def _crc32(partitions: int, without_key: Chooser) -> Chooser:
    """Choose as librdkafka's default, `consistent_random`: to it an empty key is no key.

    Source: `rd_kafka_msg_partitioner_consistent_random`, whose `rd_crc32` is the CRC of zlib.
    """
    crc32 = zlib.crc32
    return lambda key: crc32(key) % partitions if key else without_key(key)


def _in_turn(partitions: int) -> Chooser:
    turn = cycle(range(partitions))
    return lambda _: next(turn)


def _at_random(partitions: int) -> Chooser:
    return lambda _: int(random.random() * partitions)  # noqa: S311 - spreads load, no secret


_KEYLESS: dict[str, Callable[[int], Chooser]] = {"round_robin": _in_turn, "random": _at_random}


def java_partition(key: bytes, partitions: int) -> int:
    """Return the partition, from 0, that Kafka's default partitioner gives a record with this key.

    Source: `BuiltInPartitioner.partitionForKey` of Apache Kafka's client,
    `toPositive(murmur2(key)) % partitions`.
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(key: bytes) -> int:
    """Return the hash as 32 bits without sign; Java shows the same bits with one.

    Source: `org.apache.kafka.common.utils.Utils.murmur2`, which is MurmurHash2 by Austin Appleby
    (public domain) with the seed 0x9747B28C.
    """
    # Constants stand in the code as numbers: names would have to be looked up for each word.
    length = len(key)
    count = length >> 2
    words = _WORDS[count](key) if count < 64 else Struct(f"<{count}I").unpack_from(key)
    found = 0x9747B28C ^ length
    for word in words:
        mixed = word * 0x5BD1E995 & 0xFFFFFFFF
        found = (found * 0x5BD1E995 ^ (mixed ^ mixed >> 24) * 0x5BD1E995) & 0xFFFFFFFF
    if rest := length & 3:
        if rest == 1:
            found ^= key[-1]
        elif rest == 2:
            found ^= key[-1] << 8 | key[-2]
        else:
            found ^= key[-1] << 16 | key[-2] << 8 | key[-3]
        found = found * 0x5BD1E995 & 0xFFFFFFFF
    found = (found ^ found >> 13) * 0x5BD1E995 & 0xFFFFFFFF
    return found ^ found >> 15
