"""`decisor segments restore`: removes an override, so that the conditions decide again."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..command import Command
from .overriding import configure, run_change

if TYPE_CHECKING:
    from ...worker.overrides import OverrideOutcome, Overrides


def _restore(
    overrides: Overrides, name: str, customer: str, _options: argparse.Namespace, now_ms: int
) -> OverrideOutcome:
    return overrides.restore(name, customer, now_ms)


COMMAND = Command(
    "Remove the override that `add` or `remove` set for a customer, so that the conditions decide again.",
    "decisor segments restore vips c-1",
    configure,
    lambda options: run_change(options, _restore, override=None),
)
