"""The stage after transform: where a message goes, under which key, with which headers. Pure.

This runs for every message: what is the same for all of them is made once, and only where options
ask for it is a message looked into.
"""

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

import orjson

from pg_tide.config import PipelineConfig
from pg_tide.message import Headers, Message, Record, Route, Rows
from pg_tide.payload import Sight, Values
from pg_tide.route.key import key_of, own_key
from pg_tide.route.look import look_text
from pg_tide.route.metadata import Metadata
from pg_tide.route.rule import Rule
from pg_tide.route.topic import Topic, topic_of
from pg_tide.template import Template


class Router:
    """The options of a pipeline that say where its messages go, and with what.

    Calling it with a message, as it goes and as it was published, returns its route. Headers
    are the message's own, then those of the option `headers`, then the metadata: a consumer that
    keeps the last of equals reads what pg_tide says. Raises MessageError where a variable or a
    key has no value, an expression fails, or a topic is none that Kafka takes. Making one raises
    FatalError where the latter is so of a topic that the configuration names.

    `configured_topics` are the topics that come from the configuration and the outbox alone.
    """

    def __init__(self, config: PipelineConfig, outbox: str) -> None:
        sight = Sight()
        self._topic = topic_of(config, outbox, sight)
        self._key = key_of(config, outbox, sight)
        rules = enumerate(config.routing.rules)
        self._rules = [Rule(rule, place, outbox, sight) for place, rule in rules]
        self.configured_topics = _constants([self._topic, *(rule.topic for rule in self._rules)])
        by = config.partition_by
        self._partition_by = None if by is None else look_text(by, "partition_by", sight)
        self._metadata = Metadata(outbox) if config.metadata_headers else None
        self._message_headers = config.message_headers
        self._set_headers(config.headers, outbox, sight)
        # Where one topic takes all messages under their own keys, none has to be looked into.
        self._one_topic = self._topic.constant or ""
        has_more = self._rules or self._partition_by or self._rendered_headers
        looks = bool(not self._one_topic or self._key is not own_key or has_more)
        self._looks_at_table_only = not looks and config.topic is None
        self._looks = looks or self._looks_at_table_only

    def _set_headers(self, headers: dict[str, str], outbox: str, sight: Sight) -> None:
        known = {"outbox": outbox}
        templates = {
            name: Template(text, f"headers.{name}", known, sight) for name, text in headers.items()
        }
        self._constant_headers: Headers = [
            (name, template.constant.encode())
            for name, template in templates.items()
            if template.constant is not None
        ]
        self._rendered_headers = [
            (name, template) for name, template in templates.items() if template.constant is None
        ]

    def __call__(self, message: Message, published: Message) -> Route:
        """Return where a message goes."""
        headers = self._metadata.of(message) if self._metadata else []
        if self._constant_headers:
            headers = self._constant_headers + headers
        if self._looks and not (self._looks_at_table_only and message.source is None):
            route = self._looked(Values(message, published, "route"), headers)
        else:
            route = Route(self._one_topic, message.key, headers)
        if self._message_headers and message.headers:
            headers[:0] = _own(message.headers)
        return route

    def records(self, messages: Rows) -> Iterator[Record] | None:
        """The records of messages that go as they are; None where any has to be looked into.

        What comes out is what calling this and the encoder native make of each.
        """
        ids, sources, ops, keys, dedup_keys, headers, values, are_json, _, times, *_ = (
            messages.columns
        )
        if False in are_json:
            return None
        if self._looks and not (self._looks_at_table_only and not any(sources)):
            return None
        return map(
            Record,
            repeat(self._one_topic),
            [None if key is None else key.encode() for key in keys],
            values,
            self._headers(headers, (ids, ops, dedup_keys)),
            [time // 1000 for time in times],
        )

    def _headers(self, own: Sequence[bytes | None], known: Any) -> list[Headers]:
        found = self._metadata.of_all(*known) if self._metadata else [[] for _ in own]
        if self._constant_headers:
            found = [self._constant_headers + headers for headers in found]
        if self._message_headers and any(own):
            for text, headers in zip(own, found, strict=True):
                if text:
                    headers[:0] = _own(orjson.loads(text))
        return found

    def _looked(self, values: Values, headers: Headers) -> Route:
        topic, key = self._topic, self._key
        for rule in self._rules:
            if rule.matches(values):
                topic, key = rule.topic, rule.key or key
                break
        headers[:0] = [(name, t.render(values).encode()) for name, t in self._rendered_headers]
        by = self._partition_by(values) if self._partition_by else None
        hashed = None if by is None else by.encode()
        return Route(topic(values), key(values), headers, hashed)


def _own(headers: dict[str, Any]) -> Headers:
    return [(name, value.encode()) for name, value in headers.items()]


def _constants(topics: list[Topic]) -> frozenset[str]:
    return frozenset(topic.constant for topic in topics if topic.constant is not None)
