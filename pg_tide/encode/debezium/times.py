"""Times as PostgreSQL prints them in JSON, as Debezium writes them. ValueError for what is none."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from pg_tide.encode.debezium import connect
from pg_tide.encode.debezium.connect import Node

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of times that have no zone
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)
_MIDNIGHT = "24:00:00"  # PostgreSQL has it, Python has not
_DAY_US = 86_400_000_000

Time = TypeVar("Time", datetime, time, date)
Type = tuple[Node, Callable[[Any], Any]]


def zoned_timestamp(value: Any) -> str:
    """Return a time with a zone as Debezium's ZonedTimestamp: in UTC, with microseconds."""
    found = _read(datetime.fromisoformat, value, "a timestamp of the years 1 to 9999")
    if found.tzinfo is None:
        raise ValueError("must have a time zone")
    try:
        utc = found.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be a timestamp of the years 1 to 9999") from None
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def zoned_time(value: Any) -> str:
    """Return a time of the day with a zone as Debezium's ZonedTime: in UTC."""
    found = _read(time.fromisoformat, value, "a time like 12:34:56.789+02")
    if found.tzinfo is None:
        raise ValueError("must have a time zone")
    moment = datetime.combine(date(2000, 1, 2), found).astimezone(UTC)
    text = moment.time().isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def timestamp_us(value: Any) -> int:
    """Return a time without a zone in microseconds since 1970."""
    found = _read(datetime.fromisoformat, value, "a timestamp of the years 1 to 9999")
    if found.tzinfo is not None:
        raise ValueError("must have no time zone")
    return (found - _EPOCH) // _MICROSECOND


def time_us(value: Any) -> int:
    """Return a time of the day in microseconds since midnight."""
    if value == _MIDNIGHT:
        return _DAY_US
    found = _read(time.fromisoformat, value, "a time like 12:34:56.789")
    if found.tzinfo is not None:
        raise ValueError("must have no time zone")
    seconds = (found.hour * 60 + found.minute) * 60 + found.second
    return seconds * 1_000_000 + found.microsecond


def days(value: Any) -> int:
    """Return a date in days since 1970."""
    found = _read(date.fromisoformat, value, "a date of the years 1 to 9999")
    return found.toordinal() - _EPOCH_DAY


def _read(read: Callable[[str], Time], value: Any, expected: str) -> Time:
    try:
        return read(value)
    except (TypeError, ValueError):
        raise ValueError(f"must be {expected}") from None


def _ms(us_of: Callable[[Any], int]) -> Callable[[Any], int]:
    return lambda value: us_of(value) // 1000


def time_types(precision: int | None, mode: str) -> dict[str, Type]:
    """Return types and how to write their values, by the name of the column's type.

    `precision` is the column's, in digits of a second; `mode` is Debezium's
    time.precision.mode: connect has milliseconds, adaptive as few as the precision needs.
    """
    if mode == "connect":
        names = ["org.apache.kafka.connect.data." + name for name in ("Date", "Time", "Timestamp")]
        in_ms, time_type = True, "int32"
    else:
        in_ms = precision is not None and precision <= 3
        units = ("Time", "Timestamp") if in_ms else ("MicroTime", "MicroTimestamp")
        names = ["io.debezium.time." + name for name in ("Date", *units)]
        time_type = "int32" if in_ms else "int64"
    unit = _ms if in_ms else lambda us_of: us_of
    return {
        "date": (connect.node("int32", names[0]), days),
        "time": (connect.node(time_type, names[1]), unit(time_us)),
        "timestamp": (connect.node("int64", names[2]), unit(timestamp_us)),
        "time with time zone": (connect.ZONED_TIME, zoned_time),
        "timestamp with time zone": (connect.ZONED_TIMESTAMP, zoned_timestamp),
    }
