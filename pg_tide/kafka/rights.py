"""What is said when brokers do not let this user produce, with a command to paste."""

import shlex

from pg_tide.errors import FatalError
from pg_tide.kafka.settings import Settings


def may_not_write(topic: str, settings: Settings, what: str | None = None) -> FatalError:
    """Return the error of a topic that may not be written, or `what` else is wrong.

    Whom brokers take a certificate or a token for, only they know: NAME stands for it then.
    """
    login = settings.login
    user = login.username if login is not None and login.username else "NAME"
    command = [
        *("kafka-acls.sh", "--bootstrap-server", settings.brokers[0]),
        *("--add", "--allow-principal", f"User:{user}"),
        *("--operation", "Describe", "--operation", "Write", "--topic", topic),
    ]
    return FatalError(
        what or f'Kafka: this user may not write topic "{topic}"',
        reason="topic_not_authorized",
        hint=f"Allow this user to DESCRIBE and WRITE the topic: {shlex.join(command)}",
    )
