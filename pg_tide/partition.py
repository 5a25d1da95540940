"""Which partition a record's key belongs to, exactly as other clients of Kafka decide it.

Other producers of a topic must agree on this, or the order within a key is lost: the results of
murmur2 and crc32 must never change. Once a message, so written for speed.
"""

import random
import zlib
from collections.abc import Callable, Sequence
from itertools import cycle
from struct import Struct, unpack

from pg_tide.errors import FatalError
from pg_tide.message import Record

Chooser = Callable[[bytes | None], int]

# By number of 4-byte words. Making one costs more than hashing a short key.
_WORDS = tuple(Struct(f"<{count}I").unpack_from for count in range(64))
# A key seen before costs a twentieth. Long keys are not worth the memory.
_REMEMBERED_KEYS = 100_000
_REMEMBERED_BYTES = 256
_TOGETHER = 8  # keys of one length, from which on they cost less hashed at once


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
        self.misses = 0  # since keys were learned last

    def __missing__(self, key: bytes | None) -> int:
        if key is None:
            return self._without_key(key)
        self.misses += 1
        found = java_partition(key, self._partitions)
        if len(key) <= _REMEMBERED_BYTES:
            if len(self) >= _REMEMBERED_KEYS:
                self.clear()
            self[key] = found
        return found

    def learn(self, keys: set[bytes | None]) -> None:
        """Find the partitions of many keys at once, of those that are not known."""
        unknown = [key for key in keys if key not in self and key is not None]
        self.misses = len(unknown)
        if len(unknown) < _TOGETHER:
            return
        if len(self) + len(unknown) > _REMEMBERED_KEYS:
            self.clear()
        partitions = self._partitions
        for length, several in _of_length(unknown):
            if len(several) >= _TOGETHER and length <= _REMEMBERED_BYTES:
                hashes = murmur2_of_all(several)
                own = [(one & 0x7FFFFFFF) % partitions for one in hashes]
                self.update(zip(several, own, strict=True))


def _of_length(keys: list[bytes]) -> list[tuple[int, list[bytes]]]:
    lengths = set(map(len, keys))
    if len(lengths) == 1:
        return [(lengths.pop(), keys)]
    return [(length, [key for key in keys if len(key) == length]) for length in lengths]


def learn(choose: Chooser, records: Sequence[Record]) -> None:
    """Let `choose` know at once the partitions of records that it is about to be asked for.

    Only where it did not know some of the last ones: asking costs less than looking first.
    """
    known = getattr(choose, "__self__", None)
    if isinstance(known, _Remembered) and known.misses >= _TOGETHER:
        known.learn({one.key if one.partition_by is None else one.partition_by for one in records})


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


def murmur2_of_all(keys: Sequence[bytes]) -> list[int]:
    """Return the hashes of keys that are all of one length, as `murmur2` does for each.

    Of each key a word stands in 64 bits of one large integer, so that a product of 32 bits by 32
    does not reach the next key's: what is done to it is done to all keys at once.
    """
    count, rest = divmod(len(keys[0]), 4)
    stride = count + (rest > 0)
    padding = bytes(-len(keys[0]) % 4)
    words = memoryview(padding.join(keys) + padding).cast("I")
    room = bytearray(8 * len(keys))
    lower_half = memoryview(room).cast("I")[::2]
    low = int.from_bytes(b"\xff\xff\xff\xff\0\0\0\0" * len(keys), "little")
    found = low // 0xFFFFFFFF * (0x9747B28C ^ len(keys[0]))
    for place in range(count):
        lower_half[:] = words[place::stride]
        mixed = int.from_bytes(room, "little") * 0x5BD1E995 & low
        mixed = (mixed ^ mixed >> 24 & low) * 0x5BD1E995 & low
        found = found * 0x5BD1E995 & low ^ mixed
    if rest:
        lower_half[:] = words[count::stride]
        found = (found ^ int.from_bytes(room, "little")) * 0x5BD1E995 & low
    found = (found ^ found >> 13 & low) * 0x5BD1E995 & low
    found ^= found >> 15 & low
    return list(unpack(f"<{len(keys)}Q", found.to_bytes(8 * len(keys), "little")))
