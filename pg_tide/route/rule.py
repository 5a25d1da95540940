"""One of `routing.rules`: which messages go elsewhere, where to, and under which key."""

from collections.abc import Callable

from pg_tide.config.routing import RoutingRule
from pg_tide.payload import Sight, Values
from pg_tide.route.key import key_template
from pg_tide.route.look import TextOf, holds
from pg_tide.route.topic import TopicTemplate
from pg_tide.template import variable

Matches = Callable[[Values], bool]


class Rule:
    """A rule, the `place`th from 0; `key` is None where it leaves the key alone."""

    def __init__(
        self, rule: RoutingRule, place: int, outbox: str, sight: Sight | None = None
    ) -> None:
        path = f"routing.rules[{place}]"
        self.matches = _condition(rule, sight)
        self.topic = TopicTemplate(rule.topic, f"{path}.topic", outbox, sight)
        self.key: TextOf | None = None
        if rule.message_key is not None:
            self.key = key_template(rule.message_key, f"{path}.message_key", outbox, sight)


def _condition(rule: RoutingRule, sight: Sight | None) -> Matches:
    if rule.when is not None:
        return holds(rule.when, sight)
    read = variable(rule.match_field or "", sight)
    wanted = rule.match_value
    return lambda values: read(values) == wanted
