"""The ring of slots turns in time, so that each holds its part of what is retained."""

from datetime import timedelta

from tests.integration.rules.stage import Stage, poll

RETENTION, SLOTS = timedelta(hours=3), 4
STEP = timedelta(minutes=15)
PACE = (
    "clock_timestamp() < ring.slot_since"
    " + make_interval(secs => (ring.retention_hours * 3600 / (ring.slots - 1))::float8)"
)
NEW_RING = f"""
    select tide.outbox_alter('orders', {RETENTION.seconds // 3600});
    truncate tide.message;
    update tide.outbox set current_slot = 0, slot_since = clock_timestamp();
    select tide._stamp_outbox(1);
"""  # noqa: S608 - our own numbers
LATER = f"""
    update tide.message set published_at = published_at - '{STEP.seconds} seconds'::interval;
    update tide.outbox set slot_since = slot_since - '{STEP.seconds} seconds'::interval;
    select tide._stamp_outbox(1);
    select tide.outbox_sweep('orders');
"""  # noqa: S608 - our own numbers
LARGEST = "select max(n) from (select count(*) from tide.message group by slot) as slot (n)"
OLDEST = "select max(clock_timestamp() - published_at) from tide.message"


async def largest_slot(stage: Stage, during: timedelta) -> int:
    """Publish, deliver and sweep for so long; the most messages that a slot ever had.

    Time passes by moving what happened into the past.
    """
    await stage.db.execute(NEW_RING)
    reader = await stage.reader()
    largest = 0
    for _ in range(during // STEP):
        await stage.publish()
        await poll(reader)
        await reader.commit(reader.position, 1, 0)
        await stage.db.execute(LATER)
        largest = max(largest, await stage.db.fetchval(LARGEST))
    return largest


async def test_the_ring_turns_at_the_pace_of_the_retention(stage: Stage) -> None:
    """Turned whenever the next slot is empty, it runs through its empty slots at once.

    Then everything piles up in the last of them until the first has expired, and so on: messages
    are let go in heaps, and the disk must hold a heap more.
    """
    part = RETENTION / (SLOTS - 1) // STEP
    assert await largest_slot(stage, 3 * RETENTION) <= part + 1
    assert await stage.db.fetchval(OLDEST) <= RETENTION * SLOTS / (SLOTS - 1) + 2 * STEP
    await stage.simplify("_ring_is_due", {PACE: "false"})
    assert await largest_slot(stage, 2 * RETENTION) > 2 * part
