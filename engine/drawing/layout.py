"""Where boxes and arrows lie: layers from the top, few crossings, no two things in one place.

Layered drawing after Sugiyama, Tagawa and Toda (1981). Boxes have even ranks and labels the odd ranks between them, so
a label has a place of its own like a box. An arrow over several ranks is given a place in each. Within a rank the order
follows the neighbours' middle (barycentre, the best of some sweeps up and down); places are the nearest to the
neighbours, by least squares, that keep order and distance (pooling adjacent violators, exact for one rank).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Size = tuple[float, float]
Ends = tuple[str, str]

SWEEPS = 12
GAP_X = 28.0
GAP_Y = 36.0
HEAD = 10.0  # the straight end of an arrow, for its head to point down
LANE = 10.0  # the width reserved for an arrow next to boxes
STRAIGHT = 8.0  # how much more an arrow's own line counts than its ends


@dataclass(slots=True, eq=False)
class Item:
    """An item of a rank: a box, a label, or a bend of an arrow."""

    width: float
    height: float
    rank: int
    weight: float = 1.0
    x: float = 0.0
    above: list[Item] = field(default_factory=list)
    below: list[Item] = field(default_factory=list)
    order: int = 0
    box: str | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """The height that a rank takes."""

    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """Half its height down."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Position:
    """A rectangle by its middle."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Stop:
    """A stretch of an arrow that goes straight down."""

    x: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Route:
    """An arrow's way through its stops, from one box's lower edge to the other's upper edge; its label's place."""

    stops: tuple[Stop, ...]
    label: Position | None


@dataclass(frozen=True, slots=True)
class Layout:
    """All places, in a picture of `width` × `height`."""

    width: float
    height: float
    boxes: Mapping[str, Position]
    routes: Mapping[Ends, Route]


def lay_out(boxes: Mapping[str, Size], labels: Mapping[Ends, Size | None], margin: float = 24.0) -> Layout:
    """The layout of boxes by name and of arrows by their ends, with the size of each label; arrows form no cycle."""
    ranks = _ranks(boxes, labels)
    items = {name: Item(*size, ranks[name], box=name) for name, size in boxes.items()}
    chains = {ends: _chain(items[ends[0]], items[ends[1]], size) for ends, size in labels.items()}
    rows = _rows(items.values(), chains.values())
    _arrange(rows)
    _set_places(rows)
    left = min((item.x - item.width / 2 for row in rows for item in row), default=0.0)
    for row in rows:
        for item in row:
            item.x += margin - left
    bands = _bands(rows, margin)
    width = max((item.x + item.width / 2 for row in rows for item in row), default=0.0) + margin
    height = bands[-1].bottom + margin if bands else 2 * margin
    places = {name: Position(item.x, bands[item.rank].middle, item.width, item.height) for name, item in items.items()}
    return Layout(width, height, places, _routes(items, chains, labels, bands))


def _ranks(boxes: Iterable[str], arrows: Iterable[Ends]) -> dict[str, int]:
    """Each box as far down as its longest way from the top; even numbers."""
    after: dict[str, list[str]] = defaultdict(list)
    waiting: dict[str, int] = dict.fromkeys(boxes, 0)
    for source, target in arrows:
        after[source].append(target)
        waiting[target] += 1
    ranks = dict.fromkeys(waiting, 0)
    ready = [name for name, count in waiting.items() if not count]
    for name in ready:
        for target in after[name]:
            ranks[target] = max(ranks[target], ranks[name] + 2)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    if len(ready) < len(ranks):
        raise ValueError("the arrows form a cycle")
    return ranks


def _chain(source: Item, target: Item, label: Size | None) -> list[Item]:
    """The items between two boxes, one in each rank: the label first, then bends."""
    first = Item(*(label or (LANE, 0.0)), source.rank + 1)
    bends = [Item(LANE, 0.0, rank, STRAIGHT) for rank in range(source.rank + 2, target.rank)]
    chain = [source, first, *bends, target]
    for upper, lower in pairwise(chain):
        upper.below.append(lower)
        lower.above.append(upper)
    return chain[1:-1]


def _rows(boxes: Iterable[Item], chains: Iterable[Sequence[Item]]) -> list[list[Item]]:
    items = [*boxes, *(item for chain in chains for item in chain)]
    rows: list[list[Item]] = [[] for _ in range(max((item.rank for item in items), default=-1) + 1)]
    for item in _by_depth(items):
        rows[item.rank].append(item)
    for row in rows:
        _number(row)
    return rows


def _by_depth(items: Sequence[Item]) -> list[Item]:
    """The items as a walk from the top meets them, which puts what belongs together side by side."""
    seen: dict[int, Item] = {}
    for first in items:
        if first.above:
            continue
        waiting = [first]
        while waiting:
            item = waiting.pop()
            if id(item) not in seen:
                seen[id(item)] = item
                waiting.extend(reversed(item.below))
    return list(seen.values())


def _number(row: Sequence[Item]) -> None:
    for index, item in enumerate(row):
        item.order = index


def _arrange(rows: list[list[Item]]) -> None:
    """Order each rank for few crossings, then for ways out in their own order: the best of several sweeps.

    A picture and its mirror image have equal crossings, so that the image is looked at as well.
    """
    best, least = [list(row) for row in rows], (_crossings(rows), _misordered_count(rows))
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        turn = -1 if sweep % 4 > 1 else 1  # equals change places in some sweeps, which frees what is stuck
        for row in rows if down else reversed(rows):
            row.sort(key=lambda item: (_middle(item, item.above if down else item.below), turn * item.order))
            _number(row)
        found = _crossings(rows), _misordered_count(rows)
        if found < least:
            best, least = [list(row) for row in rows], found
    _take(rows, best)
    mirrored = [row[::-1] for row in best]
    _take(rows, mirrored)
    if _misordered_count(rows) >= least[1]:
        _take(rows, best)


def _take(rows: Sequence[list[Item]], orders: Sequence[Sequence[Item]]) -> None:
    for row, order in zip(rows, orders, strict=True):
        row[:] = order
        _number(row)


def _misordered_count(rows: Iterable[Iterable[Item]]) -> int:
    """The number of neighbouring ways out of a box that are in the wrong order."""
    ways = (pairwise(item.below) for row in rows for item in row if item.box)
    return sum(left.order > right.order for pairs in ways for left, right in pairs)


def _middle(item: Item, neighbours: Sequence[Item]) -> float:
    return sum(each.order for each in neighbours) / len(neighbours) if neighbours else float(item.order)


def _crossings(rows: Sequence[Sequence[Item]]) -> int:
    """How many pairs of lines cross, counted by a sorted tree of sums (Barth, Jünger and Mutzel 2002)."""
    total = 0
    for row in rows:
        ends = [lower.order for upper in row for lower in sorted(upper.below, key=lambda item: item.order)]
        size = max(ends, default=0) + 2
        tree = [0] * (size + 1)
        for seen, end in enumerate(ends):
            at, before = end + 1, 0
            while at:
                before += tree[at]
                at -= at & -at
            total += seen - before
            at = end + 1
            while at <= size:
                tree[at] += 1
                at += at & -at
    return total


def _set_places(rows: Sequence[Sequence[Item]]) -> None:
    for row in rows:
        x = 0.0
        for item in row:
            item.x = x + item.width / 2
            x += item.width + GAP_X
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else list(reversed(rows)):
            _settle(row, down=down)
    for row in rows:
        _settle(row, down=None)


def _settle(row: Sequence[Item], *, down: bool | None) -> None:
    """Move a rank's items near those above (`down`), below, or both (None), keeping order and distance."""
    offsets = [0.0]
    for before, item in pairwise(row):
        offsets.append(offsets[-1] + (before.width + item.width) / 2 + _gap(before, item))
    pools: list[tuple[float, float, int]] = []  # (weight, middle, count)
    for item, offset in zip(row, offsets, strict=True):
        wanted, weight = _pull(item, down=down)
        pool = (weight, wanted - offset, 1)
        while pools and pools[-1][1] >= pool[1]:
            earlier = pools.pop()
            both = earlier[0] + pool[0]
            pool = (both, (earlier[0] * earlier[1] + pool[0] * pool[1]) / both, earlier[2] + pool[2])
        pools.append(pool)
    places = [middle for _weight, middle, count in pools for _ in range(count)]
    for item, offset, place in zip(row, offsets, places, strict=True):
        item.x = place + offset


