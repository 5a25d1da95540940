"""The schema registry: subjects, versions and ids by Confluent's API, and who waits for them.

Each of its errors becomes one of ours here.
"""

from pg_tide.registry.client import Registry
from pg_tide.registry.supply import Supply

__all__ = ["Registry", "Supply"]
