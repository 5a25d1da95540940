"""The stage after transform: where a message goes, under which key, with which headers. Pure.

This runs for every message: what is the same for all of them is made once, and a topic without
variables is neither rendered nor checked again.
"""

from pg_tide.config import PipelineConfig
from pg_tide.config.formats import LEGAL_TOPIC
from pg_tide.errors import MessageError
from pg_tide.message import Headers, Message, Route
from pg_tide.template import Template, Values
from pg_tide.words import quoted

Header = tuple[str, bytes | None]

_REMEMBERED_OPS = 100


class Router:
    """The routing options of a pipeline; `constant_topic` is the topic where all share one.

    Calling it with a message, as it goes and as it was published, returns its route. Headers
    are the message's own, then those of the option `headers`, then the metadata: a consumer that
    keeps the last of equals reads what pg_tide says. Raises MessageError where a variable has no
    value or a rendered topic is none that Kafka takes.
    """

    def __init__(self, config: PipelineConfig, outbox: str) -> None:
        self._topic = Template(config.topic, "topic")
        self.constant_topic = self._topic.constant
        self._key = Template(config.message_key, "message_key")
        self._message_headers = config.message_headers
        templates = {name: Template(t, f"headers.{name}") for name, t in config.headers.items()}
        self._constant_headers: Headers = [
            (name, template.constant.encode())
            for name, template in templates.items()
            if template.constant is not None
        ]
        self._rendered_headers = [
            (name, template) for name, template in templates.items() if template.constant is None
        ]
        self._has_templates = self._key.variable != "key" or bool(self._rendered_headers)
        self._metadata_headers = config.metadata_headers
        self._outbox_header: Header = ("pg_tide_outbox", outbox.encode())
        self._outbox = outbox
        self._op_headers: dict[str, Header] = {}

    def __call__(self, message: Message, published: Message) -> Route:
        """Return where a message goes."""
        topic, key = self.constant_topic, message.key
        headers = self._metadata(message) if self._metadata_headers else []
        if self._constant_headers:
            headers = self._constant_headers + headers
        if topic is None or self._has_templates:
            values = Values(message, published)
            topic = topic or self._rendered_topic(values)
            key = self._key.render_key(values)
            headers[:0] = [(name, t.render(values).encode()) for name, t in self._rendered_headers]
        if self._message_headers and message.headers:
            headers[:0] = [(name, value.encode()) for name, value in message.headers.items()]
        return Route(topic, key, headers)

    def _rendered_topic(self, values: Values) -> str:
        topic = self._topic.render(values)
        if LEGAL_TOPIC.fullmatch(topic) and topic not in {".", ".."}:
            return topic
        raise MessageError(
            f"message {values.message.id} has the topic {quoted(topic)}, which Kafka does not take",
            stage="route",
            reason="topic_invalid",
            hint='A topic has 1 to 249 of a-z, A-Z, 0-9, ".", "_" and "-", and is not "." or "..".',
        )

    def _metadata(self, message: Message) -> Headers:
        op = self._op_headers.get(message.op) or self._op_header(message.op)
        identity = ("pg_tide_id", f"{self._outbox}:{message.id}".encode())
        if message.dedup_key is None:
            return [self._outbox_header, op, identity]
        dedup_key = ("pg_tide_dedup_key", message.dedup_key.encode())
        return [self._outbox_header, op, identity, dedup_key]

    def _op_header(self, op: str) -> Header:
        """Return the header of an op, kept for the next message: there are few, by habit."""
        header = ("pg_tide_op", op.encode())
        if len(self._op_headers) < _REMEMBERED_OPS:
            self._op_headers[op] = header
        return header
