"""The pure stages, transform → route → encode, over a batch: values in, values out."""

import math
import time
from dataclasses import dataclass, field
from itertools import islice
from typing import Self

from pg_tide.config import PipelineConfig
from pg_tide.encode import Encoder, encoder
from pg_tide.errors import ConfigurationError, MessageError
from pg_tide.message import Batch, Message, Records
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
    schemas: Schemas = field(default_factory=Schemas)

    @classmethod
    def of(cls, config: PipelineConfig, outbox: str) -> Self:
        """The stages of a pipeline; FatalError where its options cannot work."""
        schemas = Schemas()
        try:
            encode = encoder(config, schemas=schemas)
            return cls(Transform(config), Router(config, outbox), encode, schemas)
        except ValueError as error:
            raise ConfigurationError(str(error)) from error

    def prepare(
        self, batch: Batch, begin: int = 0, seconds: float = math.inf
    ) -> tuple[Records, Errors]:
        """The records of a batch's messages, from `begin` on, and what is wrong with the others.

        After so many seconds it ends early: the records are fewer then. Raises SchemaNeeded.
        """
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
