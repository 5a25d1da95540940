"""The pure stages in one step, where no message has to be looked into. Pure.

What comes out is what transform, route and encode make of each message, for a third of the time.
"""

from pg_tide.config import PipelineConfig
from pg_tide.message import Records, Rows
from pg_tide.route import Router


def is_plain(config: PipelineConfig) -> bool:
    """Whether messages may go as they are: the payload is the value, and its time the record's."""
    transform = config.transform
    changes = transform.filter is not None or transform.payload is not None
    as_published = config.record_timestamp == "published"
    native = config.wire_format == "native" and config.key_format != "avro"
    return native and as_published and not changes


def plain_records(messages: Rows, route: Router) -> Records | None:
    """The records of such messages; None where one has to be looked into."""
    records = route.records(messages) if messages else None
    return None if records is None else list(zip(records, strict=True))
