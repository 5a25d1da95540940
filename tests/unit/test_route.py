"""Where a message goes."""

import pytest

from pg_tide.errors import FatalError, MessageError
from pg_tide.message import Headers, Message, Route
from pg_tide.route import Router
from tests.fixtures.messages import a_config, a_message

METADATA: Headers = [
    ("pg_tide_outbox", b"orders"),
    ("pg_tide_op", b"insert"),
    ("pg_tide_id", b"orders:42"),
    ("pg_tide_dedup_key", b"ord-12345"),
]


def routed(message: Message, published: Message | None = None, /, **options: object) -> Route:
    return Router(a_config(**options), "orders")(message, published or message)


def rule(topic: str, op: str = "insert") -> dict[str, str]:
    return {"match_field": "op", "match_value": op, "topic": topic}


def test_the_least_that_is_configured() -> None:
    assert routed(a_message()) == Route("orders", "ord-12345", METADATA)


def test_without_metadata_headers() -> None:
    assert routed(a_message(), metadata_headers=False).headers == []


def test_a_null_dedup_key_has_no_header() -> None:
    assert routed(a_message(dedup_key=None)).headers == METADATA[:3]


@pytest.mark.parametrize(
    ("topic", "result"),
    [
        ("orders", "orders"),
        ("{outbox}.{op}", "orders.insert"),
        ("t-{payload.order_id}", "t-ord-12345"),
    ],
)
def test_topics(topic: str, result: str) -> None:
    assert routed(a_message(), topic=topic).topic == result


@pytest.mark.parametrize(
    ("options", "topics"),
    [
        ({}, {"orders"}),
        ({"topic": "all.{outbox}"}, {"all.orders"}),
        ({"topic": "{op}"}, set()),
        ({"topic": "{stream_table}"}, set()),
        ({"topic": None, "topic_prefix": "p."}, {"p.orders"}),
        ({"routing.rules": [rule("a"), rule("{op}"), rule("{outbox}.b")]},
         {"orders", "a", "orders.b"}),
    ],
)  # fmt: skip
def test_topics_that_the_configuration_names(options: dict[str, object], topics: set[str]) -> None:
    assert Router(a_config(**options), "orders").configured_topics == topics


def test_a_prefix_stands_before_the_outbox_or_the_captured_table() -> None:
    prefix = {"topic": None, "topic_prefix": "cdc."}
    assert routed(a_message(), **prefix).topic == "cdc.orders"
    assert (
        routed(a_message(source="public.order_items"), **prefix).topic == "cdc.public_order_items"
    )
    router = Router(a_config(**prefix), "shop.orders")
    assert router(a_message(), a_message()).topic == "cdc.shop.orders"


def test_of_any_number_of_captured_tables() -> None:
    router = Router(a_config(topic=None, topic_prefix="p-"), "orders")
    for number in range(10_010):
        message = a_message(source=f"s.t{number}")
        assert router(message, message).topic == f"p-s_t{number}"


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"topic": "t-{outbox}"}, "topic"),
        ({"topic": None, "topic_prefix": "t-"}, "topic_prefix"),
        ({"routing.rules": [rule("t-{outbox}")]}, "routing.rules[0].topic"),
    ],
)
def test_an_outbox_that_can_be_no_topic_fails_the_pipeline(
    options: dict[str, object], option: str
) -> None:
    with pytest.raises(FatalError) as caught:
        Router(a_config(**options), "my orders")
    assert caught.value.reason == "topic_invalid"
    assert caught.value.message == (
        f'{option}: the topic is "t-my orders", which Kafka does not take'
    )


def test_a_captured_table_that_can_be_no_topic_is_the_messages_error() -> None:
    with pytest.raises(MessageError, match=r"p-public_my orders.*Kafka does not take"):
        routed(a_message(source="public.my orders"), topic=None, topic_prefix="p-")


@pytest.mark.parametrize(
    ("when", "matches"),
    [
        ("payload.total > `99`", True),
        ("payload.total > `100`", False),
        ("headers.kind", False),
        ("`0`", True),
        ("`[]`", False),
        ("original.order_id == payload.order_id", True),
    ],
)
def test_a_rule_by_expression(when: str, matches: bool) -> None:
    rules = [{"when": when, "topic": "elsewhere"}]
    topic = routed(a_message(), **{"routing.rules": rules}).topic
    assert topic == ("elsewhere" if matches else "orders")


@pytest.mark.parametrize(
    ("field", "value", "matches"),
    [
        ("op", "insert", True),
        ("op", "Insert", False),
        ("outbox", "orders", True),
        ("outbox_id", 42, True),
        ("headers.kind", "a", False),
        ("payload.total", "99.90", True),
        ("payload.total", "99.9", False),
        ("payload.a.b", "x", False),
        ("original.order_id", "ord-12345", True),
    ],
)
def test_a_rule_by_field(field: str, value: object, matches: bool) -> None:
    rules = [{"match_field": field, "match_value": value, "topic": "elsewhere"}]
    topic = routed(a_message(), **{"routing.rules": rules}).topic
    assert topic == ("elsewhere" if matches else "orders")


