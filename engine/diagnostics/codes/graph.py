"""G: rule graphs: names, circles, ways, what is known where."""

from __future__ import annotations

from .registry import Code

_HEAD = "apiVersion: v1\nkind: Ruleset\nname: hero\noutput: {content: {type: keyword}}\n"
_END = "  plain: {output: {content: \"'plain'\"}}\n"
_GOOD = _HEAD + "start: plain\nnodes:\n" + _END

CODES: list[Code] = [
    Code(
        "G001",
        "unknown node",
        "error",
        "`start`, `then`, `otherwise` and arms name nodes of the same ruleset.",
        "Correct the spelling, or add the node.",
        _HEAD + "start: plan\nnodes:\n" + _END,
        _GOOD,
    ),
    Code(
        "G002",
        "nodes that lead back to themselves",
        "error",
        "Evaluation only moves forward; a circle would never end.",
        "Lead the last node of the circle somewhere else.",
        _HEAD + "start: a\nnodes:\n  a: {set: {x: 1}, then: b}\n  b: {set: {y: 2}, then: a}\n",
        _HEAD + "start: a\nnodes:\n  a: {set: {x: 1}, then: plain}\n" + _END,
    ),
    Code(
        "G003",
        "node that is never reached",
        "warning",
        "No way from `start` leads to the node; it is left out.",
        "Delete it, or lead to it.",
        _HEAD + "start: plain\nnodes:\n" + _END + "  old: {output: {content: \"'old'\"}}\n",
        _GOOD,
    ),
    Code(
        "G004",
        "unknown document in a ruleset",
        "error",
        "An experiment, bandit, model, feature view, ruleset or event type that no document of the workspace declares.",
        "Correct the spelling, or add the document.",
        _HEAD + "start: call\nnodes:\n  call: {ruleset: fotter}\n",
    ),
    Code(
        "G005",
        "name that is not set on every way",
        "error",
        "A node reads `vars.x` or `features.x`, but some way from `start` to it passes no node that sets it.",
        "Set it on every way that leads there.",
        _HEAD
        + "start: split\nnodes:\n"
        + "  split: {switch: [{when: \"in_segment('vip')\", then: named}], otherwise: last}\n"
        + "  named: {set: {x: \"'vip'\"}, then: last}\n  last: {output: {content: vars.x}}\n",
        _HEAD
        + "start: split\nnodes:\n"
        + "  split: {switch: [{when: \"in_segment('vip')\", then: named}], otherwise: other}\n"
        + "  named: {set: {x: \"'vip'\"}, then: last}\n  other: {set: {x: \"'any'\"}, then: last}\n"
        + "  last: {output: {content: vars.x}}\n",
    ),
    Code(
        "G006",
        "case that is never reached",
        "warning",
        "An earlier case of the switch holds whenever this one does, or its condition never holds.",
        "Delete it, or put the narrower case first.",
        _HEAD
        + "start: split\nnodes:\n  split:\n    switch:\n"
        + "      - {when: profile.spend > 10, then: plain}\n      - {when: profile.spend > 100, then: big}\n"
        + "    otherwise: plain\n"
        + _END
        + "  big: {output: {content: \"'big'\"}}\n",
        _HEAD
        + "start: split\nnodes:\n  split:\n    switch:\n"
        + "      - {when: profile.spend > 100, then: big}\n      - {when: profile.spend > 10, then: plain}\n"
        + "    otherwise: plain\n"
        + _END
        + "  big: {output: {content: \"'big'\"}}\n",
    ),
    Code(
        "G007",
        "arms that are not those of the experiment or bandit",
        "error",
        "A node that splits by arm says for each arm where it leads, and for nothing else.",
        "Add the missing arms, delete the others.",
        _HEAD + "start: split\nnodes:\n  split: {experiment: hero_split, arms: {control: plain}}\n" + _END,
        _HEAD
        + "start: split\nnodes:\n  split: {experiment: hero_split, arms: {control: plain, treatment: plain}}\n"
        + _END,
    ),
    Code(
        "G008",
        "ruleset that calls itself",
        "error",
        "Through one call or several, a ruleset comes back to itself; it would never end.",
        "Take one call out of the circle.",
        _HEAD + "start: call\nnodes:\n  call: {ruleset: hero}\n",
        _GOOD,
    ),
    Code(
        "G009",
        "unknown output",
        "error",
        "A node gives an output that the ruleset does not declare, or declares with another type.",
        "Correct the spelling, or declare it below the ruleset's `output`.",
        _HEAD + "start: plain\nnodes:\n  plain: {output: {contnt: \"'plain'\"}}\n",
        _GOOD,
    ),
    Code(
        "G010",
        "output that is not given",
        "warning",
        "An `output` node leaves out something that the ruleset declares; decisions that end there lack it.",
        'Give it; use `"null"`, in quotes, where it is meant to be missing.',
        _HEAD.replace("}}", "}, reason: {type: keyword}}") + "start: plain\nnodes:\n" + _END,
        _HEAD.replace("}}", "}, reason: {type: keyword}}")
        + 'start: plain\nnodes:\n  plain: {output: {content: "\'plain\'", reason: "null"}}\n',
    ),
    Code(
        "G011",
        "inputs that are not those of the model, bandit or view",
        "error",
        "A model's inputs, a bandit's features and a view's entity are given by name, each one of them.",
        "Add what is missing, delete or correct the others.",
        _HEAD + "start: ask\nnodes:\n  ask: {model: churn, inputs: {order: 1}, as: churn, then: plain}\n" + _END,
        _HEAD + "start: ask\nnodes:\n  ask: {model: churn, inputs: {orders: 1}, as: churn, then: plain}\n" + _END,
    ),
    Code(
        "G013",
        "call that does not fit the called ruleset",
        "error",
        "The context or the event of the called ruleset cannot be given by the calling one.",
        "Give the context by name below `context`, or declare the same event.",
        _HEAD + "start: call\nnodes:\n  call: {ruleset: footer, context: {lang: \"'en'\"}}\n",
        _HEAD + "start: call\nnodes:\n  call: {ruleset: footer, context: {language: \"'en'\"}}\n",
    ),
    Code(
        "G014",
        "ruleset that may cost too much",
        "error",
        "The cost of a decision is known when compiling, every list taken at its longest; it is bounded.",
        "Look at long lists once, in a `set` node.",
    ),
    Code(
        "G015",
        "too many nodes, or calls too deep",
        "error",
        "A ruleset has at most 1,000 nodes, and rulesets call each other at most 16 deep.",
        "Move a part into a ruleset of its own.",
    ),
]
