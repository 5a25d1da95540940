"""Times with a zone, moved to one zone and written without it, as MySQL's have none.

A payload does not say which texts are times: those with the form in which PostgreSQL puts a
timestamptz into JSON are taken for one, in the columns themselves, not within their values.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Self
from zoneinfo import ZoneInfo

from msgspec import Raw

from pg_tide.config import PipelineConfig
from pg_tide.encode.maxwell.raw import raw_row, write_raw
from pg_tide.exact_json import write
from pg_tide.message import Message
from pg_tide.words import quoted

_TIME = re.compile(rb'"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?([+-]\d\d(:\d\d(:\d\d)?)?|Z)"')
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d\d?)(?::?(\d\d))?", re.ASCII)
_LIKE_MAXWELL = "yyyy-MM-dd HH:mm:ss.SSSSSS"
_FIELDS = {"yyyy": "year", "MM": "month", "dd": "day", "HH": "hour", "mm": "minute", "ss": "second"}
_PIECE = re.compile(r"yyyy|MM|dd|HH|mm|ss|S{1,6}|'[^']+'|[^A-Za-z']+")

Written = Callable[[datetime], str]


class Zone:
    """Moves the times of rows. Raises ValueError for a zone or a form that there is not."""

    def __init__(self, zone: str, form: str) -> None:
        self._zone = _zone(zone)
        self._pieces = _pieces(form)

    @classmethod
    def of(cls, config: PipelineConfig) -> Self | None:
        """Return what the options ask for: None where times stay as they are."""
        wire = config.wire_config
        if wire.zone_id is None and wire.timestamp_format is None:
            return None
        return cls(wire.zone_id or "UTC", wire.timestamp_format or _LIKE_MAXWELL)

    def moved(self, row: bytes | None, message: Message) -> bytes | None:
        """Return a row with its times moved; one without any stays byte for byte."""
        if row is None:
            return None
        values = raw_row(row, message)
        texts = {name: bytes(value) for name, value in values.items()}
        times = {name: self._moved(text) for name, text in texts.items() if _TIME.fullmatch(text)}
        return write_raw(values | times) if times else row

    def _moved(self, text: bytes) -> Raw:
        try:
            time = datetime.fromisoformat(text[1:-1].decode()).astimezone(self._zone)
        except (OverflowError, ValueError):  # no day of the calendar, or at its very ends
            return Raw(text)
        return Raw(write("".join(written(time) for written in self._pieces)))


def _zone(name: str) -> tzinfo:
    """Return a zone by its name or its offset, like Europe/Vienna or +05:30."""
    try:
        if offset := _OFFSET.fullmatch(name):
            size = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
            return timezone(-size if offset[1] == "-" else size)
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError(
            f"wire_config.zone_id: there is no time zone {quoted(name)}; "
            "write it like Europe/Vienna, UTC or +05:30"
        ) from None


def _pieces(form: str) -> list[Written]:
    """Return what writes a time in a form like yyyy-MM-dd, text with letters in quotes."""
    pieces = list(_PIECE.finditer(form))
    if not form or sum(len(piece[0]) for piece in pieces) < len(form):
        raise ValueError(
            f"wire_config.timestamp_format: {quoted(form)} is no form of a time; write it of "
            f"{', '.join(_FIELDS)} and S for digits of the second, with other letters in '…'"
        )
    return [_writes(piece[0]) for piece in pieces]


def _writes(piece: str) -> Written:
    if field := _FIELDS.get(piece):
        pattern = f"{{0.{field}:0{len(piece)}}}"
        return pattern.format
    if piece[0] == "S":
        return lambda time: f"{time.microsecond:06}"[: len(piece)]
    constant = piece.strip("'")
    return lambda _time: constant
