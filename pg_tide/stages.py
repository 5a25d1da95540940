"""The pure stages, transform → route → encode, over a batch: values in, values out."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Self

from pg_tide.config import PipelineConfig
from pg_tide.encode import Encoder, encoder
from pg_tide.errors import ConfigurationError, MessageError
from pg_tide.message import Batch, Record, Rejected
from pg_tide.route import Router
from pg_tide.transform import Transform

Records = list[tuple[Record, ...]]  # of each message of a batch, none for a filtered one


@dataclass
class Stages:
    """The pure stages: values in, values out."""

    transform: Transform
    route: Router
    encode: Encoder

    @classmethod
    def of(cls, config: PipelineConfig, outbox: str) -> Self:
        """The stages of a pipeline; FatalError where its options cannot work."""
        encode = encoder(config.wire_format, config.record_timestamp)
        try:
            return cls(Transform(config), Router(config, outbox), encode)
        except ValueError as error:
            raise ConfigurationError(str(error)) from error

    def prepare(
        self, batch: Batch, begin: int = 0, seconds: float = math.inf
    ) -> tuple[Records, Rejected | None]:
        """The records of a batch's messages, from `begin` up to the first that can never go.

        After so many seconds it ends early: the records are fewer then.
        """
        now = time.monotonic
        until = now() + seconds
        records: Records = []
        transform, route, encode = self.transform, self.route, self.encode
        try:
            for message in islice(batch.messages, begin, None):
                shaped = transform(message)
                records.append(() if shaped is None else encode(shaped, route(shaped, message)))
                if now() > until:
                    break
        except MessageError as error:
            return records, Rejected(batch.messages[begin + len(records)], error)
        return records, None

    def before(
        self, batch: Batch, refused: Mapping[str, MessageError]
    ) -> tuple[Records, Rejected | None]:
        """The records of a batch's messages, up to the first for a topic that refuses them."""
        records, rejected = self.prepare(batch)
        for index, of_message in enumerate(records):
            for record in of_message:
                if error := refused.get(record.topic):
                    return records[:index], Rejected(batch.messages[index], error)
        return records, rejected
