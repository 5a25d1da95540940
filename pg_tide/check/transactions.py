"""Whether brokers let a pipeline deliver exactly once: a transaction is tried, and aborted."""

from pg_tide.check.step import Step, ok
from pg_tide.config import PipelineConfig
from pg_tide.kafka import Settings
from pg_tide.kafka.transaction_refusals import POSITIONS_TOPIC
from pg_tide.kafka.trial import try_transaction

NAME = "transaction"


async def transaction(config: PipelineConfig, settings: Settings) -> Step:
    """Whether a transaction could be committed. A relay that runs does not notice."""
    prefix, timeout_ms = config.transactional_id_prefix, config.transaction_timeout_ms
    if await try_transaction(settings, prefix, timeout_ms):
        return ok(NAME, "one was begun, got its mark, and was aborted: exactly_once is possible")
    return ok(
        NAME,
        f"this user may begin one; topic {POSITIONS_TOPIC}, for its mark, is not there yet: the "
        "pipeline may create it",
    )
