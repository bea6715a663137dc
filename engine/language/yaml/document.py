"""What reading a file of YAML yields: its documents, and those that are declared but broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .spans import Spans


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document of a file: its value as plain dicts, lists and scalars, and where each part stands."""

    value: Any
    spans: Spans
    file: str
    start_line: int


@dataclass(frozen=True, slots=True)
class YamlFile:
    """The documents of a file in order; of those that are not YAML, what they plainly declare: `kind` and `name`.

    `complete` says that every document of the file is YAML.
    """

    documents: tuple[YamlDocument, ...] = ()
    broken: tuple[YamlDocument, ...] = ()
    complete: bool = True
