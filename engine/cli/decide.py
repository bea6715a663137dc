"""`decisor decide`: decisions for inputs, line by line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .command import CLEAN, FINDINGS, Command
from .facts import Complaints, add_program, name_among, opened, runtime_of, told
from .opening import add_now, instant_of

if TYPE_CHECKING:
    from ..runtime.decision import Decision
    from ..runtime.loaded import Runtime


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ruleset", help="the ruleset that decides")
    parser.add_argument("--input", required=True, metavar="FILE", help="JSON Lines of customer, profile and context")
    parser.add_argument("--trace", action="store_true", help="say for every node what it looked at")
    add_now(parser)
    add_program(parser)


def _run(options: argparse.Namespace) -> int:
    from ..ir.instant import format_instant
    from ..runtime.lines import read_lines

    now = format_instant(instant_of(options.now))
    runtime = runtime_of(options)
    decide = _Decide(runtime, name_among(runtime.program.rulesets, "ruleset", options.ruleset), now, options.trace)
    broken = Complaints(options.input)
    write = sys.stdout.write
    with opened(options.input) as stream:
        for line in read_lines(stream):
            problem = line.problem
            if problem is None:
                try:
                    write(json.dumps(decide(line.value).as_json(), ensure_ascii=False) + "\n")
                except RefusedError as refused:
                    problem = str(refused)
            if problem is not None:
                broken.tell(line.number, problem)
    broken.close()
    return FINDINGS if broken.count else CLEAN


class RefusedError(Exception):
    """No decision can be made from a line; the message says why."""


@dataclass(frozen=True, slots=True)
class _Decide:
    """A decision out of each input line. Raises RefusedError."""

    runtime: Runtime
    ruleset: str
    now: str
    trace: bool

    def __call__(self, raw: Any) -> Decision:
        from ..profiles.fold import event_order
        from ..runtime.decide import InputRefusedError

        key = self.runtime.program.catalogue.key
        _check_shape(raw, key)
        profile = self._profile(raw, key)
        events = event_order(self._events(raw, profile[key]))
        about = None if raw.get("event") is None else self._event(raw["event"], profile[key], "event")
        decider = self.runtime.decider_for(events) if events else self.runtime.decider
        try:
            return decider.decide(
                self.ruleset,
                profile,
                raw.get("context") or {},
                event=about,
                now=self.now,
                decision_id=raw.get("decision_id"),
                membership=raw.get("membership"),
                trace=self.trace,
            )
        except InputRefusedError as refused:
            raise RefusedError(told(refused.problems)) from None

    def _profile(self, raw: Mapping[str, Any], key: str) -> dict[str, Any]:
        """The canonical profile; its key may stand beside it."""
        customer, written = raw.get(key), raw.get("profile") or {}
        if customer is not None and written.get(key, customer) != customer:
            raise RefusedError(f"`profile.{key}` is another customer than `{key}`")
        profile, problems = self.runtime.border.profile(written if customer is None else {**written, key: customer})
        if profile is None:
            raise RefusedError(told(problems, "profile"))
        return profile

    def _events(self, raw: Mapping[str, Any], customer: str) -> list[dict[str, Any]]:
        """The history, exact repetitions left out."""
        events: list[dict[str, Any]] = []
        for index, written in enumerate(raw.get("events") or ()):
            event = self._event(written, customer, f"events[{index}]")
            if event not in events:
                events.append(event)
        return events

    def _event(self, written: Any, customer: str, place: str) -> dict[str, Any]:
        """The canonical event; its customer need not be written."""
        key = self.runtime.program.catalogue.key
        event, problems = self.runtime.border.event(
            {key: customer, **written} if isinstance(written, dict) else written
        )
        if event is None:
            raise RefusedError(told(problems, place))
        if event[key] != customer:
            raise RefusedError(f"`{place}.{key}` is another customer than `{key}`")
        return event


_SHAPES: Mapping[str, tuple[type, str]] = {
    "profile": (dict, "an object"),
    "context": (dict, "an object"),
    "event": (dict, "an object"),
    "events": (list, "a list of events"),
    "membership": (list, "a list of segment names"),
    "decision_id": (str, "text"),
}


def _check_shape(raw: Any, key: str) -> None:
    """Raises RefusedError when a line is no input."""
    if not isinstance(raw, dict):
        raise RefusedError("expected a JSON object")
    for name, value in raw.items():
        if name != key and name not in _SHAPES:
            raise RefusedError(f"`{name[:80]}` is no part of an input; expected {', '.join((key, *_SHAPES))}")
        kind, words = _SHAPES.get(name, (object, ""))
        if value is not None and not isinstance(value, kind):
            raise RefusedError(f"`{name}`: expected {words}")
    if not all(isinstance(each, str) for each in raw.get("membership") or ()):
        raise RefusedError("`membership`: expected a list of segment names")
    if raw.get("decision_id") is not None:
        from ..runtime.border import Border

        _, problems = Border.decision_id(raw["decision_id"])
        if problems:
            raise RefusedError(f"`decision_id`: {problems[0].message}")


COMMAND = Command(
    "Print a decision for each input line, with its path, its segments and the arms of experiments.",
    "decisor decide next_offer --input requests.jsonl --now 2026-03-01T09:30:00Z --trace",
    _configure,
    _run,
)
