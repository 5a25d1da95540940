"""The payload of a message as a value, for the stages that look into it."""

from typing import Any

from pg_tide.errors import MessageError
from pg_tide.exact_json import parse
from pg_tide.message import Message


def parse_payload(message: Message, stage: str) -> Any:
    """Return the value of a payload, its numbers exact; None for a tombstone.

    Raises MessageError of `stage` where the payload is not JSON.
    """
    if message.payload is None:
        return None
    try:
        if message.is_json:
            return parse(message.payload)
        problem = "it was published as bytes"
    except ValueError as error:
        problem = str(error)
    raise MessageError(
        f"the payload of message {message.id} cannot be read as JSON: {problem}",
        stage=stage,
        reason="payload_unreadable",
    )
