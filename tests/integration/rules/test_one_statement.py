"""A window's snapshot and its rows come from one statement."""

import asyncio
from typing import Any

from pg_tide.message import Batch
from pg_tide.outbox import Outbox
from tests.integration.rules.stage import PASS_GATE, Gate, Stage, drain, poll, simpler

# What a poll calls on its way, held up there: when it answers for the lease, which comes with
# the snapshot, and when it measures a message.
SLOW_LEASE = {"plpgsql stable": "plpgsql volatile", "begin\n": f"begin\n  {PASS_GATE}\n"}
SLOW_SIZE = {
    "language sql stable": "language plpgsql volatile",
    "  select 200::bigint": f"begin {PASS_GATE} return 200::bigint",
    "coalesce(pg_column_size($6), 0)\n": "coalesce(pg_column_size($6), 0); end\n",
}
SNAPSHOT_FIRST = {"    union all\n": ";\n  return query\n"}


class SnapshotLast(Outbox):
    """Takes the snapshot from behind the rows."""

    def _batch(self, rows: list[Any], max_messages: int, max_bytes: int) -> Batch:
        return super()._batch([rows[-1], *rows[:-1]], max_messages, max_bytes)


def rows_first() -> str:
    """A poll that reads the rows, and the snapshot in a later statement."""
    before, rest = simpler("functions/_open_window.sql", {}).split("  return query\n")
    snapshot, rest = rest.split("    union all\n")
    rows, after = rest.split(";\nend $$;")
    return f"{before}return query {rows}; return query {snapshot};\nend $$;{after}"


async def published_meanwhile(
    stage: Stage, gate: Gate, kind: type[Outbox] = Outbox
) -> tuple[list[int], list[int]]:
    """Publish a message, and another while a poll is held up; published, and delivered."""
    reader = await stage.reader(kind)
    await drain(reader)
    published = [await stage.publish()]
    await gate.close()
    polling = asyncio.create_task(poll(reader))
    await gate.reached()
    published.append(await stage.publish())
    await gate.open()
    delivered = await polling
    return published, delivered + await drain(reader)


async def test_rows_read_before_the_snapshot_would_be_lost(stage: Stage, gate: Gate) -> None:
    """Two statements of a volatile function see two snapshots.

    With the rows read first, what commits before the snapshot is taken is in the snapshot, thus
    delivered, but was never read.
    """
    await stage.simplify("_message_size", SLOW_SIZE)
    published, delivered = await published_meanwhile(stage, gate)
    assert delivered == published
    await stage.db.execute(rows_first())
    published, delivered = await published_meanwhile(stage, gate, SnapshotLast)
    assert delivered == published[:1]


async def test_rows_read_after_the_snapshot_would_be_repeated(stage: Stage, gate: Gate) -> None:
    """The other way round, what commits in between is read, but is not in the snapshot.

    The window that is then done does not hold it, and the next one brings it again.
    """
    await stage.simplify("_lease_floor", SLOW_LEASE)
    published, delivered = await published_meanwhile(stage, gate)
    assert delivered == published
    await stage.simplify("_open_window", SNAPSHOT_FIRST)
    published, delivered = await published_meanwhile(stage, gate)
    assert delivered == [*published, published[-1]]
