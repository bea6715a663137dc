"""A decision: its output, its customer, its path, the answers it used, and its writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from ..ir.frozen import frozen
from .writes import Outcome, Write

Entry: TypeAlias = Mapping[str, Any]
"""A part of a decision that is JSON data; it is never changed."""


class Decision(NamedTuple):
    """One decision, a value that is made once and not changed; `as_json` is its record.

    A tuple with names, since that costs no more than the record itself.
    """

    decision_id: str
    now: str
    """The canonical instant at which it was made."""
    key: str
    """The name of the profile's key field; `customer` is its value."""
    customer: str | None
    ruleset: str
    output: Mapping[str, Any]
    path: Sequence[Entry]
    """Each node on the path, with its outcome."""
    segments: Mapping[str, bool]
    """Each segment that was checked, with the answer."""
    experiments: Sequence[Entry]
    bandits: Sequence[Entry]
    models: Sequence[Entry]
    bundle: str
    membership: Literal["given", "matched"] | None = None
    """The source of the answers about segments; None if no segment was needed."""
    tape: Sequence[Entry] = ()
    """Every answer from outside in its order, for a replay."""
    writes: tuple[Write, ...] = ()
    trace: Sequence[Entry] = ()
    """What each node looked at, if a trace was requested."""
    carried: tuple[Outcome, ...] = ()
    """How each write came out, then the decision's record; empty where nothing carries them out. Not in the record."""

    def as_json(self) -> dict[str, Any]:
        """The record as plain JSON data: the customer under the key's name, and what there is nothing of left out."""
        record: dict[str, Any] = {
            "decision_id": self.decision_id,
            "now": self.now,
            self.key: self.customer,
            "ruleset": self.ruleset,
            "output": self.output,
            "path": list(self.path),
            "segments": dict(self.segments),
            "experiments": list(self.experiments),
            "bandits": list(self.bandits),
            "models": list(self.models),
            "bundle": self.bundle,
        }
        if self.membership is not None:
            record["membership"] = self.membership
        if self.tape:
            record["tape"] = list(self.tape)
        if self.writes:
            record["writes"] = [write.as_json() for write in self.writes]
        if self.trace:
            record["trace"] = list(self.trace)
        return record


@frozen
class DecisionRecord(Write):
    """The decision itself, for the log of decisions; no decision lists it among its own writes."""

    kind = "decision"

    decision: Decision

    def as_json(self) -> dict[str, Any]:
        """The decision's JSON form."""
        return {"write": self.kind, "decision": self.decision.as_json()}
