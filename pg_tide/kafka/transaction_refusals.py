"""Why a transaction can not go on, in words, with commands to paste."""

import re
import shlex
from typing import NamedTuple

from aiokafka import errors  # type: ignore[import-untyped]

from pg_tide.errors import FatalError, PgTideError, TransientError
from pg_tide.kafka.errors import ours
from pg_tide.kafka.rights import may_not_write, principal
from pg_tide.kafka.settings import Settings

POSITIONS_TOPIC = "pg_tide_positions"
FENCED = (
    errors.ProducerFenced,
    errors.InvalidProducerEpoch,
    errors.InvalidProducerIdMapping,
    errors.UnknownProducerId,
)
LACKING = (
    errors.UnsupportedVersionError,
    errors.IncompatibleBrokerVersion,
    NotImplementedError,
)
ANY_OF_PREFIX = re.compile(r"(.+?-)(?:check-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-[0-9]+")


class Refusals(NamedTuple):
    """Says what brokers mean, of the transactions of one producer."""

    settings: Settings
    transactional_id: str
    timeout_ms: int

    def of(self, error: Exception, topic: str | None = None) -> PgTideError:
        """The error of ours for one of aiokafka's; `topic` is what it was told of."""
        hidden = error.__cause__
        if type(error) is errors.KafkaError and isinstance(hidden, Exception):
            return self.of(hidden, topic)
        for kinds, say in (
            (FENCED, self.fenced),
            (LACKING, self.too_old),
            (errors.TransactionalIdAuthorizationFailed, self._may_not_transact),
            (errors.GroupAuthorizationFailedError, self._may_not_join),
        ):
            if isinstance(error, kinds):
                return say()
        if isinstance(error, errors.TopicAuthorizationFailedError) and topic is not None:
            return self._may_not_use(topic)
        return ours(error)

    def again(self, error: PgTideError) -> PgTideError:
        """The same of one that is ours already, where more can be said."""
        cause = error.__cause__
        if cause is not None and type(cause) is errors.KafkaError:
            cause = cause.__cause__ or cause
        return self.of(cause) if isinstance(cause, (*FENCED, *LACKING)) else error

    def fenced(self) -> PgTideError:
        """Another producer has the id now, or brokers gave the transaction up."""
        return TransientError(
            f"Kafka: another producer took over transactional id {self.transactional_id}, or its "
            f"transaction was older than transaction_timeout_ms ({self.timeout_ms})",
            reason="fenced",
            hint="Nothing is lost: what was not committed is sent again. If it comes back, look "
            "whether another installation uses the same id (a clone of the database wants another "
            "transactional_id_prefix), or raise transaction_timeout_ms.",
        )

    def too_old(self) -> FatalError:
        """Brokers lack what exactly-once delivery needs."""
        return FatalError(
            f"Kafka: {', '.join(self.settings.brokers)}: exactly_once needs Apache Kafka 2.5 or "
            "later",
            reason="kafka_too_old",
            hint="Use newer brokers, or set delivery to at_least_once.",
        )

    def unfinished(self) -> TransientError:
        """Brokers do not come to an end with what stands before."""
        return TransientError(
            f"Kafka: the previous transaction of {self.transactional_id} has not been ended yet",
            reason="transaction_unfinished",
            hint="Brokers end it by themselves; if they do not, look whether each of its "
            "partitions has a leader, and with kafka-transactions.sh find-hanging whether it was "
            "left open for ever.",
        )

    def _may_not_transact(self) -> FatalError:
        operations = ("--operation", "Write", "--operation", "Describe")
        return FatalError(
            f"Kafka: this user may not use transactional id {self.transactional_id}",
            reason="transactional_id_not_authorized",
            hint=f"Allow it: {self._acls(*operations, *self._prefixed('--transactional-id'))}",
        )

    def _may_not_join(self) -> FatalError:
        return FatalError(
            f"Kafka: this user may not use group {self.transactional_id}, which keeps the mark of "
            "the last transaction",
            reason="group_not_authorized",
            hint=f"Allow it: {self._acls('--operation', 'Read', *self._prefixed('--group'))}",
        )

    def _may_not_use(self, topic: str) -> FatalError:
        if topic != POSITIONS_TOPIC:
            return may_not_write(topic, self.settings)
        return FatalError(
            f'Kafka: this user may not read topic "{topic}", for which marks of transactions are '
            "committed",
            reason="positions_not_authorized",
            hint=f"Allow it: {self._acls('--operation', 'Read', '--topic', topic)}",
        )

    def may_not_create(self, refused: PgTideError) -> FatalError:
        """The topic for marks is not there, and brokers do not let this user create it."""
        create = [
            *("kafka-topics.sh", "--bootstrap-server", self.settings.brokers[0]),
            *("--create", "--topic", POSITIONS_TOPIC, "--partitions", "1"),
            *("--config", "cleanup.policy=compact"),
        ]
        acls = self._acls("--operation", "Read", "--topic", POSITIONS_TOPIC)
        return FatalError(
            refused.message,
            reason=refused.reason,
            hint=f"exactly_once commits marks for this topic: create it ({shlex.join(create)}), "
            f"and allow this user to read it: {acls}",
        )

    def _prefixed(self, option: str) -> tuple[str, ...]:
        """Whatever pipeline's id; as it is where it does not look like one of ours."""
        known = ANY_OF_PREFIX.fullmatch(self.transactional_id)
        if known is None:
            return option, self.transactional_id
        return option, known[1], "--resource-pattern-type", "prefixed"

    def _acls(self, *words: str) -> str:
        command = [
            *("kafka-acls.sh", "--bootstrap-server", self.settings.brokers[0]),
            *("--add", "--allow-principal", principal(self.settings), *words),
        ]
        return shlex.join(command)
