"""A `ruleset` node's meaning: the call with its context, and what comes back."""

from __future__ import annotations

from ...ir.expression import ANY, Expression
from ...ir.graph import Ruleset, SetItem
from ...ir.types import Field
from ..lowering import Lowered, Lowering
from .document import RulesetShape
from .node import RulesetNode


def lower_ruleset_node(shape: RulesetShape, lowering: Lowering) -> Lowered:
    """The call; its context must have the called ruleset's shape, its output this one's where it is the decision."""
    called = lowering.ruleset(shape.ruleset, ("ruleset",))
    if called is None:
        return Lowered(None, {shape.bind: ANY} if shape.bind else {})
    known = {shape.bind: lowering.object_of(called.output)} if shape.bind else {}
    context = _context(shape, called, lowering)
    if context is None or not _check(shape, called, lowering):
        return Lowered(None, known)
    return Lowered(RulesetNode(lowering.name, shape.ruleset, context, shape.bind, shape.then), known)


def _context(shape: RulesetShape, called: Ruleset, lowering: Lowering) -> tuple[SetItem, ...] | None:
    wanted = {field.name: field for field in called.context}
    own = {field.name: field for field in lowering.context}
    items, sound = [], True
    for name in shape.context:
        if name not in wanted:
            help_ = lowering.suggestion(name, sorted(wanted), "context fields")
            message = f"`{name}` is not in the context of ruleset `{called.name}`"
            lowering.at_key("G013", ("context", name), message, help=help_)
            sound = False
    for name, field in sorted(wanted.items()):
        if name in shape.context:
            value = lowering.literal_or_expression(shape.context[name], ("context", name), lowering.type_of(field))
            if value is not None and not lowering.fits(value, field, ("context", name)):
                value = None
            text = str(shape.context[name])
        elif name in own:
            value, text = _inherit(own[name], field, lowering), f"context.{name}"
        else:
            continue  # it is missing there, as in a request that does not say it
        sound = sound and value is not None
        if value is not None:
            items.append(SetItem(name, value, text))
    return tuple(items) if sound else None


def _inherit(own: Field, wanted: Field, lowering: Lowering) -> Expression | None:
    value = lowering.expression(f"context.{own.name}", ("ruleset",), lowering.type_of(wanted))
    if value is None or not lowering.fits(value, wanted, ("ruleset",)):
        return None
    return value


def _check(shape: RulesetShape, called: Ruleset, lowering: Lowering) -> bool:
    sound = True
    if called.event is not None and called.event != lowering.event:
        message = f"`{called.name}` decides about an event `{called.event}`, which this ruleset does not have"
        lowering.add("G013", ("ruleset",), message, help=(f"declare `event: {called.event}` here too",))
        sound = False
    if shape.then is None:
        declared = {field.name: field for field in lowering.output}
        for field in called.output:
            if not _same(declared.get(field.name), field):
                message = f"`{field.name}` of ruleset `{called.name}` is not an output of this one, or has another type"
                help_ = ("bind the call with `as` and `then`, and say the output in an `output` node",)
                lowering.add("G009", ("ruleset",), message, help=help_)
                sound = False
    return sound


def _same(own: Field | None, other: Field) -> bool:
    if own is None or (own.type, own.many, own.fields) != (other.type, other.many, other.fields):
        return False
    return not own.values or (bool(other.values) and set(other.values) <= set(own.values))
