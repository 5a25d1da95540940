"""Where a message goes."""

import pytest

from pg_tide.errors import MessageError
from pg_tide.message import Headers, Message, Route
from pg_tide.route import Router
from tests.fixtures.messages import a_config, a_message

METADATA: Headers = [
    ("pg_tide_outbox", b"orders"),
    ("pg_tide_op", b"insert"),
    ("pg_tide_id", b"orders:42"),
    ("pg_tide_dedup_key", b"ord-12345"),
]


def routed(message: Message, published: Message | None = None, **options: object) -> Route:
    return Router(a_config(**options), "orders")(message, published or message)


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


def test_only_a_topic_without_variables_is_constant() -> None:
    assert Router(a_config(), "orders").constant_topic == "orders"
    assert Router(a_config(topic="{op}"), "orders").constant_topic is None


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
