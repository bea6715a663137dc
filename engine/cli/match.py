"""`decisor match`: the segments of profiles, line by line."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack

from .command import CLEAN, FINDINGS, CannotRunError, Command
from .facts import Complaints, add_program, opened, read_history, runtime_of
from .opening import add_now, instant_of


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profiles", required=True, metavar="FILE", help="JSON Lines, one profile a line; - is stdin")
    parser.add_argument("--events", metavar="FILE", help="JSON Lines, the customers' events in any order")
    parser.add_argument("--segment", action="append", metavar="NAME", help="only these segments; may be repeated")
    add_now(parser)
    add_program(parser)


def _run(options: argparse.Namespace) -> int:
    from ..compiler.scope import suggestion
    from ..runtime.lines import read_lines

    now_ms = instant_of(options.now)
    runtime = runtime_of(options)
    for name in options.segment or ():
        if name not in runtime.program.segments:
            hint = suggestion(name, sorted(runtime.program.segments), "segments")[0]
            raise CannotRunError(f"`{name}` is no segment; {hint}")
    matcher = runtime.matcher if options.segment is None else runtime.matcher_of(set(options.segment))
    key = runtime.program.catalogue.key
    broken = Complaints(options.profiles)
    about_events = Complaints(options.events or "")
    with ExitStack() as stack:
        history = None
        if options.events:
            history = stack.enter_context(read_history(options.events, runtime, about_events))
        write = sys.stdout.write
        for line in read_lines(stack.enter_context(opened(options.profiles))):
            if line.problem is not None:
                broken.tell(line.number, line.problem)
                continue
            profile, problems = runtime.border.profile(line.value)
            if profile is None:
                broken.tell(line.number, "; ".join(f"`{each.path}` {each.message}" for each in problems))
                continue
            events = () if history is None else history.of(profile[key])
            found = {key: profile[key], "segments": matcher.match(profile, now_ms, events)}
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
