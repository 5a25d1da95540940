"""Batches compressed at a level that aiokafka cannot be told."""

from typing import Any

import pytest
from aiokafka.record.memory_records import MemoryRecords  # type: ignore[import-untyped]

from pg_tide.kafka.batches import batch_maker
from pg_tide.message import Record

TEXT = " ".join(f"order {number % 97} of customer {number * 31 % 89}" for number in range(400))


def built(compression: str | None, level: int | None, value: bytes = TEXT.encode()) -> bytes:
    """A batch of three records."""
    batch = batch_maker(compression, level)(1_000_000)
    for key in (b"a", None, b"c"):
        assert batch.append(
            timestamp=1_700_000_000_123, key=key, value=value, headers=[("h", b"1")]
        )
    made = batch._build()  # noqa: SLF001 - what aiokafka's sender calls
    assert batch._build() is made  # noqa: SLF001
    assert batch.size() == len(made)
    return bytes(made)


def records_of(batch: bytes) -> list[tuple[bytes | None, bytes | None, int]]:
    """What a consumer finds in a batch, whose checksum must be right."""
    (found,) = [MemoryRecords(batch).next_batch()]
    assert found is not None
    assert found.validate_crc()
    return [(each.key, each.value, each.timestamp) for each in found]


@pytest.mark.parametrize("compression", ["gzip", "lz4", "zstd"])
@pytest.mark.parametrize("level", [1, 9])
def test_a_level_changes_the_size_not_the_records(compression: str, level: int) -> None:
    batch = built(compression, level)
    assert records_of(batch) == records_of(built(None, None))
    assert len(batch) < len(built(None, None)) / 3
    other = built(compression, 10 - level)
    assert (len(batch) < len(other)) is (level > 5)


@pytest.mark.parametrize("compression", [None, "gzip", "snappy", "lz4", "zstd"])
def test_without_a_level_it_is_the_codecs_own(compression: str | None) -> None:
    assert records_of(built(compression, None)) == records_of(built(None, None))


def test_what_would_grow_stays_as_it_is() -> None:
    assert built("zstd", 3, b"v") == built(None, None, b"v")


@pytest.mark.parametrize("level", [None, 3])
def test_adding_a_record_is_appending_it(level: int | None) -> None:
    record = Record("t", b"k", b"v" * 600, [("h", b"1"), ("none", None)], 1_700_000_000_123)
    added, appended = (batch_maker("zstd", level)(1_000) for _ in range(2))
    assert added.extend([record, record]) == 1
    assert appended.append(
        timestamp=record.timestamp_ms, key=record.key, value=record.value, headers=record.headers
    )
    assert added._build() == appended._build()  # noqa: SLF001
    assert added.record_count() == 1
    assert added.extend([record]) == 0


def test_it_takes_what_its_limit_allows() -> None:
    batch = batch_maker("zstd", 3)(1_000)
    record: dict[str, Any] = {"timestamp": 1, "key": None, "value": b"x" * 600, "headers": []}
    assert batch.append(**record)
    assert batch.append(**record) is None
