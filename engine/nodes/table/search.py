"""Questions about boxes: where no row is, where two rows are, which rows are never first.

A row is a box: for each column the classes that it allows (`domains`). A question starts with the box of all values and
the rows in it. Where the answer is plain it stops, elsewhere it cuts the box in two at a bound of some row and asks
again. Answers are exact; the work is counted and bounded, for the worst tables have no short answer.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .domains import Mask

Box: TypeAlias = tuple[Mask, ...]
LIMIT = 1_000_000  # rows looked at in one question: about a second
FEW = 12  # rows that are compared with each other rather than cut apart


class BudgetSpentError(Exception):
    """The question was not answered within its limit."""


@dataclass(slots=True)
class Budget:
    """How many rows may still be looked at."""

    left: int = LIMIT

    def spend(self, rows: int) -> None:
        """Count rows. Raises BudgetSpentError when there is no budget left."""
        self.left -= rows
        if self.left < 0:
            raise BudgetSpentError


def gap(box: Box, rows: Sequence[Box], budget: Budget) -> Box | None:
    """A part of the box in which no row is; None when the rows cover it."""
    waiting = [(box, rows)]
    while waiting:
        place, near = waiting.pop()
        budget.spend(len(near) + 1)
        live = [row for row in near if meets(place, row)]
        if not live:
            return place
        if any(covers(row, place) for row in live):
            continue
        first, second = _halves(place, live)
        waiting += [(second, live), (first, live)]
    return None


Pairs: TypeAlias = dict[tuple[int, int], Box]


def overlaps(
    box: Box, rows: Sequence[Box], claims: Sequence[tuple[Hashable, Hashable]], budget: Budget, most: int
) -> list[tuple[int, int, Box]]:
    """Pairs of rows (by index) that meet and conflict, each with the part of the box where; `most` pairs at most.

    A claim is (group, value): two rows conflict when they have one group and different values. Where rows that conflict
    fill a whole part of the box, only their conflicts with the first of them are told.
    """
    found: Pairs = {}
    waiting = [(box, list(range(len(rows))))]
    while waiting and len(found) < most:
        place, near = waiting.pop()
        budget.spend(len(near) + 1)
        live = [index for index in near if meets(place, rows[index])]
        pairs = _conflicts([index for index in live if covers(rows[index], place)], claims)
        if pairs:
            for pair in pairs[:most]:
                found.setdefault(pair, place)
        elif len(live) > FEW and not all(covers(rows[index], place) for index in live):
            first, second = _halves(place, [rows[index] for index in live])
            waiting += [(second, live), (first, live)]
        else:
            budget.spend(len(live) * FEW)
            _compare(place, live, rows, claims, found)
    return [(i, j, found[i, j]) for i, j in sorted(found)][:most]


def _conflicts(live: Sequence[int], claims: Sequence[tuple[Hashable, Hashable]]) -> list[tuple[int, int]]:
    """The first row of each group with each row of the group that says something else."""
    first: dict[Hashable, int] = {}
    pairs = []
    for index in live:
        group, value = claims[index]
        other = first.setdefault(group, index)
        if claims[other][1] != value:
            pairs.append((other, index))
    return pairs


def _compare(
    place: Box, live: Sequence[int], rows: Sequence[Box], claims: Sequence[tuple[Hashable, Hashable]], found: Pairs
) -> None:
    for position, i in enumerate(live if len(live) <= FEW else ()):
        for j in live[position + 1 :]:
            if claims[i][0] == claims[j][0] and claims[i][1] != claims[j][1]:
                common = intersection(place, rows[i], rows[j])
                if common is not None:
                    found.setdefault((i, j), common)


@dataclass(slots=True)
class _FirstRows:
    """Finds the rows that are first somewhere."""

    rows: Sequence[Box]
    budget: Budget
    seen: set[int] = field(default_factory=set)

    def look(self, box: Box) -> None:
        waiting = [(box, list(range(len(self.rows))))]
        while waiting:
            place, near = waiting.pop()
            self.budget.spend(len(near) + 1)
            live = self._live(place, near)
            if not live or all(index in self.seen for index in live):
                continue
            if covers(self.rows[live[0]], place):
                self.seen.add(live[0])
            elif len(live) <= FEW:
                self._compare(place, live)
            else:
                first, second = _halves(place, [self.rows[index] for index in live])
                waiting += [(second, live), (first, live)]

    def _live(self, place: Box, near: Sequence[int]) -> list[int]:
        """The rows that meet the place, up to the first that covers all of it: those after it are never first here."""
        live = []
        for index in near:
            row = self.rows[index]
            if meets(place, row):
                live.append(index)
                if covers(row, place):
                    break
        return live

    def _compare(self, place: Box, live: Sequence[int]) -> None:
        for position, index in enumerate(live):
            if index not in self.seen:
                part = intersection(place, self.rows[index])
                before = [self.rows[other] for other in live[:position]]
                if part is not None and gap(part, before, self.budget) is not None:
                    self.seen.add(index)


def never_first(box: Box, rows: Sequence[Box], budget: Budget) -> list[int]:
    """Indexes of the rows that are not the first one anywhere in the box."""
    search = _FirstRows(rows, budget)
    search.look(box)
    return [index for index in range(len(rows)) if index not in search.seen]


def meets(box: Box, row: Box) -> bool:
    """Whether some point lies in both."""
    for left, right in zip(box, row, strict=True):  # noqa: SIM110 - a plain loop is twice as fast here
        if not left & right:
            return False
    return True


def covers(row: Box, box: Box) -> bool:
    """Whether every point of the box lies in the row."""
    for left, right in zip(box, row, strict=True):  # noqa: SIM110 - as above
        if left & ~right:
            return False
    return True


def intersection(box: Box, *rows: Box) -> Box | None:
    """The points that lie in all of them; None when there are none."""
    for row in rows:
        box = tuple([left & right for left, right in zip(box, row, strict=True)])
    return box if all(box) else None


def _halves(box: Box, live: Sequence[Box]) -> tuple[Box, Box]:
    """The box cut in two at a bound of the column that tells most of the rows apart."""
    counts = [sum(1 for row in live if whole & ~row[column]) for column, whole in enumerate(box)]
    column = max(range(len(box)), key=counts.__getitem__)
    whole = box[column]
    partial = [row[column] & whole for row in live if whole & ~row[column]]
    part = partial[0] if len(live) <= FEW else _middle(whole, partial)
    return (*box[:column], part, *box[column + 1 :]), (*box[:column], whole & ~part, *box[column + 1 :])


def _middle(whole: Mask, partial: Sequence[Mask]) -> Mask:
    """The lower part of the mask, cut at the median of all bounds inside it; the first set when there is no bound."""
    lowest, above = (whole & -whole).bit_length() - 1, whole.bit_length()
    cuts = []
    for mask in partial:
        cuts.append((mask & -mask).bit_length() - 1)
        cuts.append(mask.bit_length())
    inside = sorted(cut for cut in cuts if lowest < cut < above)
    if not inside:
        return partial[0]
    part = whole & ((1 << inside[len(inside) // 2]) - 1)
    return part if part and part != whole else partial[0]
