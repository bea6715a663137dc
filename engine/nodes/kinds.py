"""The kinds of nodes that decisor has, in the order in which people meet them."""

from __future__ import annotations

from .bandit import BANDIT
from .cap import CAP
from .experiment import EXPERIMENT
from .features import FEATURES
from .kind import NodeKinds
from .model import MODEL
from .output import OUTPUT
from .ruleset import RULESET
from .set import SET
from .switch import SWITCH
from .table import TABLE

NODE_KINDS = NodeKinds((SWITCH, TABLE, SET, FEATURES, MODEL, EXPERIMENT, BANDIT, RULESET, CAP, OUTPUT))
