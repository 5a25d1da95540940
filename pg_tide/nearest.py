"""The nearest name: what somebody meant who wrote another one.

The same rules as the SQL function `tide._nearest`, so that both suggest the same.
"""

import string
from collections.abc import Iterable

# As lower() does in the C locale: what other letters become depends on the database.
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_COMPARED = 100


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like a name (of equals the first), or None when none is near."""
    limit = min(max(2, len(name) // 3), len(name) - 1)
    short = name[:_COMPARED].translate(_LOWER)
    distances = ((edit_distance(short, c[:_COMPARED].translate(_LOWER)), c) for c in candidates)
    return min(
        ((distance, c) for distance, c in distances if distance <= limit), default=(0, None)
    )[1]


def edit_distance(a: str, b: str) -> int:
    """Count the insertions, deletions, replacements and swaps of neighbours that make `a` of `b`.

    Optimal string alignment: Damerau-Levenshtein without editing a swapped pair again.
    """
    before_last: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a):
        this = [i + 1]
        for j, y in enumerate(b):
            cost = min(last[j + 1] + 1, this[j] + 1, last[j] + (x != y))
            if i and j and x == b[j - 1] and a[i - 1] == y:
                cost = min(cost, before_last[j - 1] + 1)
            this.append(cost)
        before_last, last = last, this
    return last[-1]