def test_rules_see_the_payload_after_the_transform() -> None:
    rules = [{"when": "payload.n == `2` && original.order_id", "topic": "{payload.n}"}]
    shaped = a_message(payload=b'{"n": 2}')
    assert routed(shaped, a_message(), **{"routing.rules": rules}).topic == "2"


def test_the_first_rule_that_matches_wins() -> None:
    rules = [rule("none", "x"), rule("first"), rule("second")]
    assert routed(a_message(), **{"routing.rules": rules}).topic == "first"


@pytest.mark.parametrize(
    ("template", "key"), [(None, "new"), ("{op}", "insert"), ("{key}", "ord-12345")]
)
def test_a_rule_has_a_key_of_its_own_or_leaves_it_alone(template: str | None, key: str) -> None:
    rules = [{**rule("first"), "message_key": template}]
    options = {"message_key_expression": "'is new'", "message_key_pattern": "new"}
    assert routed(a_message(), **options, **{"routing.rules": rules}).key == key


def test_a_rule_that_fails_is_the_messages_error() -> None:
    with pytest.raises(MessageError) as caught:
        routed(a_message(), **{"routing.rules": [{"when": "abs(op)", "topic": "t"}]})
    assert (caught.value.stage, caught.value.reason) == ("route", "expression_failed")


def test_a_value_that_a_rules_topic_misses_is_named_with_its_place() -> None:
    with pytest.raises(MessageError, match=r"routing.rules\[1\].topic: .*{payload.x}"):
        routed(a_message(), **{"routing.rules": [rule("a", "x"), rule("{payload.x}")]})


@pytest.mark.parametrize(
    ("expression", "by"),
    [
        ("payload.order_id", b"ord-12345"),
        ("payload.total", b"99.90"),
        ("[op, outbox]", b"insert-orders"),
        ("payload.none", None),
        ("''", b""),
    ],
)
def test_partition_by(expression: str, by: bytes | None) -> None:
    route = routed(a_message(), partition_by=expression)
    assert (route.key, route.partition_by) == ("ord-12345", by)


@pytest.mark.parametrize("op", ["", ".", "..", "a b", "é", "x" * 250, "a\n"])
def test_a_topic_that_kafka_does_not_take_is_the_messages_error(op: str) -> None:
    with pytest.raises(MessageError) as caught:
        routed(a_message(op=op), topic="{op}")
    assert (caught.value.stage, caught.value.reason) == ("route", "topic_invalid")


@pytest.mark.parametrize(
    ("template", "key"),
    [
        ("{key}", "ord-12345"),
        ("{dedup_key}", "ord-12345"),
        ("{payload.order_id}-{op}", "ord-12345-insert"),
        ("constant", "constant"),
    ],
)
def test_keys(template: str, key: str) -> None:
    assert routed(a_message(), message_key=template).key == key


@pytest.mark.parametrize("template", ["{key}", "{dedup_key}", "{op}-{key}"])
def test_a_null_key_stays_null(template: str) -> None:
    message = a_message(key=None, dedup_key=None)
    assert routed(message, message_key=template).key is None


def test_the_messages_own_headers_come_first_and_the_metadata_last() -> None:
    message = a_message(headers={"a": "own", "ü": "é"})
    route = routed(message, headers={"a": "static", "b": "op {op}"})
    names = [name for name, _ in route.headers]
    assert names[:2] == ["a", "ü"]
    assert sorted(names[2:4]) == ["a", "b"]
    assert route.headers[4:] == METADATA
    assert dict(route.headers)["a"] == b"static"
    assert dict(route.headers)["b"] == b"op insert"
    assert dict(route.headers)["ü"] == "é".encode()


def test_the_messages_own_headers_can_stay_behind() -> None:
    message = a_message(headers={"a": "own"})
    assert routed(message, message_headers=False).headers == METADATA


def test_in_a_header_a_null_key_is_the_messages_error() -> None:
    with pytest.raises(MessageError, match=r"headers.k: message 42 has no value for {key}"):
        routed(a_message(key=None), headers={"k": "{key}"})


def test_no_message_changes_the_headers_of_the_next() -> None:
    router = Router(a_config(headers={"a": "b"}, metadata_headers=False), "orders")
    first = router(a_message(), a_message())
    first.headers.append(("mine", b""))
    assert router(a_message(), a_message()).headers == [("a", b"b")]


def test_templates_see_the_published_payload_as_original() -> None:
    shaped = a_message(payload=b'{"order_id": "new"}')
    route = routed(shaped, a_message(), message_key="{payload.order_id}/{original.order_id}")
    assert route.key == "new/ord-12345"


def test_any_number_of_ops_is_taken() -> None:
    router = Router(a_config(), "orders")
    for number in range(300):
        message = a_message(op=f"op{number}")
        assert ("pg_tide_op", f"op{number}".encode()) in router(message, message).headers
