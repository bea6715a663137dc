"""The nearest existing name for one that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

LONGEST = 64
MOST_CANDIDATES = 50_000


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate closest to `name`, or None when none is close; ties go to the one that sorts first.

    Close means at most one edit for four letters, two up to eight, three beyond; swapping two neighbours is one
    edit, and case and `-` for `_` cost nothing.

    >>> nearest("greater_then", ["greater_than", "less_than"])
    'greater_than'
    >>> nearest("xyz", ["greater_than"]) is None
    True
    """
    if not name or len(name) > LONGEST:
        return None
    wanted = _fold(name)
    limit = _tolerance(len(wanted))
    best: tuple[int, str] | None = None
    for candidate in islice(candidates, MOST_CANDIDATES):
        if abs(len(candidate) - len(wanted)) > limit or candidate == name:
            continue
        distance = edit_distance(wanted, _fold(candidate), limit)
        if distance is not None and (best is None or (distance, candidate) < best):
            best = (distance, candidate)
            limit = distance
    return best[1] if best else None


def is_as_near(name: str, candidate: str, near: str) -> bool:
    """Whether a candidate is at most as far from a name as one that is near, so that neither is plainly meant."""
    wanted = _fold(name)
    distance = edit_distance(wanted, _fold(near), LONGEST)
    return distance is not None and edit_distance(wanted, _fold(candidate), distance) is not None


def edit_distance(left: str, right: str, limit: int) -> int | None:
    """How many insertions, deletions, replacements and swaps of neighbours apart, or None beyond `limit`.

    Optimal string alignment, Ukkonen's band of width 2 * limit + 1.
    """
    if left == right:
        return 0
    if abs(len(left) - len(right)) > limit or not _share_letters(left, right, limit):
        return None
    far = limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, 1):
        following = [i] + [far] * len(right)
        for j in range(max(1, i - limit), min(len(right), i + limit) + 1):
            cost = min(row[j] + 1, following[j - 1] + 1, row[j - 1] + (letter != right[j - 1]))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == right[j - 1]:
                cost = min(cost, before[j - 2] + 1)
            following[j] = cost
        before, row = row, following
        if min(row) > limit:
            return None
    return row[-1] if row[-1] <= limit else None


def _share_letters(left: str, right: str, limit: int) -> bool:
    """A quick no: each edit can bring in at most one letter that the other lacks."""
    return len(set(left) - set(right)) <= limit and len(set(right) - set(left)) <= limit


def _fold(name: str) -> str:
    return name.lower().replace("-", "_")


def _tolerance(length: int) -> int:
    if length <= 4:
        return 1
    return 2 if length <= 8 else 3
