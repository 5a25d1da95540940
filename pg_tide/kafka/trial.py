"""A transaction that is tried out: it commits nothing, and fences no producer that runs."""

from uuid import uuid4

from pg_tide.errors import FatalError
from pg_tide.intent import Mark
from pg_tide.kafka.clients import tokens_of
from pg_tide.kafka.inquiry import PATIENCE, Inquiry
from pg_tide.kafka.settings import Settings
from pg_tide.kafka.topics import BROKER_DEFAULT
from pg_tide.kafka.transaction_refusals import POSITIONS_TOPIC, Refusals
from pg_tide.kafka.transactional import TransactionalClient

NOBODYS = Mark(1, "tried out")


class _CreatesNothing(TransactionalClient):
    """Does without the topic for marks."""

    async def _have_positions(self) -> None:
        pass


async def try_transaction(settings: Settings, prefix: str, timeout_ms: int) -> bool:
    """Begin a transaction, have it commit a mark, and abort it.

    Returns whether it could be given a mark: not where the topic for marks is not there yet, but
    might be created. Its id begins as those of relays do, so that the same rights cover it. Raises
    what a relay's would, and what `create_topic` would.
    """
    transactional_id = f"{prefix}-check-{uuid4()}-0"
    known = await _has_positions(settings, Refusals(settings, transactional_id, timeout_ms))
    kind = TransactionalClient if known else _CreatesNothing
    client = kind(settings, transactional_id, timeout_ms, tokens_of(settings))
    await client.start(PATIENCE)
    try:
        await client.found()
        if known:
            await client.begin()
            await client.stamp(NOBODYS)
            await client.abort()
    finally:
        await client.close()
    return known


async def _has_positions(settings: Settings, refusals: Refusals) -> bool:
    """Whether the topic is there, or nobody tells this user; raises if it can not be created."""
    async with Inquiry(settings).asking() as asking:
        error = (await asking.topics([POSITIONS_TOPIC]))[POSITIONS_TOPIC].error
        if error is None or error.reason != "topic_missing":
            return True
        refusal = await asking.refusal_to_create(POSITIONS_TOPIC, 1, BROKER_DEFAULT)
    if isinstance(refusal, FatalError):
        raise refusals.may_not_create(refusal)
    if refusal is not None:
        raise refusal
    return False
