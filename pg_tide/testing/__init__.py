"""Stand-ins for an outbox in PostgreSQL and for Kafka, in memory: for tests of what lies between.

They keep the promises of the real parts, rules of visibility and refusals included: one suite of
tests runs against both. FakeOutbox stands for `pg_tide.outbox.Outbox`; the clients of FakeKafka go
into a real `pg_tide.producer.Producer`.
"""

from pg_tide.testing.kafka import FakeKafka
from pg_tide.testing.outbox import FakeOutbox, FakeTransaction

__all__ = ["FakeKafka", "FakeOutbox", "FakeTransaction"]
