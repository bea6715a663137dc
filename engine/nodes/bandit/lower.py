"""A `bandit` node's meaning: who is picked for, among which arms, by which features."""

from __future__ import annotations

from ...ir.expression import ANY, BOOLEAN, FLOAT, Expression, ValueType
from ...ir.graph import SetItem
from ..lowering import Lowered, Lowering, Target, milliseconds, unit_expression
from ..named import BanditModel, field_of_type
from .document import BanditShape
from .node import BanditArm, BanditNode


def lower_bandit(shape: BanditShape, lowering: Lowering) -> Lowered:
    """The pick; a node with `arms` has one way for each arm."""
    target = lowering.bandit(shape.bandit, ("bandit",))
    if target is None:
        return Lowered(None, {shape.bind: ANY} if shape.bind else {})
    bandit = target.model
    known = {}
    if shape.bind:
        arm = ValueType("string", values=tuple(sorted(bandit.arms)))
        known[shape.bind] = ValueType("object", members=(("arm", arm), ("probability", FLOAT)))
    sound = _check(shape, bandit, lowering)
    unit = unit_expression(lowering, shape.unit, bandit.unit, ("bandit",) if shape.unit is None else ())
    choices = [choice for name in sorted(bandit.arms) if (choice := _choice(name, target, lowering)) is not None]
    features = [
        item for name in sorted(bandit.features) if (item := _feature(name, shape, target, lowering)) is not None
    ]
    if not sound or unit is None or len(choices) < len(bandit.arms) or len(features) < len(bandit.features):
        return Lowered(None, known)
    ways = tuple((name, shape.arms[name]) for name in sorted(bandit.arms)) if shape.arms else ()
    node = BanditNode(
        lowering.name,
        shape.bandit,
        bandit.unit,
        unit,
        tuple(choices),
        bandit.fallback,
        tuple(features),
        shape.bind,
        shape.then,
        ways,
        shape.otherwise,
        milliseconds(bandit.deadline),
    )
    return Lowered(node, known)


def _check(shape: BanditShape, bandit: BanditModel, lowering: Lowering) -> bool:
    sound = True
    for name in shape.inputs:
        if name not in bandit.features:
            help_ = lowering.suggestion(name, sorted(bandit.features), "features")
            message = f"`{name}` is not a feature of bandit `{shape.bandit}`"
            lowering.at_key("G011", ("inputs", name), message, help=help_)
            sound = False
    for arm in shape.arms or ():
        if arm not in bandit.arms:
            help_ = lowering.suggestion(arm, sorted(bandit.arms), "arms")
            lowering.at_key("G007", ("arms", arm), f"`{arm}` is not an arm of bandit `{shape.bandit}`", help=help_)
            sound = False
    if shape.arms and shape.otherwise is None and all(arm.when is not None for arm in bandit.arms.values()):
        message = f"`otherwise` is missing: no arm of bandit `{shape.bandit}` may be picked always"
        lowering.at_key("G007", ("arms",), message, help=("say with `otherwise` where those go who get no arm",))
        sound = False
    missing = [f"`{arm}`" for arm in bandit.arms if arm not in shape.arms] if shape.arms else []
    if missing:
        message = f"{', '.join(missing)} of bandit `{shape.bandit}` {'has' if len(missing) == 1 else 'have'} no node"
        lowering.at_key("G007", ("arms",), message, help=("say for each arm where it leads, or use `then`",))
    return sound and not missing


def _choice(name: str, target: Target[BanditModel], lowering: Lowering) -> BanditArm | None:
    written = target.model.arms[name].when
    if written is None:
        return BanditArm(name)
    when = lowering.foreign(target, written, ("arms", name, "when"), BOOLEAN)
    return None if when is None else BanditArm(name, when)


def _feature(name: str, shape: BanditShape, target: Target[BanditModel], lowering: Lowering) -> SetItem | None:
    declared = target.model.features[name]
    kind = lowering.type_of(field_of_type(name, declared))
    value: Expression | None
    if name in shape.inputs:
        written = str(shape.inputs[name])
        value = lowering.literal_or_expression(shape.inputs[name], ("inputs", name), kind)
    elif declared.source is not None:
        written = declared.source
        value = lowering.foreign(target, written, ("features", name, "from"), kind)
    else:
        message = f"`{name}` of bandit `{shape.bandit}` gets no value"
        help_ = ("write it below `inputs`, or `from:` in the bandit",)
        lowering.at_key("G011", ("inputs",) if shape.inputs else ("bandit",), message, help=help_)
        return None
    return None if value is None else SetItem(name, value, written)
