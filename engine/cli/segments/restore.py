"""`decisor segments restore`: let the conditions decide again."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..command import Command
from .overriding import changed, configure

if TYPE_CHECKING:
    from ...worker.overrides import OverrideOutcome, Overrides


def _restore(
    overrides: Overrides, name: str, customer: str, _options: argparse.Namespace, now_ms: int
) -> OverrideOutcome:
    return overrides.restore(name, customer, now_ms)


COMMAND = Command(
    "Take back what `add` or `remove` has said of a customer: the conditions decide again.",
    "decisor segments restore vips c-1",
    configure,
    lambda options: changed(options, _restore, override=None),
)
