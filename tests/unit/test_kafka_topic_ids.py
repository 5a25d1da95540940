"""The answer that tells topics' ids is read, and handed on as aiokafka knows it."""

import struct

import pytest
from aiokafka.protocol.metadata import MetadataRequest, MetadataResponse_v5  # type: ignore[import-untyped]

from pg_tide.kafka.topic_ids import Cluster, MetadataRequest_v10, MetadataResponse_v10

ID = bytes(range(16))


def text(value: str) -> bytes:
    """A compact string."""
    return bytes([len(value) + 1]) + value.encode()


def numbers(*values: int) -> bytes:
    """A compact array of numbers."""
    return bytes([len(values) + 1]) + struct.pack(f">{len(values)}i", *values)


def answer(topic_id: bytes) -> bytes:
    """An answer with two brokers and one topic of one partition, by the protocol's description."""
    brokers = b"".join(
        struct.pack(">i", node) + text(f"b{node}") + struct.pack(">i", 9092) + rack + b"\0"
        for node, rack in ((1, text("r")), (2, b"\0"))
    )
    partition = struct.pack(">hiii", 0, 0, 2, 77) + numbers(2, 1) + numbers(2) + numbers() + b"\0"
    topic = struct.pack(">h", 0) + text("t") + topic_id + b"\1" + b"\2" + partition
    return (
        struct.pack(">i", 5)
        + b"\3"
        + brokers
        + text("cluster")
        + struct.pack(">i", 2)
        + b"\2"
        + topic
        + struct.pack(">i", -(2**31))
        + b"\0"
        + struct.pack(">i", -(2**31))
        + b"\0"
    )


def test_an_answer_with_ids() -> None:
    read = MetadataResponse_v10.decode(answer(ID))
    assert isinstance(read, MetadataResponse_v5)
    assert read.brokers == [(1, "b1", 9092, "r"), (2, "b2", 9092, None)]
    assert (read.cluster_id, read.controller_id) == ("cluster", 2)
    assert read.topics == [(0, "t", True, [(0, 0, 2, [2, 1], [2], [])])]
    assert read.topic_ids == {"t": ID}
    cluster = Cluster()
    cluster.update_metadata(read)
    assert cluster.topic_ids == {"t": ID}
    assert cluster.partitions_for_topic("t") == {0}
    assert {broker.nodeId for broker in cluster.brokers()} == {1, 2}


def test_an_answer_without_ids() -> None:
    read = MetadataResponse_v10.decode(answer(bytes(16)))
    assert read.topic_ids == {}


def test_older_brokers_tell_none() -> None:
    cluster = Cluster()
    cluster.update_metadata(MetadataResponse_v5(0, [(1, "b", 9092, None)], "c", 1, []))
    assert cluster.topic_ids == {}


@pytest.mark.parametrize(("newest", "version"), [(5, 5), (9, 5), (10, 10), (13, 10)])
def test_the_version_is_one_that_the_broker_knows(newest: int, version: int) -> None:
    built = MetadataRequest(["t"], False).prepare({3: (0, newest)})
    assert version == built.API_VERSION


def test_a_question_for_ids() -> None:
    built = MetadataRequest_v10(["t", "u"], False)
    topics = b"\3" + b"".join(bytes(16) + text(name) + b"\0" for name in "tu")
    assert built.encode() == topics + b"\0\0\0" + b"\0"
    assert MetadataRequest_v10([], False).encode()[:1] == b"\1", "of all topics there are, none"
