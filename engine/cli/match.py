"""`decisor match`: prints the segments of profiles, line by line, or the sizes of segments."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from . import parquet
from .command import CLEAN, FINDINGS, CannotRunError, Command
from .facts import Complaints, add_program, name_among, open_input, read_history, runtime_of
from .opening import add_now, instant_of

if TYPE_CHECKING:
    from ..runtime.loaded import Runtime


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profiles", required=True, metavar="FILE", help="JSON Lines (- is stdin), or a .parquet file")
    parser.add_argument("--events", metavar="FILE", help="JSON Lines, the customers' events in any order")
    parser.add_argument("--segment", action="append", metavar="NAME", help="only these segments; may be repeated")
    parser.add_argument("--count", action="store_true", help="print the size of each segment instead")
    add_now(parser)
    add_program(parser)


def _run(options: argparse.Namespace) -> int:
    if options.profiles == options.events == "-":
        raise CannotRunError("--profiles and --events are both `-`; only one of them can be standard input")
    now_ms = instant_of(options.now)
    runtime = runtime_of(options)
    chosen = {name_among(runtime.program.segments, "segment", name) for name in options.segment or ()}
    broken, about_events = Complaints(options.profiles), Complaints(options.events or "")
    with ExitStack() as stack:
        events_of: parquet.EventsOf | None = None
        if options.events:
            events_of = stack.enter_context(read_history(options.events, runtime, about_events)).of
        query = parquet.MatchQuery(sorted(chosen or runtime.program.segments), now_ms, events_of, broken.tell)
        if options.count:
            _print_sizes(_sizes(runtime, options.profiles, query))
        else:
            _print_rows(_rows(runtime, options.profiles, query), runtime.program.catalogue.key)
    broken.close()
    about_events.close()
    return FINDINGS if broken.count or about_events.count else CLEAN


def _sizes(runtime: Runtime, file: str, query: parquet.MatchQuery) -> Mapping[str, int]:
    if file.endswith(parquet.SUFFIX):
        return parquet.sizes(runtime.program, file, query)
    sizes = Counter(dict.fromkeys(query.names, 0))
    for _, names in _rows(runtime, file, query):
        sizes.update(names)
    return sizes


def _rows(runtime: Runtime, file: str, query: parquet.MatchQuery) -> Iterator[tuple[str, list[str]]]:
    """The key of each valid profile with the sorted names of its segments; invalid profiles are reported."""
    from ..runtime.border import problems_text
    from ..runtime.lines import read_lines

    if file.endswith(parquet.SUFFIX):
        yield from parquet.rows(runtime.program, file, query)
        return
    match = runtime.matcher_of(query.names).match
    read, key = runtime.read, runtime.program.catalogue.key
    with open_input(file) as stream:
        for line in read_lines(stream):
            if line.problem is not None:
                query.tell(line.number, line.problem)
                continue
            profile, events, problems = read(line.value, query.now_ms, query.events_of)
            if profile is None:
                query.tell(line.number, problems_text(problems))
                continue
            yield profile[key], match(profile, query.now_ms, events)


def _print_rows(rows: Iterable[tuple[str, list[str]]], key: str) -> None:
    write = sys.stdout.write
    for customer, names in rows:
        write(json.dumps({key: customer, "segments": names}, ensure_ascii=False) + "\n")


def _print_sizes(sizes: Mapping[str, int]) -> None:
    for name, count in sizes.items():
        print(json.dumps({"segment": name, "count": count}))


COMMAND = Command(
    "Print the segments of each profile, one JSON line each, in bounded memory.",
    "decisor match --profiles profiles.jsonl --events events.jsonl --now 2026-03-01T09:30:00Z",
    _configure,
    _run,
)
