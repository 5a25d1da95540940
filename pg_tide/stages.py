"""The pure stages, transform → route → encode, over a batch: values in, values out."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Self

from pg_tide.config import PipelineConfig
from pg_tide.encode import Encoder, encoder
from pg_tide.errors import ConfigurationError, MessageError
from pg_tide.message import Batch, Message, Records, Rows
from pg_tide.plain import is_plain, plain_records
from pg_tide.route import Router
from pg_tide.schemas import Schemas
from pg_tide.transform import Transform

Errors = dict[int, MessageError]  # by the place in the batch of a message that can not go


@dataclass
class Stages:
    """The pure stages: values in, values out. Encoders look `schemas` up."""

    transform: Transform
    route: Router
    encode: Encoder
    plain: bool = False  # no message has to be looked into, but perhaps for its way
    schemas: Schemas = field(default_factory=Schemas)

    @classmethod
    def of(cls, config: PipelineConfig, outbox: str) -> Self:
        """The stages of a pipeline; FatalError where its options cannot work."""
        schemas = Schemas()
        try:
            encode = encoder(config, schemas=schemas)
            made = Transform(config), Router(config, outbox), encode
            return cls(*made, is_plain(config), schemas)
        except ValueError as error:
            raise ConfigurationError(str(error)) from error

    def prepare(
        self, batch: Batch, begin: int = 0, seconds: float = math.inf
    ) -> tuple[Records, Errors]:
        """The records of a batch's messages, from `begin` on, and what is wrong with the others.

        After so many seconds it ends early: the records are fewer then. Raises SchemaNeeded.
        """
        if (found := self._plain(batch.messages[begin:])) is not None:
            return found, {}
        now = time.monotonic
        until = now() + seconds
        records: Records = []
        errors: Errors = {}
        transform, route, encode = self.transform, self.route, self.encode
        for message in islice(batch.messages, begin, None):
            try:
                shaped = transform(message)
                records.append(() if shaped is None else encode(shaped, route(shaped, message)))
            except (MessageError, AttributeError, TypeError) as error:
                errors[begin + len(records)] = fault_of(message, error)
                records.append(())
            if now() > until:
                break
        return records, errors

    def _plain(self, messages: Sequence[Message]) -> Records | None:
        if not (self.plain and isinstance(messages, Rows)):
            return None
        try:
            return plain_records(messages, self.route)
        except (AttributeError, TypeError):
            return None  # which one it is, is found one by one


def fault_of(message: Message, error: Exception) -> MessageError:
    """The error of a message that a stage could not handle; raises it again if it is a bug.

    Headers are looked at only here, for tide.outbox_publish takes no others.
    """
    if isinstance(error, MessageError):
        return error
    headers: object = message.headers
    if headers is None or (
        isinstance(headers, dict) and all(isinstance(value, str) for value in headers.values())
    ):
        raise error
    return MessageError(
        f"the headers of message {message.id} are no flat object of texts",
        stage="route",
        reason="headers_unreadable",
        hint="Publish with tide.outbox_publish, which takes no others.",
    )
