"""An expression as nested functions of Python: an evaluation without counting, for small values.

They select, compare and arrange as the interpreter does, which is asked wherever they raise: so
its words are the only ones. Who evaluates has to see that the work is small before it begins.
"""

from collections.abc import Callable
from typing import Any

from pg_tide.expression.comparing import Read, compared, compared_with, is_something
from pg_tide.expression.direct import DIRECT, UnfitError, matches_of
from pg_tide.expression.syntax import Node

Lookup = Callable[[str], Read]

_ITSELF = frozenset({"current", "identity"})


def compiled(tree: Node, lookup: Lookup | None = None) -> Read | None:
    """Return an evaluation of a tree; None where it has to be the interpreter's.

    `lookup` says how a name is looked up in the outermost value, where that is no object.
    """
    try:
        return _of(tree, lookup)
    except UnfitError:
        return None


def _of(node: Node, lookup: Lookup | None = None) -> Read:
    """Return the evaluation of a node, which is applied to the outermost value with a `lookup`."""
    make = _MAKERS.get(node["type"])
    if make is None:
        raise UnfitError
    return make(node, lookup)


def _field(node: Node, lookup: Lookup | None) -> Read:
    name = node["value"]
    if lookup is not None:
        return lookup(name)
    return lambda value: value.get(name) if type(value) is dict else None


def _chain(node: Node, lookup: Lookup | None) -> Read:
    read: Read = _itself
    for child in node["children"]:
        if read is _itself:
            read = _of(child, lookup)
        elif child["type"] == "field":
            read = _member(read, child["value"])
        elif child["type"] not in _ITSELF:
            read = _then(read, _of(child))
    return read


def _itself(value: Any) -> Any:
    return value


def _current(node: Node, lookup: Lookup | None) -> Read:  # noqa: ARG001 - as for all of them
    return _itself


def _member(read: Read, name: str) -> Read:
    def member(value: Any) -> Any:
        found = read(value)
        return found.get(name) if type(found) is dict else None

    return member


def _then(first: Read, second: Read) -> Read:
    return lambda value: second(first(value))


def _index(node: Node, lookup: Lookup | None) -> Read:  # noqa: ARG001
    place = node["value"]

    def element(value: Any) -> Any:
        if type(value) is not list:
            return None
        try:
            return value[place]
        except IndexError:
            return None

    return element


def _slice(node: Node, lookup: Lookup | None) -> Read:  # noqa: ARG001
    places = slice(*node["children"])
    return lambda value: value[places] if type(value) is list else None


def _literal(node: Node, lookup: Lookup | None) -> Read:  # noqa: ARG001
    literal = node["value"]
    return lambda _: literal


def _projection(node: Node, lookup: Lookup | None) -> Read:
    left, right = _of(node["children"][0], lookup), node["children"][1]
    if right["type"] == "field":
        return _members(left, right["value"])
    of_each = _of(right)

    def project(value: Any) -> Any:
        base = left(value)
        if type(base) is not list:
            return None
        return [found for element in base if (found := of_each(element)) is not None]

    return project


def _members(left: Read, name: str) -> Read:
    def members(value: Any) -> Any:
        base = left(value)
        if type(base) is not list:
            return None
        return [
            found
            for element in base
            if type(element) is dict and (found := element.get(name)) is not None
        ]

    return members


def _value_projection(node: Node, lookup: Lookup | None) -> Read:
    left, of_each = _of(node["children"][0], lookup), _of(node["children"][1])

    def project(value: Any) -> Any:
        base = left(value)
        if type(base) is not dict:
            return None
        return [found for element in base.values() if (found := of_each(element)) is not None]

    return project


def _filter_projection(node: Node, lookup: Lookup | None) -> Read:
    left, right, condition = node["children"]
    base_of, of_each, met = _of(left, lookup), _of(right), _of(condition)

    def project(value: Any) -> Any:
        base = base_of(value)
        if type(base) is not list:
            return None
        return [
            found
            for element in base
            if is_something(met(element)) and (found := of_each(element)) is not None
        ]

    return project


def _flatten(node: Node, lookup: Lookup | None) -> Read:
    read = _of(node["children"][0], lookup)

    def flatten(value: Any) -> Any:
        base = read(value)
        if type(base) is not list:
            return None
        merged: list[Any] = []
        for element in base:
            if type(element) is list:
                merged.extend(element)
            else:
                merged.append(element)
        return merged

    return flatten


def _multi_select_list(node: Node, lookup: Lookup | None) -> Read:
    reads = [_of(child, lookup) for child in node["children"]]
    return lambda value: None if value is None else [read(value) for read in reads]


def _multi_select_dict(node: Node, lookup: Lookup | None) -> Read:
    pairs = [(pair["value"], _of(pair["children"][0], lookup)) for pair in node["children"]]
    return lambda value: None if value is None else {name: read(value) for name, read in pairs}


def _comparator(node: Node, lookup: Lookup | None) -> Read:
    left, right = (_of(child, lookup) for child in node["children"])
    other = node["children"][1]
    if other["type"] == "literal":
        return compared_with(node["value"], left, other["value"])
    return compared(node["value"], left, right)


def _or(node: Node, lookup: Lookup | None) -> Read:
    left, right = (_of(child, lookup) for child in node["children"])

    def either(value: Any) -> Any:
        found = left(value)
        return found if is_something(found) else right(value)

    return either


def _and(node: Node, lookup: Lookup | None) -> Read:
    left, right = (_of(child, lookup) for child in node["children"])

    def both(value: Any) -> Any:
        found = left(value)
        return right(value) if is_something(found) else found

    return both


def _not(node: Node, lookup: Lookup | None) -> Read:
    read = _of(node["children"][0], lookup)
    return lambda value: not is_something(read(value))


def _call(node: Node, lookup: Lookup | None) -> Read:
    pattern = node.get("pattern")
    function = matches_of(pattern) if pattern else DIRECT.get(node["value"])
    if function is None:
        raise UnfitError
    reads = [_of(child, lookup) for child in node["children"]]
    if len(reads) == 2:
        one, other = reads
        return lambda value: function(one(value), other(value))
    return lambda value: function(*[read(value) for read in reads])


_MAKERS: dict[str, Callable[[Node, Lookup | None], Read]] = {
    "and_expression": _and,
    "comparator": _comparator,
    "current": _current,
    "field": _field,
    "filter_projection": _filter_projection,
    "flatten": _flatten,
    "function_expression": _call,
    "identity": _current,
    "index": _index,
    "index_expression": _chain,
    "literal": _literal,
    "multi_select_dict": _multi_select_dict,
    "multi_select_list": _multi_select_list,
    "not_expression": _not,
    "or_expression": _or,
    "pipe": _chain,
    "projection": _projection,
    "slice": _slice,
    "subexpression": _chain,
    "value_projection": _value_projection,
}
