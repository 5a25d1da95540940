"""The schema registry: subjects, versions and ids by Confluent's API, and who waits for them.

Each of its errors becomes one of ours here.
"""

from pg_tide.config import PipelineConfig
from pg_tide.registry.client import Registry
from pg_tide.registry.supply import Source, Supply, find, would_be

__all__ = ["Registry", "Source", "Supply", "find", "registry_of", "would_be"]


def registry_of(config: PipelineConfig) -> Registry | None:
    """Return the registry of a pipeline, if it has one."""
    return None if config.schema_registry.url is None else Registry(config.schema_registry)
