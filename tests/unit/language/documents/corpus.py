"""Sound documents of every kind, as values, and what decoding them says."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from engine.diagnostics import Finding, Sink
from engine.language.decode import decode
from engine.language.document import Document, snake
from engine.language.documents.kinds import KINDS
from engine.language.yaml.reader import YamlDocument, read_documents

FOLDER = Path(__file__).parents[3] / "golden" / "documents"


@cache
def sound_documents() -> tuple[YamlDocument, ...]:
    """The documents in the golden folder."""
    found: list[YamlDocument] = []
    for kind in KINDS:
        file = FOLDER / f"{snake(kind)}.yaml"
        found += read_documents(file.read_bytes(), file.name, Sink())
    return tuple(found)


def sound_values() -> list[dict[str, Any]]:
    """Their values."""
    return [document.value for document in sound_documents()]


def decoded(text: str) -> tuple[list[Document | None], list[Finding]]:
    """What a text's documents decode to, and what is found."""
    sink = Sink()
    documents = [decode(document, sink) for document in read_documents(text.encode(), "x.yaml", sink)]
    return documents, sink.findings()


def told(value: Any) -> list[Finding]:
    """What is found in a document that holds the value."""
    return decoded(json.dumps(value, ensure_ascii=False))[1]
