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
        return self.of_all((message.id,), (message.op,), (message.dedup_key,))[0]

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
                dedup_header = ("pg_tide_dedup_key", dedup_key.encode())
                found.append([outbox_header, op_header, identity, dedup_header])
        return found

    def _op_header(self, op: str) -> Header:
        """Return the header of an op, kept for the next message: there are few, by habit."""
        header = ("pg_tide_op", op.encode())
        if len(self._op_headers) < _REMEMBERED_OPS:
            self._op_headers[op] = header
        return header
