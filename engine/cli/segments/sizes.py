"""`decisor segments sizes`: prints how big segments are, as counts, shares and bars, and how they overlap."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from ..command import CLEAN, CannotRunError, Command
from ..servers import Servers, add_servers
from .names import print_json, record, segment_named

BAR = 30  # characters of the bar of a segment that everybody is in
OVERLAPS = 20  # segments that are compared with each other; each two are read once
_EIGHTHS = " ▏▎▍▌▋▊▉"


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="these segments (default: all that run)")
    parser.add_argument(
        "--overlap",
        action="store_true",
        help=f"also how many members each two have in common (at most {OVERLAPS} segments)",
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...profiles.profile_store import customer_count
    from ...segments.algebra import overlaps
    from ...segments.registry import read_segments
    from ...segments.sets import counts

    with Servers.of(options) as servers:
        connection = record(servers)
        names = list(dict.fromkeys(segment_named(servers, each) for each in options.names))
        if not options.names:
            names = [name for name, each in read_segments(connection).items() if each.active is not None]
        if options.overlap and len(names) > OVERLAPS:
            raise CannotRunError(f"--overlap: {len(names)} segments; name at most {OVERLAPS} of them")
        customers, sizes = customer_count(connection), counts(servers.redis, names)
        common = overlaps(servers.redis, names) if options.overlap else {}
    if options.format == "json":
        print_json(_json(customers, sizes, common if options.overlap else None))
        return CLEAN
    lines = [*_size_lines(customers, sizes), *(_overlap_lines(sizes, common) if options.overlap and names else ())]
    print("\n".join(lines) if names else "no segment runs")
    return CLEAN


def share_text(part: int, whole: int) -> str:
    """A share in percent, with one decimal."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _json(customers: int, sizes: Mapping[str, int], common: Mapping[tuple[str, str], int] | None) -> object:
    segments = [
        {"segment": name, "members": members, "share": members / customers if customers else None}
        for name, members in sizes.items()
    ]
    shown = {} if common is None else {"overlap": [{"segments": pair, "members": n} for pair, n in common.items()]}
    return {"customers": customers, "segments": segments, **shown}


def _size_lines(customers: int, sizes: Mapping[str, int]) -> Iterator[str]:
    """A line for each segment, the biggest first, and one for all customers."""
    width = max(len(name) for name in (*sizes, "customers"))
    digits = len(f"{max(customers, *sizes.values(), 0):,}")
    for name, members in sorted(sizes.items(), key=lambda each: (-each[1], each[0])):
        share = share_text(members, customers)
        yield f"{name:<{width}}  {members:>{digits},}  {share:>7}  {_bar(members, customers)}".rstrip()
    yield f"{'customers':<{width}}  {customers:>{digits},}"


def _bar(part: int, whole: int) -> str:
    """A bar of blocks, to an eighth of a character; the smallest segment with members is still seen."""
    eighths = min(BAR * 8, round(BAR * 8 * part / whole)) if whole else 0
    full, rest = divmod(max(1, eighths) if part else 0, 8)
    return ("█" * full + _EIGHTHS[rest]).rstrip()


def _overlap_lines(sizes: Mapping[str, int], common: Mapping[tuple[str, str], int]) -> Iterator[str]:
    """A table: of the members of the segment on the left, the share that is in the segment above, too."""
    names = list(sizes)
    width = max(map(len, names))
    heads = [str(number) for number in range(1, len(names) + 1)]
    yield ""
    yield "of the members of a segment, how many are in another one, too:"
    yield f"{'':>{len(heads[-1])}}  {'':<{width}}  {'  '.join(f'{head:>7}' for head in heads)}"
    for head, row in zip(heads, names, strict=True):
        cells = [_overlap_cell(row, column, sizes, common) for column in names]
        yield f"{head:>{len(heads[-1])}}  {row:<{width}}  {'  '.join(f'{cell:>7}' for cell in cells)}"


def _overlap_cell(row: str, column: str, sizes: Mapping[str, int], common: Mapping[tuple[str, str], int]) -> str:
    if row == column:
        return "·"
    return share_text(common.get((row, column), common.get((column, row), 0)), sizes[row])


COMMAND = Command(
    "Print how big segments are: members, share of all customers and a bar; with --overlap how they overlap.",
    "decisor segments sizes --overlap",
    _configure,
    _run,
)
