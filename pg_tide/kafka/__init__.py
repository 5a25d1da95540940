"""The door to Kafka: one client, from its start to its end, and every error of theirs as ours.

A client that failed once is spoiled (a sequence number is used up): it is ended for good, and
its batches with it, before another takes its place. No call waits longer than a bound of ours.
"""

from pg_tide.kafka.client import Arrived, KafkaClient
from pg_tide.kafka.clients import Clients
from pg_tide.kafka.errors import FATAL, MESSAGE, TRANSIENT, ours
from pg_tide.kafka.settings import Login, Settings, Tls, TokenSource, settings_of
from pg_tide.kafka.topics import Topic
from pg_tide.kafka.transactional import TransactionalClient

__all__ = [
    "FATAL",
    "MESSAGE",
    "TRANSIENT",
    "Arrived",
    "Clients",
    "KafkaClient",
    "Login",
    "Settings",
    "Tls",
    "TokenSource",
    "Topic",
    "TransactionalClient",
    "ours",
    "settings_of",
]
