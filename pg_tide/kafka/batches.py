"""Batches of records, as they are filled and compressed."""

import struct
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka.codec import gzip_encode, lz4_encode, zstd_encode  # type: ignore[import-untyped]
from aiokafka.producer.message_accumulator import BatchBuilder  # type: ignore[import-untyped]
from aiokafka.record.util import calc_crc32c  # type: ignore[import-untyped]

from pg_tide.message import Record

CODECS = {None: 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}  # the protocol's numbers
ENCODE: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": gzip_encode,
    "lz4": lz4_encode,
    "zstd": zstd_encode,
}
# https://kafka.apache.org/documentation/#recordbatch
LENGTH_AT, CRC_AT, ATTRIBUTES_AT, RECORDS_AT = 8, 17, 21, 61
LENGTH_FROM = 12


class Batch(BatchBuilder):  # type: ignore[misc]
    """A batch of aiokafka's; the first record is always taken, however large."""

    _relative_offset: int

    def extend(self, records: Sequence[Record]) -> int:
        """Add records until the batch takes no more; how many were added."""
        if self._closed:
            return 0
        first: int = self._relative_offset
        offset = first
        append = self._builder.append  # a third cheaper than `append` of the batch
        for one in records:
            if not append(offset, one.timestamp_ms, one.key, one.value, one.headers):
                self.close()
                break
            offset += 1
        self._relative_offset = offset
        return offset - first


class LevelledBatch(Batch):
    """A batch compressed at a level of its own: aiokafka knows only each codec's default."""

    def __init__(
        self, max_bytes: int, compression: str, level: int, transactional: bool = False
    ) -> None:
        super().__init__(max_bytes, CODECS[None], is_transactional=transactional)
        self._compression = compression
        self._level = level
        self._compressed: bytearray | None = None

    def _build(self) -> bytearray:
        if self._compressed is None:
            plain = super()._build()
            self._compressed = self._buffer = compressed(plain, self._compression, self._level)
        return self._compressed


def compressed(batch: bytearray, compression: str, level: int) -> bytearray:
    """Compress the records of a built batch; as it is, where that makes it no smaller."""
    records = ENCODE[compression](bytes(batch[RECORDS_AT:]), level)
    if len(records) >= len(batch) - RECORDS_AT:
        return batch
    batch[RECORDS_AT:] = records
    (attributes,) = struct.unpack_from(">h", batch, ATTRIBUTES_AT)
    struct.pack_into(">i", batch, LENGTH_AT, len(batch) - LENGTH_FROM)
    struct.pack_into(">h", batch, ATTRIBUTES_AT, attributes | CODECS[compression])
    struct.pack_into(">I", batch, CRC_AT, calc_crc32c(bytes(batch[ATTRIBUTES_AT:])))
    return batch


def batch_maker(
    compression: str | None, level: int | None, transactional: bool = False
) -> Callable[[int], Any]:
    """How to make an empty batch for so many bytes before compression.

    Brokers take batches that do not say that they are `transactional` within a transaction too;
    consumers then see them though it is aborted.
    """
    if compression is None or level is None or compression not in ENCODE:
        codec = CODECS[compression]
        return lambda max_bytes: Batch(max_bytes, codec, is_transactional=transactional)
    return lambda max_bytes: LevelledBatch(max_bytes, compression, level, transactional)
