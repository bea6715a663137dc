"""One segment that lies in no file: given as a mapping or as YAML, compiled against a program."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from ..diagnostics import Finding, Sink
from ..ir.predicate import Predicate
from ..ir.program import Program
from ..language.decode import decode
from ..language.yaml.reader import read_documents
from .scope import Scope
from .segments import lower_segment

FILE = "definition"  # what findings call the text


class DefinitionRefusedError(ValueError):
    """The definition has errors; `findings` are they."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"{first.message}{more}")
        self.findings = tuple(findings)


def compile_segment(definition: Mapping[str, Any] | str, program: Program) -> tuple[str, Predicate]:
    """The name and the predicate of a `Segment`; it may refer to the program's segments and lists.

    `apiVersion` and `kind` may be left out of a mapping. Raises DefinitionRefusedError.
    """
    if isinstance(definition, str):
        text = definition
    else:
        whole = {"apiVersion": "v1", "kind": "Segment", **definition}
        text = json.dumps(whole, ensure_ascii=False, default=_yaml_value)
    sink = Sink()
    documents = read_documents(text.encode("utf-8", "surrogatepass"), FILE, sink)
    found = [document for each in documents if (document := decode(each, sink)) is not None]
    errors = [each for each in sink.findings() if each.severity == "error"]
    if errors:
        raise DefinitionRefusedError(errors)
    if len(found) != 1 or found[0].kind != "Segment":
        raise ValueError(f"the definition has {len(found)} documents: expected one of kind Segment")
    (document,) = found
    known = {name: each for name, each in program.segments.items() if name != document.name}
    declared = {
        "Segment": known,
        "MemberList": program.lists,
        "EventType": [each.name for each in program.catalogue.events],
    }
    scope = Scope(program.catalogue, program.timezone, declared, dict(program.lists))
    predicate = lower_segment(document, known, scope, sink)
    errors = [each for each in sink.findings() if each.severity == "error"]
    if errors or predicate is None:
        raise DefinitionRefusedError(errors)
    return document.name, predicate


def _yaml_value(value: Any) -> str:
    """Instants and days as YAML has them."""
    if isinstance(value, datetime):
        instant = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a definition holds a {type(value).__name__}: expected what JSON can say")
