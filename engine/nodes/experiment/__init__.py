"""The node kind `experiment`."""

from __future__ import annotations

from ..authoring import Authoring
from ..kind import NodeKind
from .node import ExperimentNode
from .run import experiment_look_ups, remembers, write_experiment


def _authoring() -> Authoring[ExperimentNode]:
    from . import telling
    from .document import ExperimentShape
    from .lower import lower_experiment

    return Authoring(
        shape=ExperimentShape,
        lower=lower_experiment,
        look=telling.LOOK,
        box_lines=telling.box_lines,
        arrows=telling.arrows,
        steps=telling.steps,
        outcomes=telling.outcomes,
        outcomes_seen=telling.outcomes_seen,
        outcome_text=telling.outcome_text,
    )


EXPERIMENT = NodeKind(
    node=ExperimentNode,
    write=write_experiment,
    traced=("reason", "explain"),
    asks=remembers,
    logs=True,
    look_ups=experiment_look_ups,
    authoring=_authoring,
)
