"""JMESPath over what is known of a message, the same wherever an expression stands."""

from typing import Any, Literal

from pg_tide.expression import Expression
from pg_tide.payload import Values

Root = Literal["message", "payload"]


class MessageExpression:
    """An expression that is applied to messages, in one stage of the path.

    With the root "message" it sees an object of all that is known of one (`original`, the payload
    as published, only after the transform), with "payload" the parsed payload alone. Nothing is
    parsed before it asks for it. Raises ValueError when it cannot be compiled.
    """

    def __init__(self, text: str, stage: str, root: Root = "message") -> None:
        expression = Expression(text, stage)
        self._holds, self._search = expression.holds, expression.search
        whole = expression.names is None
        self._context = _payload if root == "payload" else _whole if whole else _lookups

    def holds(self, values: Values) -> bool:
        """Return whether it makes something: not null, false, "", [] or {}.

        Raises MessageError if it cannot, or if the payload that it asks for is not JSON.
        """
        return self._holds(self._context(values))

    def search(self, values: Values) -> Any:
        """Return what it makes, never too large to be written; MessageError as `holds`."""
        return self._search(self._context(values), values.size)


def _payload(values: Values) -> Any:
    return values.payload


def _whole(values: Values) -> Any:
    return values.whole()


def _lookups(values: Values) -> Any:
    return values  # has what looking names up takes
