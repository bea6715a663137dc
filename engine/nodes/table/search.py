"""Questions about boxes: where no row is, where two rows are, which rows are never first.

A row is a box: for each column the classes that it allows (`domains`). A question starts with the box of all values
and the rows in it. Where the answer is plain it stops, elsewhere it cuts the box in two at a bound of some row and asks
again; the rows are clipped to each half and counted from its lowest class, so that they get smaller with it. Answers
are exact; the work is counted and bounded, for the worst tables have no short answer.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple, TypeAlias

from .domains import Mask

Box: TypeAlias = tuple[Mask, ...]
Claim: TypeAlias = tuple[Hashable, Hashable]
LIMIT = 2_000_000  # rows looked at in one question: a second or two
FEW = 12  # rows that are compared with each other rather than cut apart
SAMPLES = 16  # points tried for each row before asking whether it is ever first
NARROW = 16  # classes of a column whose rows are put together to find the rows near another
SAMPLED_BITS = 1_600_000_000  # a quarter of this is what sampling keeps of a column


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


class _Part(NamedTuple):
    """A part of the box with the rows in it, clipped to it; bit 0 of a column is class `low` of that column."""

    full: Box
    rows: list[Box]
    ids: list[int]
    low: tuple[int, ...]

    def box(self) -> Box:
        """The part in the classes of the whole."""
        return tuple([mask << low for mask, low in zip(self.full, self.low, strict=True)])

    def whole(self) -> list[int]:
        """The places of the rows that fill the part."""
        return [place for place, row in enumerate(self.rows) if row == self.full]


def _part(box: Box, rows: Sequence[Box], ids: Sequence[int]) -> _Part:
    low = tuple([(mask & -mask).bit_length() - 1 for mask in box])
    clipped, kept = [], []
    for index in ids:
        row = intersection(box, rows[index])
        if row is not None:
            clipped.append(tuple([mask >> shift for mask, shift in zip(row, low, strict=True)]))
            kept.append(index)
    return _Part(tuple([mask >> shift for mask, shift in zip(box, low, strict=True)]), clipped, kept, low)


def _halves(part: _Part) -> tuple[_Part, _Part]:
    """The part cut in two at a bound of the column that tells most of its rows apart."""
    full, rows = part.full, part.rows
    counts = [sum([row[column] != whole for row in rows]) for column, whole in enumerate(full)]
    column = counts.index(max(counts))
    whole = full[column]
    partial = [row[column] for row in rows if row[column] != whole]
    chosen = partial[0] if len(rows) <= FEW else _middle(whole, partial)
    return _half(part, column, chosen), _half(part, column, whole & ~chosen)


def _half(part: _Part, column: int, mask: Mask) -> _Part:
    shift = (mask & -mask).bit_length() - 1
    rows, ids = [], []
    for row, index in zip(part.rows, part.ids, strict=True):
        inside = row[column] & mask
        if inside:
            rows.append((*row[:column], inside >> shift, *row[column + 1 :]))
            ids.append(index)
    full = (*part.full[:column], mask >> shift, *part.full[column + 1 :])
    low = (*part.low[:column], part.low[column] + shift, *part.low[column + 1 :])
    return _Part(full, rows, ids, low)


def _middle(whole: Mask, partial: Sequence[Mask]) -> Mask:
    """The lower part of the mask, cut at the median of all bounds inside it; the first set when there is no bound."""
    above = whole.bit_length()
    cuts = []
    for mask in partial:
        cuts.append((mask & -mask).bit_length() - 1)
        cuts.append(mask.bit_length())
    inside = sorted([cut for cut in cuts if 0 < cut < above])
    if not inside:
        return partial[0]
    chosen = whole & ((1 << inside[len(inside) // 2]) - 1)
    return chosen if chosen and chosen != whole else partial[0]


def gap(box: Box, rows: Sequence[Box], budget: Budget) -> Box | None:
    """A part of the box in which no row is; None when the rows cover it."""
    for column, whole in enumerate(box):
        left = whole
        for row in rows:
            left &= ~row[column]
            if not left:
                break
        if left:
            return (*box[:column], left, *box[column + 1 :])
    waiting = [_part(box, rows, range(len(rows)))]
    while waiting:
        part = waiting.pop()
        budget.spend(len(part.rows) + 1)
        if not part.rows:
            return part.box()
        if part.full not in part.rows:
            first, second = _halves(part)
            waiting += [second, first]
    return None


def overlaps(
    box: Box, rows: Sequence[Box], claims: Sequence[Claim], budget: Budget, most: int
) -> list[tuple[int, int, Box]]:
    """Pairs of rows (by index) that meet and conflict, each with the part of the box where; `most` pairs at most.

    A claim is (group, value): two rows conflict when they have one group and different values. Where rows that conflict
    fill a whole part of the box, only their conflicts with the first of them are told.
    """
    found: dict[tuple[int, int], Box] = {}
    waiting = [_part(box, rows, range(len(rows)))]
    while waiting and len(found) < most:
        part = waiting.pop()
        budget.spend(len(part.rows) + 1)
        whole = part.whole()
        pairs = _conflicts([part.ids[place] for place in whole], claims)
        if pairs:
            for pair in pairs[:most]:
                found.setdefault(pair, part.box())
        elif len(part.rows) <= FEW:
            for i, j in _conflicting_pairs(part.ids, claims):
                common = intersection(part.box(), rows[i], rows[j])
                if common is not None:
                    found.setdefault((i, j), common)
        elif len(whole) < len(part.rows):
            first, second = _halves(part)
            waiting += [second, first]
    return [(i, j, found[i, j]) for i, j in sorted(found)][:most]


def _conflicts(ids: Sequence[int], claims: Sequence[Claim]) -> list[tuple[int, int]]:
    """The first row of each group with each row of the group that says something else."""
    first: dict[Hashable, int] = {}
    pairs = []
    for index in ids:
        group, value = claims[index]
        other = first.setdefault(group, index)
        if claims[other][1] != value:
            pairs.append((other, index))
    return pairs


def _conflicting_pairs(ids: Sequence[int], claims: Sequence[Claim]) -> list[tuple[int, int]]:
    return [
        (i, j)
        for place, i in enumerate(ids)
        for j in ids[place + 1 :]
        if claims[i][0] == claims[j][0] and claims[i][1] != claims[j][1]
    ]


def never_first(box: Box, rows: Sequence[Box], budget: Budget) -> list[int]:
    """Indexes of the rows that are not the first one anywhere in the box."""
    if len(box) == 1:
        return _never_first_alone(box[0], [row[0] for row in rows])
    if any(mask.bit_length() * len(rows) > SAMPLED_BITS for mask in box):
        raise BudgetSpentError
    columns = [_RowsByClass([row[column] for row in rows], mask) for column, mask in enumerate(box)]
    seen = _first_at_samples(box, rows, columns)
    end = next((index for index, row in enumerate(rows) if covers(row, box)), len(rows))
    for index in range(min(end + 1, len(rows))):
        own = intersection(box, rows[index])
        if index not in seen and own is not None:
            near = _near(own, index, columns)
            budget.spend(len(near) // 4 + 1)  # looking whether rows meet costs a fraction of cutting them
            before = [rows[other] for other in near if meets(own, rows[other])]
            if not any(covers(row, own) for row in before) and gap(own, before, budget) is not None:
                seen.add(index)
    return [index for index in range(len(rows)) if index not in seen]


def _never_first_alone(left: Mask, masks: Sequence[Mask]) -> list[int]:
    """As `never_first`, for one column: a row is first where no row before it took a class."""
    found = []
    for index, mask in enumerate(masks):
        if not mask & left:
            found.append(index)
        left &= ~mask
    return found


def _near(own: Box, index: int, columns: Sequence[_RowsByClass]) -> list[int]:
    """The rows before a row, as far as its narrow columns do not tell them apart from it."""
    hits = (1 << index) - 1
    for mask, column in zip(own, columns, strict=True):
        if mask.bit_count() <= NARROW:
            allowed = 0
            for place in places(mask):
                allowed |= column.rows(place)
            hits &= allowed
    return places(hits)


def _first_at_samples(box: Box, rows: Sequence[Box], columns: Sequence[_RowsByClass]) -> set[int]:
    """Rows that are first at one of a few points of each row, always the same ones; for most rows that settles it."""
    chance = Random(len(rows))  # noqa: S311 - points to try, no secrets
    seen: set[int] = set()
    for index, row in enumerate(rows):
        own = intersection(box, row)
        for _ in range(SAMPLES if own is not None else 0):
            if index in seen:
                break
            hits = -1
            for mask, column in zip(own or (), columns, strict=True):
                hits &= column.rows(_some_class(mask, chance))
            seen.add((hits & -hits).bit_length() - 1)
    return seen


def _some_class(mask: Mask, chance: Random) -> int:
    rest = mask >> (start := int(chance.random() * mask.bit_length()))
    return start + (rest & -rest).bit_length() - 1


class _RowsByClass:
    """For each class of a column the rows that allow it, as the bits of an integer; every fourth set is kept."""

    __slots__ = ("_changes", "_kept")

    def __init__(self, masks: Sequence[Mask], whole: Mask) -> None:
        self._changes = [0] * (whole.bit_length() + 1)
        for index, mask in enumerate(masks):
            edges = mask ^ (mask << 1)  # a bit where a stretch of classes begins, and one behind where it ends
            while edges:
                low = edges & -edges
                self._changes[low.bit_length() - 1] ^= 1 << index
                edges ^= low
        self._kept: list[int] = []
        running = 0
        for place, change in enumerate(self._changes):
            running ^= change
            if place & 3 == 0:
                self._kept.append(running)

    def rows(self, place: int) -> int:
        """The rows that allow a class."""
        found = self._kept[place >> 2]
        for later in range((place | 3) - 2, place + 1):
            found ^= self._changes[later]
        return found


def places(mask: Mask) -> list[int]:
    """The places of the bits of a mask, the lowest first."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


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
