"""The metadata headers: of which outbox, with which op, identity and deduplication key."""

from collections.abc import Iterable

from pg_tide.message import Headers, Message

Header = tuple[str, bytes | None]

_REMEMBERED_OPS = 100


class Metadata:
    """Makes the metadata headers of an outbox's messages, a new list for each."""

    def __init__(self, outbox: str) -> None:
        self._outbox = outbox.encode()
        self._outbox_header: Header = ("pg_tide_outbox", self._outbox)
        self._op_headers: dict[str, Header] = {}

    def of(self, message: Message) -> Headers:
        """Return the headers of a message."""
        op_header = self._op_headers.get(message.op) or self._op_header(message.op)
        identity = ("pg_tide_id", b"%b:%d" % (self._outbox, message.id))
        dedup_key = message.dedup_key
        if dedup_key is None:
            return [self._outbox_header, op_header, identity]
        return [self._outbox_header, op_header, identity, _dedup_header(dedup_key)]

    def of_all(
        self, ids: Iterable[int], ops: Iterable[str], dedup_keys: Iterable[str | None]
    ) -> list[Headers]:
        """Return the headers of each message, cheaper than one by one."""
        outbox, outbox_header, op_headers = self._outbox, self._outbox_header, self._op_headers
        found: list[Headers] = []
        for number, op, dedup_key in zip(ids, ops, dedup_keys, strict=True):
            op_header = op_headers.get(op) or self._op_header(op)
            identity = ("pg_tide_id", b"%b:%d" % (outbox, number))
            if dedup_key is None:
                found.append([outbox_header, op_header, identity])
            else:
                found.append([outbox_header, op_header, identity, _dedup_header(dedup_key)])
        return found

    def _op_header(self, op: str) -> Header:
        """Return the header of an op, kept for the next message: there are few, by habit."""
        header = ("pg_tide_op", op.encode())
        if len(self._op_headers) < _REMEMBERED_OPS:
            self._op_headers[op] = header
        return header


def _dedup_header(dedup_key: str) -> Header:
    return ("pg_tide_dedup_key", dedup_key.encode())
