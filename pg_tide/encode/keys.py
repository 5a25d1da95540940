"""The key of a record that is about a row: made of its primary key, or what the options say."""

from collections.abc import Callable

from pg_tide.config import PipelineConfig
from pg_tide.encode.rows import PrimaryKey
from pg_tide.exact_json import write, write_text
from pg_tide.message import Message, Route

KeyOf = Callable[[bytes, Message], bytes]  # of a row


def key_of(config: PipelineConfig) -> KeyOf | None:
    """Return what makes the key of a row; None where no `wire_config.primary_keys` say of what.

    It is the text of one column, or a JSON object of several. Calling it raises MessageError
    where the row lacks one.
    """
    columns = config.wire_config.primary_keys
    if columns is None:
        return None
    primary_key = PrimaryKey(columns)

    def text(row: bytes, message: Message) -> bytes:
        (value,) = primary_key.of_text(row, message).values()
        return write_text(value).encode()

    def json(row: bytes, message: Message) -> bytes:
        return write(primary_key.of_text(row, message))

    return text if len(columns) == 1 else json


def routed_key(route: Route) -> bytes | None:
    """Return the key that the options of the pipeline say, whatever the row."""
    return None if route.key is None else route.key.encode()
