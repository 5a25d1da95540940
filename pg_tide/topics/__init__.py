"""The topics that records go to, each with a lane for every partition."""

from pg_tide.topics.learn import TOPIC_CHANGED, Client, Topics
from pg_tide.topics.recreated import Recreated, announcer, nobody

__all__ = ["TOPIC_CHANGED", "Client", "Recreated", "Topics", "announcer", "nobody"]
