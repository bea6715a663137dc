"""One type for every node an author can write, told apart by the key that names its kind."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Tag

from ..shapes.choice import by_key
from .bandit.document import BanditShape
from .cap.document import CapShape
from .experiment.document import ExperimentShape
from .features.document import FeaturesShape
from .model.document import ModelShape
from .output.document import OutputShape
from .ruleset.document import RulesetShape
from .set.document import SetShape
from .switch.document import SwitchShape
from .table.document import TableShape

NODE_KINDS = ("switch", "table", "set", "features", "model", "experiment", "bandit", "ruleset", "cap", "output")

NodeShape: TypeAlias = Annotated[
    Annotated[SwitchShape, Tag("<switch>")]
    | Annotated[TableShape, Tag("<table>")]
    | Annotated[SetShape, Tag("<set>")]
    | Annotated[FeaturesShape, Tag("<features>")]
    | Annotated[ModelShape, Tag("<model>")]
    | Annotated[ExperimentShape, Tag("<experiment>")]
    | Annotated[BanditShape, Tag("<bandit>")]
    | Annotated[RulesetShape, Tag("<ruleset>")]
    | Annotated[CapShape, Tag("<cap>")]
    | Annotated[OutputShape, Tag("<output>")],
    by_key(
        "Node", {kind: f"<{kind}>" for kind in NODE_KINDS}, "a node, as {output: {…}} or {switch: […], otherwise: …}"
    ),
]
