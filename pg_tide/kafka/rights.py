"""What is said when a topic is not there, or not for this user, with a command to paste."""

import shlex

from pg_tide.errors import FatalError, TransientError
from pg_tide.kafka.settings import Settings


def principal(settings: Settings) -> str:
    """Whom brokers take this user for.

    Of a certificate or a token only they know: NAME stands for it then.
    """
    login = settings.login
    return f"User:{login.username if login is not None and login.username else 'NAME'}"


def may_not_write(topic: str, settings: Settings, what: str | None = None) -> FatalError:
    """Return the error of a topic that may not be written, or `what` else is wrong."""
    command = [
        *("kafka-acls.sh", "--bootstrap-server", settings.brokers[0]),
        *("--add", "--allow-principal", principal(settings)),
        *("--operation", "Describe", "--operation", "Write", "--topic", topic),
    ]
    return FatalError(
        what or f'Kafka: this user may not write topic "{topic}"',
        reason="topic_not_authorized",
        hint=f"Allow this user to DESCRIBE and WRITE the topic: {shlex.join(command)}",
    )


def topic_missing(topic: str, settings: Settings) -> TransientError:
    """Return the error of a topic that is not there."""
    return TransientError(
        f'Kafka: topic "{topic}" does not exist',
        reason="topic_missing",
        hint="Set auto_create_topics, or create it: kafka-topics.sh --bootstrap-server "
        f"{settings.brokers[0]} --create --topic {topic}",
    )
