"""What both modes say of the content, and which headers of the message may stand beside theirs."""

import re
from functools import lru_cache

from pg_tide.message import Headers

_JSON = re.compile(r"[^;/]+/([^;/]+\+)?json", re.IGNORECASE)


def declares_json(datacontenttype: str) -> bool:
    """Return whether data of this type is JSON; by the JSON event format, 3.1.1."""
    return _JSON.fullmatch(datacontenttype.partition(";")[0].strip()) is not None


def content_type(datacontenttype: str, *, is_json: bool) -> str:
    """Return the type of a payload: one that was published as bytes is not taken for JSON."""
    if not is_json and declares_json(datacontenttype):
        return "application/octet-stream"
    return datacontenttype


def others(headers: Headers) -> Headers:
    """Return the headers whose names CloudEvents does not claim, so that its own stand once."""
    return [header for header in headers if not _is_claimed(header[0])]


@lru_cache(1000)
def _is_claimed(name: str) -> bool:
    lower = name.lower()
    return lower == "content-type" or lower.startswith("ce_")
