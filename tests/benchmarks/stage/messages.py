"""The messages of the benchmarks: orders as an application would publish them."""

import json
import random
from collections.abc import Iterator
from typing import Any

import psycopg

SIZE = 500  # bytes of a payload as PostgreSQL writes it
KEYS = 1000
SMALL = 100  # bytes, the least
CURRENCIES = ("EUR", "USD", "GBP", "CHF")
_CHUNK = 1000  # messages a transaction
_LARGE_CHUNK = 10_000
_PLAIN = 450  # bytes of an order with the fewest items
_ITEM = 49  # bytes of another one

_FIRST = ("Ada", "Ben", "Chloe", "Dario", "Emil", "Fatima", "Grace", "Hugo", "Ines", "Jonas")
_LAST = ("Almeida", "Brandt", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad")
_STREETS = ("High Street", "Rue de la Paix", "Hauptstrasse", "Via Roma", "Calle Mayor")
_CITIES = ("Lisbon", "Hamburg", "Porto", "Lyon", "Bergen", "Munich", "Madrid", "Beirut")
_WORDS = ("please", "leave", "with", "the", "neighbour", "ring", "twice", "gift", "fragile")

# Made by the server: a client would need longer than PostgreSQL for millions of them.
_PUBLISH_SMALL = """
    select tide.outbox_publish_many(
             %s,
             array_agg(rpad(head, %s - 2, md5(n::text)) || '"}')::jsonb[],
             array_agg('customer-' || n %% %s))
    from (select n, '{"order_id": ' || n || ', "total": ' || n %% 1000000 / 100.0
                    || ', "currency": "EUR", "note": "' as head
            from generate_series(%s::bigint, %s) as n) as orders
"""


def order(number: int, chance: random.Random, size: int = SIZE) -> str:
    """Return one order as JSON of exactly `size` bytes, at least SMALL."""
    content = _order(number, chance) if size < SIZE else _full_order(number, chance, size)
    missing = size - len(json.dumps(content))
    words = " ".join(chance.choices(_WORDS, k=missing // 4 + 1))
    content["note"] = words[:missing].ljust(missing)
    return json.dumps(content)


def _order(number: int, chance: random.Random) -> dict[str, Any]:
    total = chance.randrange(10**6) / 100
    return {"order_id": number, "total": total, "currency": chance.choice(CURRENCIES), "note": ""}


def _full_order(number: int, chance: random.Random, size: int) -> dict[str, Any]:
    items = [
        {
            "sku": f"SKU-{chance.randrange(10**6):06}",
            "price": chance.randrange(10**4) / 100,
            "qty": quantity,
        }
        for quantity in chance.choices((1, 2, 3), k=3 + max(0, size - _PLAIN - _ITEM) // _ITEM)
    ]
    return {
        "customer": f"{chance.choice(_FIRST)} {chance.choice(_LAST)}",
        "email": f"{chance.getrandbits(40):010x}@example.com",
        "address": f"{chance.randrange(1, 200)} {chance.choice(_STREETS)}",
        "city": chance.choice(_CITIES),
        "items": items,
        "placed_at": f"2026-03-{chance.randrange(1, 29):02}T12:{chance.randrange(60):02}:07Z",
        **_order(number, chance),
    }


def orders(
    count: int, seed: int = 1, *, size: int = SIZE, keys: int = KEYS
) -> Iterator[tuple[str, str]]:
    """Yield pairs of an order as JSON and its key, one of so many."""
    chance = random.Random(seed)
    for number in range(count):
        yield order(number, chance, size), f"customer-{chance.randrange(keys):04}"


def load(url: str, outbox: str, count: int, *, size: int = SIZE, keys: int = KEYS) -> None:
    """Publish so many orders, and leave them as autovacuum and a checkpoint would."""
    found = orders(count, size=size, keys=keys)
    with psycopg.connect(url, autocommit=True) as connection:
        for start in range(0, count, _CHUNK):
            chunk = [next(found) for _ in range(min(_CHUNK, count - start))]
            payloads, of_them = map(list, zip(*chunk, strict=True))
            connection.execute(
                "select tide.outbox_publish_many(%s, %s::text[]::jsonb[], %s::text[])",
                (outbox, payloads, of_them),
            )
    settle(url)


def load_small(url: str, outbox: str, count: int) -> None:
    """Publish so many orders of SMALL bytes, made by PostgreSQL itself."""
    with psycopg.connect(url, autocommit=True) as connection:
        for start in range(0, count, _LARGE_CHUNK):
            last = min(start + _LARGE_CHUNK, count) - 1
            connection.execute(_PUBLISH_SMALL, (outbox, SMALL, KEYS, start, last))
    settle(url)


def settle(url: str) -> None:
    """Leave what was published as autovacuum and a checkpoint would."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze tide.message")
        connection.execute("checkpoint")
