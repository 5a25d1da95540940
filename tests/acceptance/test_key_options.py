"""The keys of records and the partitions they go to: each option, through the real relay."""

import asyncio
import json
from collections import Counter
from typing import Any

from pg_tide.partition import java_partition
from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.crc32_vectors import librdkafka_partitions
from tests.fixtures.operator import Operator
from tests.fixtures.topics import Consumed, read_all

PARTITIONS = 7
KEYS = [f"käy-{n}" for n in range(50)]


async def records(operator: Operator, topic: str) -> list[Consumed]:
    """Read every record of a topic, in order."""
    return await asyncio.to_thread(read_all, operator.brokers, topic)


async def delivered(
    operator: Operator, relay: StartRelay, pipelines: dict[str, dict[str, Any]]
) -> None:
    """Run pipelines of these configurations in one relay until nothing is pending."""
    for name, config in pipelines.items():
        await operator.configure(pipeline=name, **config)
    process = relay(operator.url)
    for name in pipelines:
        await operator.delivered(name)
    await process.stop()


async def test_keys(operator: Operator, relay: StartRelay, topic: TopicFactory) -> None:
    for outbox in ("users_data", "users_meta"):
        await operator.run("SELECT tide.outbox_create($1)", outbox)
        await operator.publish({"n": 1}, outbox, key="k")
    headers = json.dumps({"region": "eu", "customer": "42"})
    row = {"id": 7, "a.b": 1.25, "s": "é"}
    await operator.publish(row, key="user-123", headers=headers)
    await operator.publish(None, key="gone", op="delete", headers=headers)
    both = "headers.[region, customer]"
    stem = {"message_key": "{stream_table}", "message_key_pattern": "^(.*)_data$"}
    cases: dict[str, tuple[dict[str, Any], list[bytes | None]]] = {
        "suffix": ({"message_key_pattern": "-([^-]*)$"}, [b"123", None]),
        "stem": ({"outbox": "users_data", **stem}, [b"users"]),
        "no stem": ({"outbox": "users_meta", **stem}, [None]),
        "headers": ({"message_key_expression": both}, [b"eu-42"] * 2),
        "template": ({"message_key": "{headers.region}-{key}"}, [b"eu-user-123", b"eu-gone"]),
        "member": ({"message_key_expression": "payload.id"}, [b"7", None]),
        "primary": ({"primary_keys": "s"}, ["é".encode(), b"gone"]),
        "several": ({"primary_keys": ["s", "a.b"]}, ['{"s":"é","a.b":1.25}'.encode(), b"gone"]),
        "json": ({"primary_keys": "id", "key_format": "json"}, [b'{"id":7}', b"gone"]),
        "tombstones": (
            {"primary_keys": "id", "transform.payload": "null", "transform.filter": "payload"},
            [b"7"],
        ),
    }
    topics = {name: topic() for name in cases}
    await delivered(
        operator, relay, {name: {"topic": topics[name], **cases[name][0]} for name in cases}
    )
    for name, (_, keys) in cases.items():
        assert [one.key for one in await records(operator, topics[name])] == keys, name


