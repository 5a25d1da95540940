"""The wire formats."""

from pg_tide.encode import encoder
from pg_tide.message import Record, Route
from tests.fixtures.messages import a_message


def test_native_is_the_payload_as_it_is() -> None:
    headers: list[tuple[str, bytes | None]] = [("a", b"b")]
    records = encoder("native")(a_message(), Route("orders", "ké", headers, b"p"))
    value = b'{"order_id": "ord-12345", "total": 99.90}'
    expected = Record("orders", "ké".encode(), value, headers, 1_769_860_800_123, b"p")
    assert records == (expected,)


def test_native_tombstones_and_null_keys() -> None:
    (record,) = encoder("native")(a_message(payload=None), Route("orders", None, []))
    assert (record.key, record.value) == (None, None)


def test_an_empty_key_is_not_a_null_key() -> None:
    (record,) = encoder("native")(a_message(), Route("orders", "", []))
    assert record.key == b""
