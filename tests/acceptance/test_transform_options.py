"""Filter and projection: each option of the transform, through the real relay."""

import asyncio
import json
from typing import Any

from tests.acceptance.conftest import StartRelay
from tests.fixtures.brokers import TopicFactory
from tests.fixtures.operator import Operator
from tests.fixtures.topics import read_all

NUMBERS = '{"big":12345678901234567890123,"long":0.1000000000000000055511151231257827,"cents":0.10}'


async def values(operator: Operator, topic: str) -> list[bytes | None]:
    """Read the value of every record of a topic, in order."""
    records = await asyncio.to_thread(read_all, operator.brokers, topic)
    return [record.value for record in records]


async def test_what_each_transform_makes_of_the_same_messages(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    publish = "SELECT tide.outbox_publish('orders', $1::text::jsonb, key => $2, op => $3)"
    for key, document in {"ord-1": NUMBERS, "ret-2": "[3, 1, 2]", "ord-3": '"text"'}.items():
        await operator.run(publish, document, key, "insert")
    await operator.run(publish, None, "ord-4", "delete")
    made: dict[str, tuple[dict[str, str], list[str | None]]] = {
        "matches": ({"filter": "matches(key, '^ord-[13]$')"}, [NUMBERS, '"text"']),
        "null": ({"filter": "matches(payload.none, '')"}, []),
        "digits": (
            {"filter": "payload.cents", "payload": "payload.{l: long, b: big, c: cents}"},
            [
                '{"l":0.1000000000000000055511151231257827,"b":12345678901234567890123,"c":0.10}',
            ],
        ),
        "exact": (
            {"filter": "payload.long == `0.1000000000000000055511151231257827`", "payload": "key"},
            ['"ord-1"'],
        ),
        "alone": (
            {"root": "payload", "payload": "not_null(big, to_string(@))"},
            ["12345678901234567890123", '"[3,1,2]"', '"text"', '"null"'],
        ),
        "rows": ({"root": "payload", "filter": "[?@ > `1`]", "payload": "sort(@)"}, ["[1,2,3]"]),
        "tombstones": ({"payload": "payload.big"}, ["12345678901234567890123", None, None, None]),
    }
    topics = {name: topic() for name in made}
    for name, (transform, _) in made.items():
        options = {f"transform__{option}": text for option, text in transform.items()}
        await operator.configure(topics[name], pipeline=name, **options)
    process = relay(operator.url)
    for name in made:
        await operator.delivered(name)
    await process.stop()
    for name, (_, expected) in made.items():
        found = [value and compact(value) for value in await values(operator, topics[name])]
        assert found == [text and compact(text) for text in expected], name
        status = await operator.status(name)
        assert (status["delivered"], status["filtered"]) == (len(expected), 4 - len(expected))


def compact(text: str | bytes) -> Any:
    """Return JSON without what PostgreSQL does with spaces and members, its numbers as text."""
    return json.loads(text, parse_float=str, parse_int=str)


async def test_an_expression_that_fails_halts_its_own_pipeline_alone(
    operator: Operator, relay: StartRelay, topic: TopicFactory
) -> None:
    wrong = {
        "expression_failed": "sum(payload.n) > `0`",
        "expression_too_large": "payload.n" + " | [@, @]" * 40,
        "expression_too_slow": "payload.rows | [@, @][] | [@, @][] | [*][*] | [?sum(@) == `0`]",
    }
    await operator.publish({"n": [1, 2], "rows": []})
    culprit = await operator.publish({"n": "two", "rows": [[1] * 20] * 20_000})
    await operator.run("SELECT tide.outbox_create('returns')")
    good = topic()
    await operator.configure(good, pipeline="good", outbox="returns")
    for reason, text in wrong.items():
        option = "filter" if reason == "expression_failed" else "payload"
        options = {f"transform__{option}": text, "dead_letter__policy": "halt"}
        await operator.configure(topic(), pipeline=reason, **options)
    not_compiled = "payload.n && matches(key, 'a(b')"
    await operator.configure(topic(), pipeline="none", transform__filter=not_compiled)
    process = relay(operator.url)
    for reason in wrong:
        await operator.reaches("halted", reason)
    await operator.publish({"n": 1}, outbox="returns")
    await operator.delivered("good")
    await operator.reaches("failed", "none")
    errors = {name: (await operator.status(name))["last_error"] for name in [*wrong, "none"]}
    await process.stop()
    assert f"message {culprit} " in errors["expression_failed"]
    for reason in wrong:
        assert errors[reason].startswith(f"{reason}: message ")
        assert " can not go: transform: the expression " in errors[reason]
    assert errors["expression_failed"].endswith("sum() takes array of number, not string")
    assert errors["expression_too_slow"].endswith("it takes over 1 second")
    assert errors["expression_too_large"].endswith("compares values of over 64 MiB")
    assert (
        'the regular expression "a(b" at character 27 is none: a "(" is never closed'
        in errors["none"]
    )
    assert await values(operator, good) == [b'{"n": 1}']
