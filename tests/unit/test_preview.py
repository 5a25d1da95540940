"""What a preview says of messages, and of where their records would lie."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from rich.console import Console

from pg_tide.catalog import Configured
from pg_tide.cli.preview import lines, show, shown
from pg_tide.config import PipelineConfig
from pg_tide.errors import ConfigurationError, FatalError, MessageError, TransientError
from pg_tide.kafka import settings_of
from pg_tide.kafka.inquiry import Described
from pg_tide.kafka.rights import may_not_write
from pg_tide.message import Message, Record
from pg_tide.partition import java_partition
from pg_tide.preview import Fate, Planned, Preview, prepared, stages_of
from pg_tide.preview.fate import Partition
from pg_tide.preview.places import Places
from tests.fixtures.messages import a_config, a_message

PIPELINE = Configured(1, "p", 1, "orders", 1, "relay", "{}", enabled=True, revision=1, seek=None)
MISSING = TransientError('Kafka: topic "orders" does not exist', reason="topic_missing")


def fates(config: PipelineConfig, *messages: Message) -> list[Fate]:
    stages = stages_of(config, "orders")
    return [prepared(stages, message, config.max_request_size) for message in messages]


def placed(
    config: PipelineConfig, topic: Described, *messages: Message, size: int = 100
) -> Preview:
    route = stages_of(config, "orders").route
    places = Places(config, route, {topic.name: topic}, lambda _: size)
    return places.place(Preview(PIPELINE, fates(config, *messages)))


def partitions(config: PipelineConfig, *messages: Message, of: int = 6) -> list[Partition]:
    found = placed(config, Described("orders", partitions=of), *messages)
    assert found.well
    return [planned.partition for fate in found.fates for planned in fate.records]


def error_of(found: Preview) -> MessageError:
    (fate,) = found.fates
    assert fate.error is not None
    assert not found.well
    return fate.error


def test_a_message_becomes_what_the_relay_would_make_of_it() -> None:
    (fate,) = fates(a_config(topic="{op}s", transform={"payload": "payload.total"}), a_message())
    (planned,) = fate.records
    record = planned.record
    assert (record.topic, record.key, record.value) == ("inserts", b"ord-12345", b"99.90")
    assert ("pg_tide_id", b"orders:42") in record.headers


def test_each_message_has_its_own_fate() -> None:
    config = a_config(
        transform={"filter": "payload.total > `50`"}, headers={"kind": "{payload.kind}"}
    )
    goes, dropped, refused = fates(
        config,
        a_message(payload=b'{"total": 60, "kind": "a"}'),
        a_message(payload=b'{"total": 40}'),
        a_message(payload=b'{"total": 60}'),
    )
    assert goes.records
    assert goes.error is None
    assert (dropped.records, dropped.error) == ((), None)
    assert refused.error is not None
    assert refused.error.reason == "template_value_missing"


def test_a_record_above_max_request_size_is_refused() -> None:
    (fate,) = fates(a_config(max_request_size=1024), a_message(payload=b'"%b"' % (b"x" * 1000)))
    assert fate.error is not None
    assert fate.error.reason == "too_large"


def test_keys_find_their_partitions_as_in_the_relay() -> None:
    keys = [f"key-{n}" for n in range(20)]
    found = partitions(a_config(), *(a_message(key=key) for key in keys))
    assert found == [java_partition(key.encode(), 6) for key in keys]
    assert len(set(found)) > 3


def test_partition_by_decides_instead_of_the_key() -> None:
    config = a_config(partition_by="payload.order_id")
    wanted = java_partition(b"ord-12345", 6)
    assert partitions(config, *(a_message(key=f"key-{n}") for n in range(5))) == [wanted] * 5


@pytest.mark.parametrize(
    ("options", "key", "partition"),
    [
        ({}, None, "any"),
        ({"partition_fallback": "random"}, None, "any"),
        ({"partition_fallback": "3"}, None, 3),
        ({"partitioner": "round_robin"}, "k", "any"),
        ({"partitioner": "random"}, "k", "any"),
        ({"partitioner": "crc32"}, "", "any"),
        ({"partitioner": "crc32", "partition_fallback": "2"}, "", 2),
        ({}, "", java_partition(b"", 6)),
    ],
)
def test_no_partition_is_told_that_nothing_decides(
    options: dict[str, object], key: str | None, partition: Partition
) -> None:
    assert partitions(a_config(**options), a_message(key=key)) == [partition]


def test_a_fallback_beyond_the_partitions_is_the_pipelines_problem() -> None:
    topic = Described("orders", partitions=3)
    found = placed(a_config(partition_fallback="3"), topic, a_message())
    assert [problem.reason for problem in found.problems] == ["partition_missing"]
    assert not found.well


def test_a_missing_topic_that_is_configured_is_the_pipelines_problem() -> None:
    found = placed(a_config(), Described("orders", error=MISSING), a_message(), a_message())
    assert list(found.problems) == [MISSING]
    assert [planned.partition for fate in found.fates for planned in fate.records] == ["?", "?"]
    assert not found.well


def test_a_missing_topic_that_a_message_names_is_its_own() -> None:
    config = a_config(topic="{payload.to}")
    missing = Described("orders", error=MISSING)
    found = placed(config, missing, a_message(payload=b'{"to": "orders"}'))
    assert error_of(found).reason == "topic_missing"
    assert found.problems == []


def test_a_missing_topic_that_would_be_created_is_no_problem() -> None:
    config = a_config(auto_create_topics=True)
    found = placed(config, Described("orders", error=MISSING), a_message())
    assert found.well
    assert found.created == ["orders"]


def test_a_topic_that_may_not_be_written_is_refused() -> None:
    refusal = may_not_write("orders", settings_of(a_config()))
    denied = Described("orders", partitions=1, may_write=False, forbidden=refusal)
    found = placed(a_config(), denied, a_message())
    assert [problem.reason for problem in found.problems] == ["topic_not_authorized"]
    rendered = a_config(topic="{payload.to}")
    found = placed(rendered, denied, a_message(payload=b'{"to": "orders"}'))
    assert error_of(found).reason == "topic_not_authorized"


@pytest.mark.parametrize(("size", "goes"), [(2000, True), (2001, False)])
def test_a_record_above_what_its_topic_takes_is_refused(size: int, goes: bool) -> None:
    topic = Described("orders", partitions=1, configs={"max.message.bytes": "2000"})
    found = placed(a_config(), topic, a_message(), size=size)
    assert found.well is goes
    if not goes:
        assert error_of(found).reason == "too_large"


@pytest.mark.parametrize(
    ("error", "well"),
    [
        (TransientError("away", reason="kafka_unreachable"), True),
        (FatalError("no", reason="login_refused"), False),
    ],
)
def test_brokers_that_are_away_are_no_problem_but_those_that_say_no(
    error: TransientError | FatalError, *, well: bool
) -> None:
    found = Preview(PIPELINE, fates(a_config(), a_message()), unasked=error)
    assert found.well is well


def test_every_record_of_a_message_is_shown_with_its_headers() -> None:
    config = a_config(wire_format="kv", wire_config={"primary_keys": "id"})
    moved = a_message(op="update", payload=b'{"after": {"id": 2}, "before": {"id": 1}}')
    said = told(a_preview(fates(config, moved)), terminal=False).splitlines()
    shown_keys = [line.split()[1] for line in said if line.split()[0] == "key"]
    shown_values = [line.split(maxsplit=1)[1] for line in said if line.split()[0] == "value"]
    assert (shown_keys, shown_values) == (["1", "2"], ["null", '{"id": 2}'])
    config = a_config(wire_format="cloudevents", wire_config={"mode": "binary"})
    said = told(a_preview(fates(config, a_message())), terminal=False).splitlines()
    assert "ce_id: orders:42" in [line.strip() for line in said]


def test_a_zone_that_there_is_not_is_a_mistake_of_the_configuration() -> None:
    config = a_config(wire_format="maxwell", wire_config={"zone_id": "Europe/Atlantis"})
    with pytest.raises(ConfigurationError, match=r"wire_config\.zone_id"):
        stages_of(config, "orders")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (b"", ""),
        (b'{"a": "\xc3\xa9"}', '{"a": "é"}'),
        (b"\x1b[2J\n\r", "\\x1b[2J\\n\\r"),
        (b"[red]not markup[/]", "[red]not markup[/]"),
        (b"\xff\x00", "0xff00"),
    ],
)
def test_bytes_are_shown_as_a_terminal_can_bear_them(value: bytes | None, text: str) -> None:
    assert shown(value).plain == text


def told(found: Preview, *, full: bool = False, terminal: bool = True, width: int = 60) -> str:
    console = Console(width=width, force_terminal=terminal, no_color=True, highlight=False)
    with console.capture() as captured:
        show(found, console, full=full)
    return captured.get()


def a_preview(made: Iterable[Fate]) -> Preview:
    return Preview(PIPELINE, list(made))


def test_what_is_longer_than_a_line_is_cut_at_a_terminal_alone() -> None:
    record = Record("orders", b"k", b"x" * 500, [("h", b"y" * 500)], 0)
    found = a_preview([Fate(a_message(), (Planned(record, 3),))])
    cut = told(found)
    assert "x" * 40 in cut
    assert "x" * 60 not in cut
    assert "…" in cut
    for whole in (told(found, full=True), told(found, terminal=False)):
        assert "x" * 500 in whole
        assert "y" * 500 in whole


def test_a_refusal_is_never_cut() -> None:
    error = MessageError(f"{'long ' * 30}end", stage="route", reason="why", hint=f"{'do ' * 40}it")
    said = told(a_preview([Fate(a_message(), error=error)])).replace("\n", "")
    assert "route: why: " in said
    assert "end" in said
    assert "it" in said.split("hint")[1]


def test_a_filtered_message_and_none_at_all_are_told() -> None:
    assert [line.plain.split() for line in lines(Fate(a_message()))] == [
        ["filtered", "transform.filter", "drops", "it"]
    ]
    assert "nothing is next" in told(a_preview([]))


def test_messages_that_are_not_there_are_told_beside_those_that_are() -> None:
    found = replace(a_preview(fates(a_config(), a_message())), missing=(7, 99))
    said = told(found, full=True)
    assert "message 42, " in said
    assert 'outbox "orders" has no message 7, 99' in said
    assert not found.well
    assert "nothing is next" not in told(replace(a_preview([]), missing=(7,)))


def test_a_dry_run_is_told() -> None:
    assert "dry run" in told(replace(a_preview([]), dry_run=True))
    assert "dry run" not in told(a_preview([]))
