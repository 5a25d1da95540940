"""Which partition a key belongs to, exactly as Kafka's Java client decides it.

Other producers of a topic must agree on this, or the order within a key is lost: the result must
never change. Once a message, so written for speed.
"""

from functools import lru_cache
from struct import Struct

# By number of 4-byte words. Making one costs more than hashing a short key.
_WORDS = tuple(Struct(f"<{count}I").unpack_from for count in range(64))
# A key seen before costs a tenth. Long keys are not worth the memory.
_REMEMBERED_KEYS = 16_384
_REMEMBERED_BYTES = 64


def java_partition(key: bytes, partitions: int) -> int:
    """Return the partition, from 0, that Kafka's default partitioner gives a record with this key.

    Source: `BuiltInPartitioner.partitionForKey` of Apache Kafka's client,
    `toPositive(murmur2(key)) % partitions`.
    """
    if len(key) <= _REMEMBERED_BYTES:
        return _remembered(key, partitions)
    return (murmur2(key) & 0x7FFFFFFF) % partitions


@lru_cache(_REMEMBERED_KEYS)
def _remembered(key: bytes, partitions: int) -> int:
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