async def test_a_key_without_a_value_halts_before_its_message(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic()
    await operator.publish({"id": 1})
    await operator.publish({"no": 2})
    await operator.configure(name, primary_keys="id", dead_letter__policy="halt")
    process = relay(operator.url)
    await operator.reaches("halted")
    assert "primary_keys: message 2 has no id" in (await operator.status())["last_error"]
    assert [one.key for one in await records(operator, name)] == [b"1"]
    await operator.configure(name, primary_keys="no", transform__filter="payload.no")
    await operator.delivered()
    await process.stop()
    assert [one.key for one in await records(operator, name)] == [b"1", b"2"]


async def test_partitions(operator: Operator, relay: StartRelay, topic: TopicFactory) -> None:
    for n, key in enumerate([*KEYS, "", *[None] * 14]):
        await operator.publish({"n": n, "group": n % 5}, key=key)
    options: dict[str, dict[str, Any]] = {
        "java": {},
        "librdkafka": {"partitioner": "crc32", "partition_fallback": "4"},
        "number": {"partition_fallback": 5},
        "in turn": {"partitioner": "round_robin"},
        "anywhere": {"partitioner": "random"},
        "null anywhere": {"partition_fallback": "random", "transform.filter": "!key"},
        "grouped": {"partition_by": "payload.group", "transform.filter": "key"},
        "half": {"partition_by": "payload.group > `2` && payload.group || `null`"},
    }
    topics = {name: topic(PARTITIONS) for name in [*options, "real"]}
    await delivered(
        operator, relay, {name: {"topic": topics[name], **options[name]} for name in options}
    )
    found = {name: await records(operator, topics[name]) for name in options}
    wanted = await asyncio.to_thread(
        librdkafka_partitions,
        operator.brokers,
        topics["real"],
        [key.encode() for key in KEYS] + [b""] * 100,
    )
    # To librdkafka an empty key is none, to Java it is one like any other.
    assert len(wanted.pop(b"")) > 1
    assert partitions_of_keys(found["librdkafka"]) == wanted | {b"": {4}, None: {4}}
    java = java_partitions()
    assert partitions_of_keys(found["number"]) == java | {None: {5}}
    assert partitions_of_keys(found["java"]) == java | {None: set(range(PARTITIONS))}
    nulls = [one for one in found["java"] if one.key is None]
    assert set(Counter(one.partition for one in nulls).values()) == {2}
    turns = Counter(one.partition for one in found["in turn"])
    assert sorted(turns.values()) == [9] * 5 + [10] * 2
    assert len({one.partition for one in found["anywhere"]}) > 1
    assert len({one.partition for one in found["null anywhere"]}) > 1
    check_groups(found["grouped"], len(KEYS))
    halves = {True: list[Consumed](), False: list[Consumed]()}
    for one in found["half"]:
        halves[group_of(one) > 2].append(one)
    check_groups(halves[True], len(KEYS) + 15)
    lying = partitions_of_keys(halves[False])
    assert lying.items() <= {**java, None: lying[None]}.items()


def java_partitions() -> dict[bytes | None, set[int]]:
    """The partitions that the keys belong to, as Java clients have it."""
    return {key.encode(): {java_partition(key.encode(), PARTITIONS)} for key in [*KEYS, ""]}


def partitions_of_keys(found: list[Consumed]) -> dict[bytes | None, set[int]]:
    """The partitions that records of each key lie in."""
    lying: dict[bytes | None, set[int]] = {}
    for one in found:
        lying.setdefault(one.key, set()).add(one.partition)
    return lying


def group_of(record: Consumed) -> int:
    """The member `group` of a record's value."""
    group: int = json.loads(record.value or b"")["group"]
    return group


def check_groups(found: list[Consumed], count: int) -> None:
    """Records lie where their group does, in order, whatever their key."""
    numbers: dict[int, list[int]] = {}
    for one in found:
        group = group_of(one)
        assert one.partition == java_partition(str(group).encode(), PARTITIONS)
        numbers.setdefault(group, []).append(json.loads(one.value or b"")["n"])
    assert numbers
    assert numbers == {group: list(range(group, count, 5)) for group in numbers}


async def test_a_partition_that_the_topic_has_not_fails_until_it_has(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    name = topic(2)
    await operator.publish({"n": 1})
    await operator.configure(name, partition_fallback="2")
    process = relay(operator.url)
    await operator.reaches("failed")
    status = await operator.status()
    assert status["last_error"].startswith("partition_missing: partition_fallback is 2")
    assert name in status["last_error"]
    await operator.configure(name, partition_fallback="1")
    await operator.delivered()
    await process.stop()
    assert [one.partition for one in await records(operator, name)] == [1]
