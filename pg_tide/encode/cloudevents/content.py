"""What both modes say of the content, and which headers of the message may stand beside theirs."""

import re

from pg_tide.message import Headers

_REMEMBERED = 1000  # names
_JSON = re.compile(r"[^;/]+/([^;/]+\+)?json", re.IGNORECASE)


def declares_json(datacontenttype: str) -> bool:
    """Return whether data of this type is JSON; by the JSON event format, 3.1.1."""
    return _JSON.fullmatch(datacontenttype.partition(";")[0].strip()) is not None


def content_type(datacontenttype: str, *, is_json: bool) -> str:
    """Return the type of a payload: one that was published as bytes is not taken for JSON."""
    if not is_json and declares_json(datacontenttype):
        return "application/octet-stream"
    return datacontenttype


class Unclaimed:
    """Leaves out headers whose names CloudEvents claims, so that its own stand there once."""

    def __init__(self) -> None:
        self._free: set[str] = set()

    def __call__(self, headers: Headers) -> Headers:
        """Return the other headers."""
        free = self._free
        for name, _ in headers:
            if name not in free:
                return self._cut(headers)
        return headers

    def _cut(self, headers: Headers) -> Headers:
        kept = [header for header in headers if not _is_claimed(header[0])]
        if len(self._free) < _REMEMBERED:
            self._free.update(name for name, _ in kept)
        return kept


def _is_claimed(name: str) -> bool:
    lower = name.lower()
    return lower == "content-type" or lower.startswith("ce_")
