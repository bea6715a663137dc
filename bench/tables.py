"""First-hit decision tables of four input columns, from the parsed dict to the action.

"ours" is the function that a ruleset with one table becomes, which gives the output and notes the path; beside it the
whole decision record. zen-engine is given the four fields alone, which is its faster way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from engine import Runtime
from engine.nodes.kinds import NODE_KINDS
from engine.runtime.codegen.functions import Functions

from . import generated_peer, zen_peer
from .routing_workspace import NOWHERE, router, runtime_of
from .timing import Goal, Result, Work, show, timed
from .workload import TABLE_SHAPES, day, first_row, profiles, table

NOW = day(730)
SUBJECTS = 200
NONE: dict[str, Any] = {}  # no context, no event


def run() -> bool:
    """Print the table; whether every goal is reached."""
    results = []
    for rows in TABLE_SHAPES:
        print(f"a table of {rows:,} rows …", file=sys.stderr)
        results.append(_measured(rows))
    return show("First-hit decision table of R rows and 4 input columns", results)


def bare(runtime: Runtime, ruleset: str) -> Callable[..., Any]:
    """The function that a ruleset without effects becomes, without the record around it."""
    program = runtime.program
    functions = Functions(program.rulesets, program.experiments, program.catalogue, NODE_KINDS)
    function: Callable[..., Any] = functions.of(ruleset).run()
    return function


def _measured(rows: int) -> Result:
    wanted, subjects = table(rows), profiles(SUBJECTS)
    runtime = runtime_of({"router": router(wanted)})
    route, decide = bare(runtime, "router"), runtime.decider.decide
    zen, generated = zen_peer.router(wanted), generated_peer.router(wanted)
    narrow = [{field: subject[field] for field in zen_peer.ROUTING_INPUTS} for subject in subjects]
    for subject, four in zip(subjects, narrow, strict=True):
        row = first_row(wanted, subject)
        expected = row.action if row else None
        assert route(subject, NONE, NONE, NOW, None, [], None, None)["action"] == (expected or NOWHERE)
        assert decide("router", subject, now=NOW, decision_id="d").output["action"] == (expected or NOWHERE)
        assert zen(four) == generated(subject) == expected
    ways: dict[str, Work] = {
        "ours": lambda: [route(subject, NONE, NONE, NOW, None, [], None, None) for subject in subjects],
        "our whole record": lambda: [decide("router", subject, now=NOW, decision_id="d") for subject in subjects],
        "zen": lambda: [zen(four) for four in narrow],
        "generated function": lambda: [generated(subject) for subject in subjects],
    }
    return Result(f"{rows:,}", timed(ways, units=SUBJECTS), [Goal(10.0, "zen")])


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
