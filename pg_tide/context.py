"""JMESPath over what is known of a message, the same wherever an expression stands."""

from collections.abc import Callable
from typing import Any, Literal

from pg_tide.expression import Expression
from pg_tide.payload import USUAL, Sight, Values, reader_of

Root = Literal["message", "payload"]


class MessageExpression:
    """An expression that is applied to messages, in one stage of the path.

    With the root "message" it sees an object of all that is known of one (`original`, the payload
    as published, only after the transform), with "payload" the parsed payload alone. Nothing is
    parsed before it asks for it, and of the payload no more than this `sight` sees. Raises
    ValueError when it cannot be compiled.
    """

    def __init__(
        self, text: str, stage: str, root: Root = "message", sight: Sight | None = None
    ) -> None:
        sight = sight or Sight()
        self._context: Callable[[Values], Any]
        of_message = root == "message"
        lookup = (lambda name: reader_of(name, sight)) if of_message else None
        expression = Expression(text, stage, lookup)
        self._holds, self._search = expression.holds, expression.search
        names = expression.names
        if not of_message:
            sight.see(expression.paths)
            self._context = lambda values: values.seen(sight)
        elif names is None:
            self._context = _whole
        else:
            sight.see(path[1:] for path in expression.paths if path[0] == "payload")
            self._context = _itself
        usual = not of_message or (names is not None and names <= USUAL)
        self._size = Values.usual_size if usual else Values.size

    def holds(self, values: Values) -> bool:
        """Return whether it makes something: not null, false, "", [] or {}.

        Raises MessageError if it cannot, or if the payload that it asks for is not JSON.
        """
        return self._holds(self._context(values), self._size(values))

    def search(self, values: Values) -> Any:
        """Return what it makes, never too large to be written; MessageError as `holds`."""
        return self._search(self._context(values), self._size(values))


def _whole(values: Values) -> Any:
    return values.whole()


def _itself(values: Values) -> Any:
    return values  # has what looking names up takes
