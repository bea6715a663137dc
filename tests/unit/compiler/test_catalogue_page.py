"""The page on the catalogue: its examples are a workspace without findings, and it names what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engine.api import load_workspace
from engine.ir.instant import parse_instant
from engine.language.documents.event_type import EventField, EventTypeDocument
from engine.language.documents.member_list import MemberListDocument
from engine.language.documents.profile import AGGREGATES, EventSource, ProfileDocument, ProfileField

TEXT = (Path(__file__).parents[3] / "docs" / "catalogue.md").read_text("utf-8")
FILES = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", TEXT, re.DOTALL))
EVENTS = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)


def test_examples_are_a_workspace_without_findings(tmp_path: Path) -> None:
    assert len(FILES) == TEXT.count("```yaml")
    for name, text in {"decisor.yaml": "name: shop\n", "segments/staff.txt": "c-7\n", **FILES}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    loaded = load_workspace(tmp_path)
    assert list(loaded.findings) == []
    catalogue = loaded.compiled.catalogue if loaded.compiled else None
    assert catalogue is not None
    for event in map(json.loads, EVENTS):
        declared = catalogue.event(event["type"])
        assert declared is not None
        assert set(event["data"]) <= {field.name for field in declared.fields}
        assert set(event) == {"id", "type", "time", "data", catalogue.key}
        assert parse_instant(event["time"])


@pytest.mark.parametrize(
    "shape", [ProfileDocument, ProfileField, EventSource, EventTypeDocument, EventField, MemberListDocument]
)
def test_everything_that_can_be_written_is_named(shape: type) -> None:
    names = {each.alias or name for name, each in shape.model_fields.items()}  # type: ignore[attr-defined]
    of_every_document = {"apiVersion", "kind", "name", "createdAt", "owner", "tags", "version", "allow"}
    wanted = names - of_every_document
    assert {name for name in wanted if not re.search(rf"`{name}\b|^ *{name}:", TEXT, re.MULTILINE)} == set()
    assert {name for name in AGGREGATES if f"`{name}`" not in TEXT} == set()
