"""Topics: written as a template, or as a prefix before the name of the outbox or captured table.

A topic that the configuration and the outbox alone say is its `constant`, found and checked once;
every other one is checked against Kafka's rules for each message, as it comes from its content.
"""

from typing import Protocol

from pg_tide.config import PipelineConfig
from pg_tide.config.topics import LEGAL_TOPIC
from pg_tide.errors import FatalError, MessageError
from pg_tide.payload import Sight, Values
from pg_tide.template import Template
from pg_tide.words import quoted

_HINT = 'A topic has 1 to 249 of a-z, A-Z, 0-9, ".", "_" and "-", and is not "." or "..".'
_REMEMBERED = 10_000


class Topic(Protocol):
    """Where messages go; `constant` where configuration and outbox alone say it."""

    constant: str | None

    def __call__(self, values: Values) -> str:
        """Return the topic of a message; MessageError where it is none that Kafka takes."""


def topic_of(config: PipelineConfig, outbox: str, sight: Sight | None = None) -> Topic:
    """Return the topic of the messages that no rule matches."""
    if config.topic is not None:
        return TopicTemplate(config.topic, "topic", outbox, sight)
    return TopicPrefix(config.topic_prefix or "", outbox)


class TopicTemplate:
    """A topic as a template; `option` names it in errors.

    Raises FatalError `topic_invalid` where it is constant and none that Kafka takes.
    """

    def __init__(self, text: str, option: str, outbox: str, sight: Sight | None = None) -> None:
        self._template = Template(text, option, {"outbox": outbox}, sight)
        self._render = self._template.render
        self._known: dict[str, str] = {}  # topics to themselves, so that they are looked at once
        self.constant: str | None = self._template.constant
        if self.constant is not None:
            check_constant(self.constant, option)

    def __call__(self, values: Values) -> str:
        """Return the topic of a message; MessageError where it is none that Kafka takes."""
        topic = self._render(values)
        return self._known.get(topic) or self._remember(topic, values)

    def _remember(self, topic: str, values: Values) -> str:
        legal(topic, values)
        if len(self._known) < _REMEMBERED:
            self._known[topic] = topic
        return topic


class TopicPrefix:
    """A prefix and the outbox, the `constant`; for a captured table the prefix and its name."""

    def __init__(self, prefix: str, outbox: str) -> None:
        self._topic = prefix + outbox
        self.constant: str | None = self._topic
        check_constant(self._topic, "topic_prefix")
        self._prefix = prefix
        self._of_table: dict[str, str] = {}

    def __call__(self, values: Values) -> str:
        """Return the topic of a message: of table public.orders, prefix and public_orders."""
        table = values.message.source
        if table is None:
            return self._topic
        return self._of_table.get(table) or self._remember(table, values)

    def _remember(self, table: str, values: Values) -> str:
        topic = legal(self._prefix + table.replace(".", "_"), values)
        if len(self._of_table) < _REMEMBERED:
            self._of_table[table] = topic
        return topic


def check_constant(topic: str, option: str) -> None:
    """Raise FatalError for a topic that no message can go to."""
    if not _is_legal(topic):
        raise FatalError(
            f"{option}: the topic is {quoted(topic)}, which Kafka does not take",
            reason="topic_invalid",
            hint=_HINT,
        )


def legal(topic: str, values: Values) -> str:
    """Return a topic that was made from a message; MessageError where Kafka does not take it."""
    if _is_legal(topic):
        return topic
    raise MessageError(
        f"message {values.message.id} has the topic {quoted(topic)}, which Kafka does not take",
        stage="route",
        reason="topic_invalid",
        hint=_HINT,
    )


def _is_legal(topic: str) -> bool:
    return LEGAL_TOPIC.fullmatch(topic) is not None and topic not in {".", ".."}
