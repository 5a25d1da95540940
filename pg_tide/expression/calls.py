"""What is wrong with the calls in an expression, found when it is compiled and not by a message.

jmespath itself looks for a function and counts its arguments only when it calls it.
"""

from pg_tide.expression.functions import FUNCTION_TABLE
from pg_tide.expression.syntax import Node, nodes_of
from pg_tide.nearest import nearest
from pg_tide.pattern import Pattern
from pg_tide.words import quoted, shown


def check_calls(tree: Node) -> dict[str, Pattern]:
    """Return the regular expressions that stand in a tree, compiled; their calls have them too.

    Raises ValueError for a call that could never succeed.
    """
    patterns = {}
    for node in nodes_of(tree):
        if node["type"] == "function_expression":
            _check_call(node)
            if node["value"] == "matches" and node["children"][1]["type"] == "literal":
                pattern = _pattern(node["children"][1])
                patterns[pattern.text] = node["pattern"] = pattern
    return patterns


def _check_call(node: Node) -> None:
    name, place, given = node["value"], node["place"], len(node["children"])
    if name not in FUNCTION_TABLE:
        near = nearest(name, FUNCTION_TABLE)
        hint = f"; did you mean {near}()?" if near else ""
        raise ValueError(f"unknown function {name}() at character {place}{hint}")
    takes = FUNCTION_TABLE[name]["signature"]
    more = takes[-1].get("variadic", False)
    if given == len(takes) or (more and given > len(takes)):
        return
    least = "at least " if more else ""
    count = "1 argument" if len(takes) == 1 else f"{len(takes)} arguments"
    raise ValueError(f"{name}() at character {place} takes {least}{count}, not {given}")


def _pattern(literal: Node) -> Pattern:
    text, place = literal["value"], literal["place"]
    if not isinstance(text, str):
        problem = f"matches() takes a regular expression, not {shown(text)} at character {place}"
        raise ValueError(problem)  # noqa: TRY004 - as all that is wrong with an expression
    try:
        return Pattern(text)
    except ValueError as error:
        problem = f"the regular expression {quoted(text)} at character {place} is none: {error}"
        raise ValueError(problem) from None
