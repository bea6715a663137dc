"""`decisor match`: the segments of profiles, line by line."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack

from .command import CLEAN, FINDINGS, CannotRunError, Command
from .facts import Complaints, add_program, name_among, opened, read_history, runtime_of, told
from .opening import add_now, instant_of


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profiles", required=True, metavar="FILE", help="JSON Lines, one profile a line; - is stdin")
    parser.add_argument("--events", metavar="FILE", help="JSON Lines, the customers' events in any order")
    parser.add_argument("--segment", action="append", metavar="NAME", help="only these segments; may be repeated")
    add_now(parser)
    add_program(parser)


def _run(options: argparse.Namespace) -> int:
    from ..runtime.lines import read_lines

    if options.profiles == options.events == "-":
        raise CannotRunError("--profiles and --events are both `-`; only one of them can be standard input")
    now_ms = instant_of(options.now)
    runtime = runtime_of(options)
    names = {name_among(runtime.program.segments, "segment", given) for given in options.segment or ()}
    match = (runtime.matcher_of(names) if names else runtime.matcher).match
    read, key, write = runtime.border.profile, runtime.program.catalogue.key, sys.stdout.write
    broken, about_events = Complaints(options.profiles), Complaints(options.events or "")
    with ExitStack() as stack:
        history = None
        if options.events:
            history = stack.enter_context(read_history(options.events, runtime, about_events))
        for line in read_lines(stack.enter_context(opened(options.profiles))):
            profile, problems = (None, ()) if line.problem is not None else read(line.value)
            if profile is None:
                broken.tell(line.number, line.problem or told(problems))
                continue
            events = () if history is None else history.of(profile[key])
            found = {key: profile[key], "segments": match(profile, now_ms, events)}
            write(json.dumps(found, ensure_ascii=False) + "\n")
    broken.close()
    about_events.close()
    return FINDINGS if broken.count or about_events.count else CLEAN


COMMAND = Command(
    "Print the segments of each profile, one JSON line each, in bounded memory.",
    "decisor match --profiles profiles.jsonl --events events.jsonl --now 2026-03-01T09:30:00Z",
    _configure,
    _run,
)
