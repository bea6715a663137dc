"""X: experiments, layers and bandits."""

from __future__ import annotations

from .registry import Code

_HEAD = "apiVersion: v1\nkind: Experiment\nname: hero_test\nunit: customer_id\n"
_ARMS = 'arms: {control: {weight: "50%"}, treatment: {weight: "50%"}}\n'
_GOOD = _HEAD + _ARMS
_BANDIT = (
    "apiVersion: v1\nkind: Bandit\nname: pick\nunit: customer_id\npolicy: uniform\n"
    "arms: {gift: {when: profile.orders > 3}, none: {}}\n"
)
_RULESET = (
    "apiVersion: v1\nkind: Ruleset\nname: hero\noutput: {content: {type: keyword}}\nstart: split\nnodes:\n"
    "  split: {experiment: session_split, arms: {control: plain, treatment: plain}}\n"
    "  plain: {output: {content: \"'plain'\"}}\n"
)

CODES: list[Code] = [
    Code(
        "X001",
        "unknown layer",
        "error",
        "`layer` names a Layer document.",
        "Correct the spelling, or add the layer.",
        _GOOD + "layer: hompage\n",
        _GOOD,
    ),
    Code(
        "X002",
        "slots that two experiments own",
        "error",
        "Experiments of one layer exclude each other because each slot has one owner; one without `slots` owns all.",
        "Give each experiment of the layer ranges of its own.",
        _GOOD + "layer: homepage\nslots: [[0, 600000], [500000, 1000000]]\n",
        _GOOD + "layer: homepage\nslots: [[0, 500000]]\n",
    ),
    Code(
        "X003",
        "salt that two experiments share",
        "warning",
        "The same salt and unit give the same hash: who is in which arm of one experiment says who is in which arm of "
        "the other, and neither can be read alone.",
        "Give each a salt of its own, or none: then the name is the salt.",
        _GOOD + "salt: hero_split\n",
        _GOOD + "salt: hero_test_2\n",
    ),
    Code(
        "X004",
        "unit that is not the layer's",
        "error",
        "Experiments of a layer exclude each other only when they assign the same unit.",
        "Use the layer's unit, or another layer.",
        _GOOD.replace("unit: customer_id", "unit: session_id") + "layer: homepage\n",
        _GOOD + "layer: homepage\n",
    ),
    Code(
        "X005",
        "unit that the ruleset does not have",
        "error",
        "Who or what is assigned, picked for or read of is the profile's key or a field of the ruleset's context.",
        "Declare the field in the ruleset's `context`, or say with `unit:` what yields it.",
        _RULESET,
        _RULESET.replace("output:", "context: {session_id: {type: keyword}}\noutput:", 1),
    ),
    Code(
        "X006",
        "phases out of order",
        "error",
        "Each phase begins after the one before and ends after it began.",
        "Put the phases in order.",
        _GOOD + 'starts: "2026-03-01T00:00:00Z"\nends: "2026-02-01T00:00:00Z"\n',
        _GOOD + 'starts: "2026-03-01T00:00:00Z"\nends: "2026-04-01T00:00:00Z"\n',
    ),
    Code(
        "X007",
        "unknown metric",
        "error",
        "Experiments and bandits name Metric documents.",
        "Correct the spelling, or add the metric.",
        _GOOD + "primary: convrsion\n",
        _GOOD,
    ),
    Code(
        "X008",
        "arm that nobody gets",
        "warning",
        "The arm has no weight in any phase.",
        "Give it a weight, or delete it.",
        _HEAD + 'arms: {control: {weight: "100%"}, treatment: {weight: 0}}\n',
        _GOOD,
    ),
    Code(
        "X009",
        "fallback that may not be picked",
        "warning",
        "The fallback arm is picked when no one can choose, for instance without a connection; where its `when` does "
        "not hold then, it is the first of those arms that may be picked, by name.",
        "Let an arm be the fallback that has no `when`.",
        _BANDIT + "fallback: gift\n",
        _BANDIT + "fallback: none\n",
    ),
]
