"""How a pipeline stands in the database: enabled, its outbox, its position, who runs it."""

from collections.abc import Iterator
from typing import Any

from pg_tide.catalog import Configured
from pg_tide.check.step import Step, failed, ok, warning
from pg_tide.errors import FatalError
from pg_tide.postgres import Postgres

STATUS = (
    "SELECT enabled, state, owner, pending, pending_is_estimate, lag_seconds, last_error, hint,"
    " (SELECT unresolved_transactions FROM tide.consumer_group_status g WHERE g.pipeline = $1)"
    " AS unresolved FROM tide.relay_status WHERE pipeline = $1"
)
OUTBOX = "SELECT enabled FROM tide.outbox_status($1) LIMIT 1"
ALL_ALIVE = "SELECT count(*) FROM tide.relay_processes"
NOT_WELL = {"failed", "halted", "retrying"}


async def standing_steps(postgres: Postgres, configured: Configured) -> list[Step]:
    """What is so whatever the brokers say."""
    async with postgres.transaction(read_only=True) as connection:
        row = await connection.row(STATUS, configured.name)
        publishing = await connection.value(OUTBOX, configured.outbox)
        alive = await connection.value(ALL_ALIVE)
    if row is None:
        gone = FatalError("it was deleted a moment ago", reason="configuration")
        return [failed("pipeline", gone)]
    return [
        enabled(configured, row),
        outbox(configured, publishing=publishing),
        position(configured, row),
        *unresolved(row),
        *run(row, alive),
    ]


def enabled(configured: Configured, row: Any) -> Step:
    """Whether relays are to run it."""
    if row["enabled"]:
        return ok("pipeline", "enabled")
    hint = f"SELECT tide.relay_enable('{configured.name}')"
    return warning("pipeline", "disabled: no relay runs it", hint)


def outbox(configured: Configured, *, publishing: bool) -> Step:
    """Whether something comes in."""
    if publishing:
        return ok("outbox", f"{configured.outbox}, publishing is enabled")
    hint = f"SELECT tide.outbox_enable('{configured.outbox}')"
    return warning("outbox", f"{configured.outbox}, publishing is refused: disabled", hint)


def position(configured: Configured, row: Any) -> Step:
    """What its consumer group has yet to deliver."""
    if row["pending"] is None:
        error = FatalError(
            f'outbox "{configured.outbox}" was restored from another cluster',
            reason="foreign_cluster",
            hint="See troubleshooting, restored into another cluster.",
        )
        return failed("position", error)
    seek = f", a seek was asked for at {configured.seek}" if configured.seek else ""
    group = f'consumer group "{configured.group}"'
    if not row["pending"]:
        return ok("position", f"{group} has every message{seek}")
    about = "about " if row["pending_is_estimate"] else ""
    waiting = "1 message waits" if row["pending"] == 1 else f"{row['pending']:,} messages wait"
    since = f"the oldest for {row['lag_seconds']:.0f} s"
    return ok("position", f"{group}: {about}{waiting}, {since}{seek}")


def unresolved(row: Any) -> Iterator[Step]:
    """What became of transactions is not known; those of a relay that runs are under way."""
    count = row["unresolved"]
    if count and row["owner"] is None:
        what = f"{count} transaction{'' if count == 1 else 's'}"
        yield ok("transactions", f"the outcome of {what} is not known; the next relay finds it out")


def run(row: Any, alive: int) -> Iterator[Step]:
    """Who runs it, and how it is there."""
    if row["owner"] is None:
        if row["enabled"] and alive:
            hint = "Start one with its relay_group, and without --pipeline for another one."
            yield warning("relay", f"none of the {alive} live relays runs it", hint)
    else:
        yield ok("relay", f"{row['owner']} runs it")
    if row["state"] in NOT_WELL:
        yield warning("relay", f"{row['state']}: {row['last_error']}", row["hint"])
