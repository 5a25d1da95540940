"""The key of a record, as the options say: decided once a pipeline, made once a message.

Records with one key keep their order. A key is made of a template, of a JMESPath or of members of
the payload, and may then be cut out by a regular expression.
"""

from typing import Any

from pg_tide.config import PipelineConfig
from pg_tide.errors import MessageError
from pg_tide.exact_json import parse
from pg_tide.pattern import Pattern, TooSlowError
from pg_tide.payload import Sight, Values
from pg_tide.route.look import TextOf, look_text, value_missing, written
from pg_tide.template import Template
from pg_tide.words import shown_name


def key_of(config: PipelineConfig, outbox: str, sight: Sight | None = None) -> TextOf:
    """Return what makes the key of each message: `own_key` where that is all."""
    found = _found(config, outbox, sight or Sight())
    return _cut(config.message_key_pattern, found) if config.message_key_pattern else found


def _found(config: PipelineConfig, outbox: str, sight: Sight) -> TextOf:
    if config.message_key_expression is not None:
        return look_text(config.message_key_expression, "message_key_expression", sight)
    if config.primary_keys is not None:
        return PrimaryKeys(config.primary_keys, sight, as_json=config.key_format != "text")
    return key_template(config.message_key, "message_key", outbox, sight)


def key_template(text: str, option: str, outbox: str, sight: Sight | None = None) -> TextOf:
    """Return what renders a template as a key."""
    template = Template(text, option, {"outbox": outbox}, sight)
    return own_key if template.variable == "key" else template.render_key


def own_key(values: Values) -> str | None:
    """Return the message's own key, as it is."""
    return values.message.key


def _cut(text: str, found: TextOf) -> TextOf:
    pattern = Pattern(text)

    def key(values: Values) -> str | None:
        whole = found(values)
        try:
            return None if whole is None else pattern.key_of(whole)
        except TooSlowError as error:
            raise MessageError(
                f"message_key_pattern: the key of message {values.message.id}: {error}",
                stage="route",
                reason="expression_too_slow",
            ) from None

    return key


class PrimaryKeys:
    """Members of the payload as the key: the text of one, a JSON object of several.

    `as_json`: always an object. Its members have the order of the option, its numbers their
    digits. Calling it raises MessageError where the payload lacks one. A tombstone has them in
    the payload it was published with or else in the old row; where both are null too, its key is
    the message's own.
    """

    def __init__(self, names: tuple[str, ...], sight: Sight, *, as_json: bool) -> None:
        self._names = names
        self._sight = sight
        sight.see([(name,) for name in names])
        self._only = names[0] if len(names) == 1 and not as_json else None

    def __call__(self, values: Values) -> str | None:
        """Return the key of a message."""
        message = values.message
        if message.payload is not None:
            row = values.seen(self._sight)
        elif values.published.payload is not None:
            row = values.original
        elif message.before is not None:
            row = _parsed(message.before, values)
        elif message.key is not None:
            return message.key
        else:
            raise value_missing(f"primary_keys: tombstone {message.id} has no key")
        return self._of(row, values)

    def _of(self, row: Any, values: Values) -> str:
        members = {name: _member(row, name, values) for name in self._names}
        value = members if self._only is None else members[self._only]
        return written(value, "primary_keys", values)


def _parsed(before: bytes, values: Values) -> Any:
    try:
        return parse(before)
    except ValueError as error:
        raise MessageError(
            f"the old row of message {values.message.id} cannot be read as JSON: {error}",
            stage="route",
            reason="payload_unreadable",
        ) from None


def _member(row: Any, name: str, values: Values) -> Any:
    value = row.get(name) if isinstance(row, dict) else None
    if value is None:
        raise value_missing(f"primary_keys: message {values.message.id} has no {shown_name(name)}")
    return value
