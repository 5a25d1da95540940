"""The schema registry: subjects, versions and ids by Confluent's API, and who waits for them.

Each of its errors becomes one of ours here. Its HTTP client is loaded where there is a registry.
"""

from pg_tide.config import PipelineConfig
from pg_tide.registry.supply import UNREGISTERED, Asked, Source, Supply, find, would_be

__all__ = ["UNREGISTERED", "Asked", "Source", "Supply", "find", "registry_of", "would_be"]


def registry_of(config: PipelineConfig) -> Asked | None:
    """Return the registry of a pipeline, if it has one."""
    if config.schema_registry.url is None:
        return None
    from pg_tide.registry.client import Registry  # noqa: PLC0415 - httpx: 10 MB of memory

    return Registry(config.schema_registry)
