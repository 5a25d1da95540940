"""The servers themselves: killed, restarted, short of patience, with locks in the way."""

import asyncio
import contextlib
import random

import asyncpg

from tests.chaos.fault import Fault
from tests.chaos.stage import ROLE, Stage
from tests.fixtures.topics import add_partitions

MOST_PARTITIONS = 16
_BACKENDS = (
    f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{ROLE}'"  # noqa: S608 - a constant
)
_POSITIONS = "SELECT FROM tide.position FOR UPDATE"


async def _kill_broker(stage: Stage, chance: random.Random) -> None:
    away = chance.uniform(0, 2)
    await asyncio.to_thread(stage.kafka.server.kill)
    await asyncio.sleep(away)
    await asyncio.to_thread(stage.kafka.server.start)


async def _add_partition(stage: Stage, chance: random.Random) -> str:
    pipeline = chance.choice(stage.pipelines)
    count = stage.partitions[pipeline.name] + 1
    if count > MOST_PARTITIONS:
        return "there are enough"
    await asyncio.to_thread(add_partitions, stage.kafka.server.brokers, pipeline.topic, count)
    stage.partitions[pipeline.name] = count
    return f"{pipeline.topic} has {count}"


async def _crash_postgres(stage: Stage, chance: random.Random) -> None:
    away = chance.uniform(0, 1.5)
    await asyncio.to_thread(stage.postgres.crash)
    await asyncio.sleep(away)
    await asyncio.to_thread(stage.postgres.start)


async def _restart_postgres(stage: Stage, chance: random.Random) -> None:
    del chance
    await asyncio.to_thread(stage.postgres.restart)


async def _terminate_backends(stage: Stage, chance: random.Random) -> str:
    share = chance.uniform(0.2, 1)
    rows = await stage.sql(f"{_BACKENDS} AND random() < $1", share)
    return f"{rows[0][0]} of them"


async def _short_timeouts(stage: Stage, chance: random.Random) -> str:
    """Settings of a role hold for sessions that begin later."""
    setting = chance.choice(("statement_timeout", "lock_timeout"))
    value, seconds = chance.choice(("2ms", "10ms", "30ms")), chance.uniform(0.5, 3)
    await stage.sql(f"ALTER ROLE {ROLE} SET {setting} = '{value}'")
    await stage.sql(_BACKENDS)
    await asyncio.sleep(seconds)
    await stage.sql(f"ALTER ROLE {ROLE} RESET {setting}")
    await stage.sql(_BACKENDS)
    return f"{setting} {value}"


async def _lock_positions(stage: Stage, chance: random.Random) -> None:
    seconds = chance.uniform(0.2, 4)
    with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        connection = await asyncpg.connect(stage.postgres.url, timeout=5)
        try:
            await connection.execute(f"BEGIN; {_POSITIONS}")
            await asyncio.sleep(seconds)
        finally:
            await connection.close(timeout=2)


SERVERS = [
    Fault("kafka: broker killed", _kill_broker, "kafka's server", leaderless=True),
    Fault("kafka: partition added", _add_partition, "kafka's server", graceful=True),
    Fault("postgres: immediate restart", _crash_postgres, "postgres' server"),
    Fault("postgres: fast restart", _restart_postgres, "postgres' server"),
    Fault("postgres: backends terminated", _terminate_backends, "postgres' sessions"),
    Fault("postgres: short timeouts", _short_timeouts, "postgres' sessions"),
    Fault("postgres: positions locked", _lock_positions, "postgres' locks"),
]
