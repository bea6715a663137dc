"""H: habits that keep a workspace readable, suppressions among them."""

from __future__ import annotations

from .registry import Code

_LAYER = "apiVersion: v1\nkind: Layer\nname: checkout\n"

CODES: list[Code] = [
    Code(
        "H001",
        "more findings than shown",
        "warning",
        "A report keeps a bounded number of findings per file and per run; this one says how many were left out.",
        "Fix what is shown and run the check again.",
    ),
    Code(
        "H002",
        "unknown code among the allowed ones",
        "error",
        "`allow` names codes of warnings; this one does not exist.",
        "Correct the code; `decisor explain CODE` has a page for each.",
        _LAYER + "allow: [{code: H999, reason: known, until: 2099-12-31}]\n",
        _LAYER,
    ),
    Code(
        "H003",
        "allowed until a day that is past",
        "warning",
        "A finding that was accepted until a day is reported again once that day has passed.",
        "Fix the finding, or set a later day.",
        _LAYER + "allow: [{code: Y010, reason: known, until: 2020-12-31}]\n",
        _LAYER,
    ),
    Code(
        "H004",
        "allowed without need",
        "warning",
        "`allow` names a warning that this document does not give.",
        "Delete the entry.",
        _LAYER + "allow: [{code: Y010, reason: known, until: 2099-12-31}]\n",
        _LAYER,
    ),
    Code(
        "H005",
        "error among the allowed ones",
        "error",
        "Warnings can be accepted; an error means that a document cannot be compiled, accepted or not.",
        "Fix the error and delete the entry.",
        _LAYER + "allow: [{code: S010, reason: known, until: 2099-12-31}]\n",
        _LAYER,
    ),
]
