"""What operators do while all of that happens: none of it may lose or repeat anything."""

import asyncio
import random

from tests.chaos.fault import Fault
from tests.chaos.stage import Stage

CURE = 3.0  # seconds that dead letters have to be delivered in


async def _change(stage: Stage, chance: random.Random) -> str:
    """Change how records are produced, and not what is produced where."""
    stage.variation = {
        "linger_ms": chance.choice((0, 2, 10)),
        "batch_size": chance.choice((20, 100, 500)),
        "compression": chance.choice(("none", "gzip", "lz4", "zstd")),
        "commit_interval_ms": chance.choice((0, 50, 500)),
        "wait_for_ack": chance.random() < 0.2,
        "transactional_id_prefix": chance.choice(("pg-tide", "pg-tide", "other")),
    }
    await stage.configure()
    return str(stage.variation)


async def _disable(stage: Stage, chance: random.Random) -> str:
    pipeline, seconds = chance.choice(stage.pipelines), chance.uniform(0, 2)
    await stage.sql("SELECT tide.relay_disable($1)", pipeline.name)
    await asyncio.sleep(seconds)
    await stage.sql("SELECT tide.relay_enable($1)", pipeline.name)
    return pipeline.name


async def _retry(stage: Stage, chance: random.Random) -> str:
    """Cure what made messages poison, have them retried, and go back to what it was."""
    del chance
    await stage.configure(cured=True)
    marked = 0
    for each in stage.pipelines:
        rows = await stage.sql("SELECT tide.dead_letter_retry_all($1)", each.name)
        marked += rows[0][0]
    await asyncio.sleep(CURE)
    await stage.configure()
    return f"{marked} of them"


OPERATOR = [
    Fault("operator: configuration changed", _change, "configuration", graceful=True),
    Fault("operator: disabled and enabled", _disable, "switch", graceful=True),
    Fault("operator: dead letters retried", _retry, "configuration", graceful=True),
]
