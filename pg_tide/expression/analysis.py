"""What is known of an expression before it is applied to anything."""

from collections.abc import Iterable
from itertools import chain
from math import prod

from pg_tide.exact_json import Path
from pg_tide.expression.budget import Budget
from pg_tide.expression.syntax import Node, children_of, nodes_of

# Each child is applied to what came of the one before it, or to the elements of that.
_CHAINS = frozenset({"index_expression", "pipe", "subexpression"})
_PROJECTIONS = frozenset({"filter_projection", "projection", "value_projection"})
_OF_ELEMENTS = frozenset({"filter_projection", "flatten", "projection"})
_SAME = frozenset({"current", "identity", "slice"})
_INSIDE = frozenset({"field", "index"})
_YES_OR_NO = frozenset({"comparator", "not_expression"})
_READING = frozenset({"comparator", "function_expression"})
_MAKING = frozenset({"function_expression", "literal", "multi_select_dict", "multi_select_list"})

_WHOLE: frozenset[Path] = frozenset({()})
_ANYTHING: frozenset[Path] = frozenset({(None,)})  # whether it is there, and of which type
_NOWHERE: frozenset[Path] = frozenset()
_LONGEST_PATH, _MOST_PATHS = 5, 200

_ARRAY, _ITEM = 56, 8  # bytes
_OBJECT, _MEMBER = 64, 48
_BYTES_A_STEP, _INSTRUCTIONS_A_STEP = 16, 5


def paths_of(tree: Node) -> frozenset[Path]:
    """Return where an expression looks in what it is applied to; () stands for everything."""
    return _looks(tree, _WHOLE)


def names_of(paths: Iterable[Path]) -> frozenset[str] | None:
    """Return the names that an expression may look up in the outermost object; None: any."""
    paths = frozenset(paths)
    return None if () in paths else frozenset(path[0] for path in paths if path[0] is not None)


def _looks(node: Node, wanted: frozenset[Path]) -> frozenset[Path]:
    """Return where a node looks, of whose result these paths are wanted."""
    kind, children = node["type"], list(children_of(node))
    if kind in _SAME:
        return wanted
    if kind in _INSIDE:
        name = node["value"] if kind == "field" else None
        # Even if nothing of it is wanted, what comes next may ask whether it is null.
        return _short((name, *path) for path in wanted or _ANYTHING)
    if kind in _CHAINS:
        for child in reversed(children):
            wanted = _looks(child, wanted)
        return wanted
    if kind in _OF_ELEMENTS:
        return _looks(children[0], _of_elements(kind, children[1:], wanted))
    return _looks_all(kind, children)


def _looks_all(kind: str, children: list[Node]) -> frozenset[Path]:
    """Return the same of a node that wants all of what its children make."""
    if kind == "value_projection":
        return _looks(children[0], _WHOLE)
    if kind == "expref":  # applied to another argument, of which all is wanted
        return _NOWHERE
    return _short(path for child in children for path in _looks(child, _WHOLE))


def _of_elements(kind: str, of_each: list[Node], wanted: frozenset[Path]) -> frozenset[Path]:
    """Return what is wanted of an array, of whose flattened or projected elements this is."""
    if kind == "flatten":
        return _short(wanted, ((None, *path) for path in wanted if path[:1] == (None,)))
    inside = frozenset(path[1:] for path in wanted if path[:1] in {(), (None,)})
    found = frozenset(path for node in of_each[1:] for path in _looks(node, _WHOLE))
    return _short((None, *path) for path in (_looks(of_each[0], inside) | found or _WHOLE))


def _short(*several: Iterable[Path]) -> frozenset[Path]:
    """Return paths, cut where they are many or long: there all is wanted."""
    paths = frozenset(path[:_LONGEST_PATH] for path in chain(*several))
    return paths if len(paths) <= _MOST_PATHS else frozenset(path[:1] for path in paths)


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


def work_of(node: Node, copies: int = 1) -> int:
    """Return how many steps an evaluation takes at most, for each byte that it is applied to.

    A value of that size has half as many parts. What a step makes has 16 bytes at most. `copies`
    is how often a part is in what this node is applied to. To be told after `set_sizes`.
    """
    kind, children = node["type"], list(children_of(node))
    work: int = copies * (1 + node.get("size", 0) // _BYTES_A_STEP)
    if kind in _READING:
        work += copies * sum(map(copies_of, children))
    if "pattern" in node:
        work += copies * node["pattern"].size // _INSTRUCTIONS_A_STEP
    for place, child in enumerate(children):
        work += work_of(child, copies)
        if kind in _CHAINS or (kind in _PROJECTIONS and place == 0):
            copies *= copies_of(child)
    return work


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
