"""The messages of the benchmarks: orders as an application would publish them, 500 bytes each."""

import json
import random
from collections.abc import Iterator

import psycopg

SIZE = 500  # bytes of a payload as PostgreSQL writes it
KEYS = 1000
_CHUNK = 1000  # messages a transaction

_FIRST = ("Ada", "Ben", "Chloe", "Dario", "Emil", "Fatima", "Grace", "Hugo", "Ines", "Jonas")
_LAST = ("Almeida", "Brandt", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad")
_STREETS = ("High Street", "Rue de la Paix", "Hauptstrasse", "Via Roma", "Calle Mayor")
_CITIES = ("Lisbon", "Hamburg", "Porto", "Lyon", "Bergen", "Munich", "Madrid", "Beirut")
_WORDS = ("please", "leave", "with", "the", "neighbour", "ring", "twice", "gift", "fragile")


def order(number: int, chance: random.Random) -> str:
    """Return one order as JSON of exactly SIZE bytes."""
    items = [
        {
            "sku": f"SKU-{chance.randrange(10**6):06}",
            "price": chance.randrange(10**4) / 100,
            "qty": q,
        }
        for q in chance.choices((1, 2, 3), k=3)
    ]
    content = {
        "order_id": number,
        "customer": f"{chance.choice(_FIRST)} {chance.choice(_LAST)}",
        "email": f"{chance.getrandbits(40):010x}@example.com",
        "address": f"{chance.randrange(1, 200)} {chance.choice(_STREETS)}",
        "city": chance.choice(_CITIES),
        "items": items,
        "total": chance.randrange(10**6) / 100,
        "currency": "EUR",
        "placed_at": f"2026-03-{chance.randrange(1, 29):02}T12:{chance.randrange(60):02}:07Z",
        "note": "",
    }
    missing = SIZE - len(json.dumps(content))
    content["note"] = " ".join(chance.choices(_WORDS, k=missing // 4))[:missing].ljust(missing)
    return json.dumps(content)


def orders(count: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Yield pairs of an order as JSON and its key, one of KEYS."""
    chance = random.Random(seed)
    for number in range(count):
        yield order(number, chance), f"customer-{chance.randrange(KEYS):04}"


def load(url: str, outbox: str, count: int) -> None:
    """Publish so many orders, and leave them as autovacuum and a checkpoint would."""
    found = orders(count)
    with psycopg.connect(url, autocommit=True) as connection:
        for start in range(0, count, _CHUNK):
            chunk = [next(found) for _ in range(min(_CHUNK, count - start))]
            payloads, keys = map(list, zip(*chunk, strict=True))
            connection.execute(
                "select tide.outbox_publish_many(%s, %s::text[]::jsonb[], %s::text[])",
                (outbox, payloads, keys),
            )
        connection.execute("vacuum analyze tide.message")
        connection.execute("checkpoint")
