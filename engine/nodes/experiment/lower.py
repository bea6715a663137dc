"""An `experiment` node's meaning: the unit, and where each arm leads."""

from __future__ import annotations

from ...ir.expression import ANY, ValueType
from ...ir.graph import Experiment
from ..lowering import Lowered, Lowering, unit_expression
from .document import ExperimentShape
from .node import ExperimentNode


def lower_experiment(shape: ExperimentShape, lowering: Lowering) -> Lowered:
    """The split; arms must be those of the experiment, all of them."""
    experiment = lowering.experiment(shape.experiment, ("experiment",))
    known = {shape.bind: ANY} if shape.bind else {}
    if experiment is None:
        return Lowered(None, known)
    if shape.bind:
        known = {shape.bind: ValueType("string", values=experiment.arms)}
    sound = check_arms(shape, experiment, lowering)
    unit = unit_expression(lowering, shape.unit, experiment.unit, ("experiment",) if shape.unit is None else ())
    if not sound or unit is None:
        return Lowered(None, known)
    otherwise = shape.otherwise or shape.arms[experiment.control]
    arms = tuple((arm, shape.arms[arm]) for arm in experiment.arms)
    return Lowered(ExperimentNode(lowering.name, shape.experiment, unit, arms, otherwise, shape.bind), known)


def check_arms(shape: ExperimentShape, experiment: Experiment, lowering: Lowering) -> bool:
    """Whether the node has a way for each arm and for nothing else."""
    for arm in shape.arms:
        if arm not in experiment.arms:
            help_ = lowering.suggestion(arm, experiment.arms, "arms")
            lowering.at_key(
                "G007", ("arms", arm), f"`{arm}` is not an arm of experiment `{experiment.name}`", help=help_
            )
    missing = [f"`{arm}`" for arm in experiment.arms if arm not in shape.arms]
    if missing:
        message = (
            f"{', '.join(missing)} of experiment `{experiment.name}` {'has' if len(missing) == 1 else 'have'} no node"
        )
        lowering.at_key("G007", ("arms",), message, help=("say for each arm where it leads",))
    return not missing and set(shape.arms) == set(experiment.arms)
