"""An `experiment` node as Python: the assignment, and a branch for each arm."""

from __future__ import annotations

from collections.abc import Iterable

from ...ir.graph import Experiments
from ..kind import LookUp
from ..writing import Writer
from .node import ExperimentNode


def write_experiment(node: ExperimentNode, writer: Writer) -> None:
    """The way of the unit's arm; `otherwise` for those outside the experiment."""
    unit, kept, dealt = writer.name("unit"), "None", writer.name("dealt")
    experiment = writer.experiment(node.experiment)
    writer.line(f"{unit} = {writer.value(node.unit)}")
    if experiment.sticky:
        kept, need = writer.name("kept"), writer.name("need")
        writer.line(f"{need} = {experiment_need(node, writer)}")
        writer.ask(f"({need},)")
        writer.line(f"{kept} = log.recall({node.name!r}, {need})")
    writer.line(f"{dealt} = log.assign({writer.bind(experiment, 'experiment')}, {unit}, {kept})")
    if node.bind is not None:
        writer.line(f"{writer.var(node.bind)} = {dealt}[0]")
    told = {"explain": f"log.explain({node.experiment!r}, {unit}, {writer.is_private(node.unit)})"}
    for index, (arm, target) in enumerate(node.arms):
        with writer.block(f"{'elif' if index else 'if'} {dealt}[0] == {arm!r}:"):
            writer.note(node, repr(arm), reason=f"{dealt}[1]", **told)
            writer.go(target)
    with writer.block("else:"):
        writer.note(node, f"{dealt}[1]", reason=f"{dealt}[1]", **told)
        writer.go(node.otherwise)


def remembers(node: ExperimentNode, experiments: Experiments) -> bool:
    """Whether the unit keeps its arm, which is then asked for."""
    return experiments[node.experiment].sticky


def experiment_look_ups(node: ExperimentNode, experiments: Experiments) -> Iterable[LookUp]:
    """The arm that the unit had, where arms are kept."""
    if not remembers(node, experiments):
        return ()
    return (LookUp("sticky", node.experiment, (node.unit,), lambda writer: experiment_need(node, writer)),)


def experiment_need(node: ExperimentNode, writer: Writer) -> str:
    """Source of the need for the arm that the unit had, None without a unit."""
    unit, unit_type = writer.name("unit"), writer.experiment(node.experiment).unit
    return f"Recall({node.experiment!r}, {unit_type!r}, {unit}) if ({unit} := {writer.value(node.unit)}) else None"
