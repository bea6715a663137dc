"""What a code is; a table of its own so that each family file needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding, with its page: what it means, what to do, an example that gives it and one that does not.

    `summary` explains in one or two sentences, `help` says what to do, `bad` and `good` are short YAML texts (empty
    where no text can show it, for instance a file that is too large).
    """

    code: str
    title: str
    severity: Literal["error", "warning"]
    summary: str
    help: str
    bad: str = ""
    good: str = ""
