"""`load`: fills the outbox of any relay, at once or at a pace."""

import asyncio
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

import asyncpg
from psycopg import sql

from tests.benchmarks.peers.orders import Orders

_TOGETHER = 1000  # messages a transaction, where there is no pace
_MOST_COMMITS = 1000  # a second
_CREATE = """
    create table if not exists {} (
      id            uuid         primary key default gen_random_uuid(),
      aggregatetype varchar(255) not null,
      aggregateid   varchar(255) not null,
      type          varchar(255) not null,
      payload       jsonb        not null
    )
"""
_INSERT = """
    insert into {} (aggregatetype, aggregateid, type, payload)
      select 'order', m.key, 'insert', m.payload::jsonb
        from unnest($1::text[], $2::text[]) as m (payload, key)
"""
_PUBLISH = "select tide.outbox_publish_many({}, $1::text[]::jsonb[], $2::text[])"


def options() -> ArgumentParser:
    """The command line."""
    parser = ArgumentParser(prog="python -m tests.benchmarks load", description=__doc__)
    parser.add_argument("--postgres-url", required=True, metavar="URL")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--outbox", help="of pg_tide, created before")
    where.add_argument("--table", help="of Debezium's shape; created if it is not there")
    parser.add_argument("--messages", type=int, default=500_000)
    parser.add_argument("--size", type=int, default=500, help="bytes of a payload, 150 at least")
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--rate", type=int, help="messages/s; default: as many as possible")
    parser.add_argument("--connections", type=int, default=10, help="that take turns, at a rate")
    return parser


def main(arguments: Sequence[str]) -> None:
    """Load."""
    chosen = options().parse_args(arguments)
    began = time.monotonic()
    asyncio.run(load(chosen))
    took = time.monotonic() - began
    told = f"{chosen.messages:,} messages in {took:.1f} s, {chosen.messages / took:,.0f}/s"
    sys.stdout.write(told + "\n")


async def load(chosen: Namespace) -> None:
    """Fill the table or the outbox."""
    number = chosen.connections if chosen.rate else 1
    connections = [await asyncpg.connect(chosen.postgres_url) for _ in range(number)]
    if chosen.table:
        await connections[0].execute(_named(_CREATE, chosen))
    statements = [await each.prepare(_named(_INSERT, chosen)) for each in connections]
    together = _together(chosen.rate)
    chunks = Orders(chosen.size, chosen.keys).chunks(chosen.messages, together)
    begin = time.monotonic()

    async def send(turn: int) -> None:
        due = turn * together / chosen.rate if chosen.rate else 0.0
        await asyncio.sleep(begin + due - time.monotonic())
        while chunk := next(chunks, None):
            await statements[turn].fetch(*chunk)
            due += number * together / chosen.rate if chosen.rate else 0.0
            await asyncio.sleep(max(0.0, begin + due - time.monotonic()))

    await asyncio.gather(*map(send, range(number)))
    for connection in connections:
        await connection.close()


def _together(rate: int | None) -> int:
    return -(-rate // _MOST_COMMITS) if rate else _TOGETHER


def _named(statement: str, chosen: Namespace) -> str:
    if chosen.table:
        return sql.SQL(statement).format(sql.Identifier(*chosen.table.split("."))).as_string()
    return sql.SQL(_PUBLISH).format(sql.Literal(chosen.outbox)).as_string()
