"""What is known of an expression before it is applied to anything."""

from collections.abc import Iterator
from math import prod

from pg_tide.expression.budget import Budget
from pg_tide.expression.syntax import Node, children_of, nodes_of

# Each child is applied to what came of the one before it, or to the elements of that.
_CHAINS = frozenset({"index_expression", "pipe", "subexpression"})
_PROJECTIONS = frozenset({"filter_projection", "projection", "value_projection"})
_YES_OR_NO = frozenset({"comparator", "not_expression"})
_MAKING = frozenset({"function_expression", "literal", "multi_select_dict", "multi_select_list"})

_ARRAY, _ITEM = 56, 8  # bytes
_OBJECT, _MEMBER = 64, 48


def names_of(tree: Node) -> frozenset[str] | None:
    """Return the names that an expression may look up in the outermost object; None: any."""
    names = frozenset(_names(tree))
    return None if None in names else frozenset(name for name in names if name is not None)


def _names(node: Node) -> Iterator[str | None]:
    kind, children = node["type"], list(children_of(node))
    if kind == "field":
        yield node["value"]
    elif kind == "current" or (kind == "value_projection" and children[0]["type"] == "identity"):
        yield None
    elif kind in _CHAINS | _PROJECTIONS:
        yield from _names(children[0])
    elif kind != "expref":
        for child in children:
            yield from _names(child)


def selects(tree: Node) -> bool:
    """Return whether an expression only selects parts of what it reads."""
    return not any(node["type"] in _MAKING for node in nodes_of(tree))


def copies_of(node: Node) -> int:
    """Return how often, at most, a part of what an expression reads or makes is in its result."""
    kind, copies = node["type"], [copies_of(child) for child in children_of(node)]
    if kind in _YES_OR_NO or not copies:
        return 1
    if kind in _PROJECTIONS:
        return prod(copies[:2])  # a third is a condition
    return prod(copies) if kind in _CHAINS or _is_map(node) else sum(copies)


def _is_map(node: Node) -> bool:
    return bool(node["type"] == "function_expression" and node["value"] == "map")


def set_sizes(tree: Node) -> None:
    """Tell each node that makes a value how many bytes that has, in memory or written."""
    for node in nodes_of(tree):
        count = len(node["children"])
        if node["type"] == "literal":
            node["size"] = Budget().weigh(node["value"])
        elif node["type"] == "multi_select_list":
            node["size"] = _ARRAY + _ITEM * count
        elif node["type"] == "multi_select_dict":
            names = sum(len(child["value"]) for child in node["children"])
            node["size"] = _OBJECT + _MEMBER * count + names
