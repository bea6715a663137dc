"""`decisor decide`: decisions for inputs, line by line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .command import CLEAN, FINDINGS, CannotRunError, Command
from .facts import Complaints, add_program, opened, runtime_of
from .opening import add_now, instant_of

if TYPE_CHECKING:
    from ..runtime.loaded import Runtime

PARTS = ("profile", "context", "events", "event", "membership", "decision_id")


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ruleset", help="the ruleset that decides")
    parser.add_argument("--input", required=True, metavar="FILE", help="JSON Lines of customer, profile and context")
    parser.add_argument("--trace", action="store_true", help="say for every node what it looked at")
    add_now(parser)
    add_program(parser)


def _run(options: argparse.Namespace) -> int:
    from ..compiler.scope import suggestion
    from ..ir.instant import format_instant
    from ..runtime.lines import read_lines

    now = format_instant(instant_of(options.now))
    runtime = runtime_of(options)
    if options.ruleset not in runtime.program.rulesets:
        hint = suggestion(options.ruleset, sorted(runtime.program.rulesets), "rulesets")[0]
        raise CannotRunError(f"`{options.ruleset}` is no ruleset; {hint}")
    broken = Complaints(options.input)
    with opened(options.input) as stream:
        for line in read_lines(stream):
            problem = line.problem
            if problem is None:
                decision, problem = _decide(runtime, options, line.value, now)
                if decision is not None:
                    sys.stdout.write(json.dumps(decision, ensure_ascii=False) + "\n")
            if problem is not None:
                broken.tell(line.number, problem)
    broken.close()
    return FINDINGS if broken.count else CLEAN


def _decide(runtime: Runtime, options: argparse.Namespace, raw: Any, now: str) -> tuple[Any, str | None]:
    """The decision, or what is wrong with the line."""
    from ..runtime.decide import InputRefusedError

    facts, problem = _facts(runtime, raw)
    if problem is not None:
        return None, problem
    decider = runtime.decider_for(facts["events"]) if facts["events"] else runtime.decider
    try:
        decision = decider.decide(
            options.ruleset,
            facts["profile"],
            raw.get("context") or {},
            event=facts["event"],
            now=now,
            decision_id=raw.get("decision_id"),
            membership=raw.get("membership"),
            trace=options.trace,
        )
    except InputRefusedError as refused:
        return None, "; ".join(f"`context.{each.path}` {each.message}" for each in refused.problems)
    return decision, None


def _facts(runtime: Runtime, raw: Any) -> tuple[dict[str, Any], str | None]:
    """The canonical profile, history and event of a line, or what is wrong with it."""
    from ..profiles.fold import event_order

    key = runtime.program.catalogue.key
    if not isinstance(raw, dict):
        return {}, "expected a JSON object"
    for name in raw:
        if name not in {key, *PARTS}:
            return {}, f"`{str(name)[:80]}` is no part of an input; expected {', '.join((key, *PARTS))}"
    problem = _misshapen(raw)
    if problem is not None:
        return {}, problem
    customer = raw.get(key)
    written = raw.get("profile") or {}
    if customer is not None and written.get(key, customer) != customer:
        return {}, f"`profile.{key}` is another customer than `{key}`"
    profile, problems = runtime.border.profile({**written, **({} if customer is None else {key: customer})})
    if profile is None:
        return {}, "; ".join(f"`profile.{each.path}` {each.message}" for each in problems)
    events = []
    for index, item in enumerate([*(raw.get("events") or ()), *([raw["event"]] if raw.get("event") else [])]):
        event, problems = runtime.border.event(item)
        if event is None:
            return {}, "; ".join(f"`events[{index}].{each.path}` {each.message}" for each in problems)
        events.append(event)
    about = events.pop() if raw.get("event") else None
    return {"profile": profile, "events": event_order(events), "event": about}, None


def _misshapen(raw: Mapping[str, Any]) -> str | None:
    for name in ("profile", "context", "event"):
        if not isinstance(raw.get(name) or {}, dict):
            return f"`{name}`: expected an object"
    for name in ("events", "membership"):
        if not isinstance(raw.get(name) or [], list):
            return f"`{name}`: expected a list"
    if not all(isinstance(each, str) for each in raw.get("membership") or ()):
        return "`membership`: expected a list of segment names"
    if not isinstance(raw.get("decision_id") or "", str):
        return "`decision_id`: expected text"
    return None


COMMAND = Command(
    "Print a decision for each input line, with its path, its segments and the arms of experiments.",
    "decisor decide next_offer --input requests.jsonl --now 2026-03-01T09:30:00Z --trace",
    _configure,
    _run,
)