def _gap(left: Item, right: Item) -> float:
    return GAP_X if left.box or right.box else GAP_X / 2


def _pull(item: Item, *, down: bool | None) -> tuple[float, float]:
    """The preferred position of an item, and its weight."""
    neighbours = [*item.above, *item.below] if down is None else item.above if down else item.below
    if not neighbours:
        return item.x, 0.1
    total = sum(each.weight for each in neighbours)
    return sum(each.x * each.weight for each in neighbours) / total, item.weight * total


def _bands(rows: Sequence[Sequence[Item]], margin: float) -> list[Band]:
    bands = []
    top = margin
    for index, row in enumerate(rows):
        height = max((item.height for item in row), default=0.0)
        bands.append(Band(top, top + height))
        # A rank of mere lines needs little room; the more lines turn between two ranks, the more they need.
        steep = max((abs(item.x - lower.x) for item in row for lower in item.below), default=0.0)
        top += height + (GAP_Y + min(40.0, steep / 14) if index + 1 < len(rows) else 0.0)
    return bands


def _routes(
    items: Mapping[str, Item],
    chains: Mapping[Ends, Sequence[Item]],
    labels: Mapping[Ends, Size | None],
    bands: Sequence[Band],
) -> dict[Ends, Route]:
    leaving, arriving = _ports(items, chains)
    routes = {}
    for ends, chain in chains.items():
        source, target = items[ends[0]], items[ends[1]]
        above, below = bands[source.rank], bands[target.rank]
        first = Stop(leaving[ends], above.middle + source.height / 2, above.bottom)
        last = Stop(arriving[ends], below.top - HEAD, below.middle - target.height / 2)
        passed = [(item.x, bands[item.rank]) for item in chain]
        between = [Stop(x, band.top, band.bottom) for x, band in passed if band.bottom > band.top]
        size = labels[ends]
        label = None if size is None else Position(chain[0].x, bands[chain[0].rank].middle, *size)
        routes[ends] = Route((first, *between, last), label)
    return routes


def _ports(
    items: Mapping[str, Item], chains: Mapping[Ends, Sequence[Item]]
) -> tuple[dict[Ends, float], dict[Ends, float]]:
    """Where along a box's lower and upper edge each arrow begins and ends: in the order of where it goes."""
    out: dict[str, list[tuple[float, Ends]]] = defaultdict(list)
    into: dict[str, list[tuple[float, Ends]]] = defaultdict(list)
    for ends, chain in chains.items():
        out[ends[0]].append((chain[0].x, ends))
        into[ends[1]].append((chain[-1].x, ends))
    return _spread(items, out), _spread(items, into)


def _spread(items: Mapping[str, Item], sides: Mapping[str, list[tuple[float, Ends]]]) -> dict[Ends, float]:
    places = {}
    for name, arrows in sides.items():
        item = items[name]
        step = min(22.0, (item.width - 24.0) / max(1, len(arrows) - 1))
        first = item.x - step * (len(arrows) - 1) / 2
        for index, (_x, ends) in enumerate(sorted(arrows)):
            places[ends] = first + index * step
    return places
