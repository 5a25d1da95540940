"""Which records of a batch brokers refuse, and why (KIP-467, Kafka 2.4).

aiokafka knows the version of the request that is answered so, does not use it, and leaves out of
its errors what it says.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aiokafka.protocol.produce import (  # type: ignore[import-untyped]
    ProduceRequest,
    ProduceRequest_v8,
    ProduceResponse_v8,
)

if ProduceRequest_v8 not in ProduceRequest._CLASSES:
    ProduceRequest._CLASSES = (*ProduceRequest._CLASSES, ProduceRequest_v8)


class Blame(NamedTuple):
    """What brokers say of a batch, and of single records by their place in it."""

    batch: str = ""
    records: Mapping[int, str] = {}


def blamed(answer: Any) -> Iterator[tuple[tuple[str, int], Blame]]:
    """By topic and partition, what an answer says of batches that were not taken."""
    if not isinstance(answer, ProduceResponse_v8):
        return
    for topic, partitions in answer.topics:
        for partition, code, _, _, _, records, said in partitions:
            if code:
                of_records = {place: why or "" for place, why in records or ()}
                yield (topic, partition), Blame(said or "", of_records)
