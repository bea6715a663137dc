"""`decisor decide`: prints decisions for inputs, line by line."""

from __future__ import annotations

import argparse
import json
import sys

from .command import CLEAN, FINDINGS, Command
from .facts import Complaints, add_program, name_among, open_input, runtime_of
from .opening import add_now, instant_of


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ruleset", help="the ruleset that decides")
    parser.add_argument("--input", required=True, metavar="FILE", help="JSON Lines of customer, profile and context")
    parser.add_argument("--trace", action="store_true", help="show what every node looked at")
    add_now(parser)
    add_program(parser)


def _run(options: argparse.Namespace) -> int:
    from ..ir.instant import format_instant
    from ..runtime.border import problems_text
    from ..runtime.decision import Decision
    from ..runtime.lines import read_lines

    now = format_instant(instant_of(options.now))
    runtime = runtime_of(options)
    ruleset = name_among(runtime.program.rulesets, "ruleset", options.ruleset)
    broken = Complaints(options.input)
    with open_input(options.input) as stream:
        for line in read_lines(stream):
            if line.problem is not None:
                broken.tell(line.number, line.problem)
                continue
            for found in runtime.decide_many(ruleset, [line.value], now=now, trace=options.trace):
                if isinstance(found, Decision):
                    sys.stdout.write(json.dumps(found.as_json(), ensure_ascii=False) + "\n")
                else:
                    broken.tell(line.number, problems_text(found.problems))
    broken.close()
    return FINDINGS if broken.count else CLEAN


COMMAND = Command(
    "Print a decision for each input line, with its path, its segments and the arms of experiments.",
    "decisor decide next_offer --input requests.jsonl --now 2026-03-01T09:30:00Z --trace",
    _configure,
    _run,
)
