"""The interpreter: what runs per request, on the standard library alone.

`Runtime` is a program made ready to run, `Matcher` its segments, `Decider` its rulesets.
"""

from __future__ import annotations

from .decide import Decider, InputRefusedError, Request
from .decision import Decision
from .intake import FactsRefusedError
from .loaded import Runtime
from .matcher import Matcher
from .ports import Ports

__all__ = ["Decider", "Decision", "FactsRefusedError", "InputRefusedError", "Matcher", "Ports", "Request", "Runtime"]
