"""The members of a row, each as the text that it is written as: numbers keep their digits."""

from msgspec import DecodeError, Raw
from msgspec.json import Decoder, Encoder

from pg_tide.encode.rows import row_of
from pg_tide.exact_json import write
from pg_tide.message import Message

RawRow = dict[str, Raw]

_read = Decoder(RawRow).decode
write_raw = Encoder().encode


def raw_row(text: bytes, message: Message) -> RawRow:
    """Return the members of a row; MessageError where it cannot be read."""
    try:
        return _read(text)
    except (DecodeError, RecursionError):
        return {name: Raw(write(value)) for name, value in row_of(text, message).items()}
