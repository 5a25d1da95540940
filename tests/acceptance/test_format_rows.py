"""What the relay writes as kv and as cdc leaves the table that it was published from."""

import asyncio

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.source_table import Row, change_a_table, exact_json, relay_all, same, utc
from tests.fixtures.topics import read_all


async def test_rows_and_changes_leave_the_table(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    kv, cdc = topic(), topic()
    keys = {"primary_keys": ["id"]}
    await operator.configure(kv, pipeline="kv", wire_format="kv", wire_config=keys)
    spelled = {**keys, "field_prefix": "_ns_", "op_case": "upper"}
    await operator.configure(cdc, pipeline="cdc", wire_format="cdc", wire_config=spelled)
    left = await change_a_table(operator)
    await relay_all(operator, relay, ("kv", "cdc"))

    compacted = {
        one.key: one.value for one in await asyncio.to_thread(read_all, operator.brokers, kv)
    }
    same([exact_json(value) for value in compacted.values() if value is not None], left)
    assert len(compacted) == len(left) + 2  # one was deleted, one has another key now

    rows: dict[int, Row] = {}
    for record in await asyncio.to_thread(read_all, operator.brokers, cdc):
        change = exact_json(record.value or b"")
        assert change["_ns_op"] in ("INSERT", "UPDATE", "DELETE")
        assert change["_ns_table"] == "orders"
        assert abs(utc(change["_ns_committed_at"]).timestamp() - record.timestamp / 1000) < 0.01
        if change["before"] is not None:
            assert rows.pop(change["before"]["id"]) == change["before"]
        if change["after"] is not None:
            rows[change["after"]["id"]] = change["after"]
    same(rows.values(), left)
