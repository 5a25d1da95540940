"""The interpreter of jmespath, within a budget: it counts its steps and what it makes.

Nodes that make a value have its `size` in bytes: see analysis.py.
"""

from decimal import Decimal
from typing import Any

from jmespath import visitor

from pg_tide.expression.budget import Budget
from pg_tide.expression.functions import Functions
from pg_tide.expression.syntax import Node
from pg_tide.pattern import Pattern

_ITEM = 8  # bytes of a place in an array

_NESTED = (list, dict)
_SIGNS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_ORDERED: dict[type, str] = {int: "number", Decimal: "number", str: "string"}


class Interpreter(visitor.TreeInterpreter):
    """Evaluates one syntax tree. Raises SpentError where it needs more than the budget has."""

    def __init__(self, tree: Node, patterns: dict[str, Pattern]) -> None:
        self.budget = Budget()
        super().__init__(visitor.Options(custom_functions=Functions(self.budget, patterns)))
        self._tree = tree
        kinds = {name.removeprefix("visit_") for name in dir(self) if name.startswith("visit_")}
        self._visits = {kind: getattr(self, f"visit_{kind}") for kind in kinds}

    def evaluate(self, value: Any) -> Any:
        """Return what the expression makes of a value."""
        self.budget.renew()
        return self.visit(self._tree, value)

    def visit(self, node: Any, value: Any = None) -> Any:
        """Take a step."""
        budget = self.budget
        budget.steps -= 1
        if budget.steps < 0:
            budget.look()
        return self._visits[node["type"]](node, value)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        """Make one array of arrays in an array."""
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        self.budget.spend(len(base))
        self.budget.make(_ITEM * len(base))
        merged: list[Any] = []
        for element in base:
            if isinstance(element, list):
                self.budget.make(_ITEM * len(element))
                merged.extend(element)
            else:
                merged.append(element)
        return merged

    def visit_multi_select_dict(self, node: Any, value: Any) -> Any:
        """Make an object."""
        if value is None:
            return None
        self.budget.make(node["size"])
        made = {}
        for pair in node["children"]:
            made[pair["value"]] = self.visit(pair["children"][0], value)
        return made

    def visit_multi_select_list(self, node: Any, value: Any) -> Any:
        """Make an array."""
        if value is None:
            return None
        self.budget.make(node["size"])
        return [self.visit(child, value) for child in node["children"]]

    def visit_literal(self, node: Any, value: Any) -> Any:  # noqa: ARG002 - as for all of them
        """Take a value that stands in the expression; each time, it may have to be written."""
        self.budget.make(node["size"])
        return node["value"]

    def visit_comparator(self, node: Any, value: Any) -> Any:
        """Compare: anything for being equal, numbers or strings for their order."""
        first, second = node["children"]
        left, right = self.visit(first, value), self.visit(second, value)
        kind = node["value"]
        if kind in _SIGNS:
            return self._in_order(kind, left, right)
        if isinstance(left, _NESTED) and isinstance(right, _NESTED):
            self.budget.weigh(left)
        return self.COMPARATOR_FUNC[kind](left, right)

    def _in_order(self, kind: str, left: Any, right: Any) -> bool | None:
        left_kind, right_kind = _ORDERED.get(type(left)), _ORDERED.get(type(right))
        if left_kind is None or right_kind is None:
            return None
        if left_kind != right_kind:
            raise ValueError(f"{_SIGNS[kind]} cannot compare a {left_kind} with a {right_kind}")
        return bool(self.COMPARATOR_FUNC[kind](left, right))
