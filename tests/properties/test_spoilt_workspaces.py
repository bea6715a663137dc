"""Whatever is wrong in a workspace is a finding: documents are spoilt at random, and the check never fails itself."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import load_workspace
from engine.api import LoadedWorkspace
from engine.diagnostics import Sink
from engine.language.yaml.reader import read_documents
from engine.testing.run import run_tests
from tests.unit.testing.world import FILES, HEAD

CASES = """\
  - name: somebody
    profile: {user_id: c-7, spend: 600.0, country: US, tags: [a]}
    events: [{type: purchase, time: "2026-02-28T00:00:00Z", data: {amount: 5}}]
    context: {channel: web}
    answers:
      models: {churn: {output: {score: 0.5}}}
      features: {activity: {orders_7d: 2}}
      bandits: {heroes: {arm: gift, probability: 0.5}}
      forced: {split: control}
      caps: {gift: 1}
    expect:
      segments: [staff, vip]
      output: {content: welcome}
      path: [who, trial, plain]
      experiments: {split: control}
"""
SOURCES = {**FILES, "rules/all.test.yaml": HEAD + CASES}
DOCUMENTS = {
    (file, index): document.value
    for file, text in SOURCES.items()
    for index, document in enumerate(read_documents(text.encode(), file, Sink()))
}
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["vip", "hero", "purchase", "user_id", "profile.spend", "vars.x", "9" * 40, "30d", "*", ">= 1"]),
    st.sampled_from([[], {}, [[]], [{}], {"all": []}, {"field": "spend", "operator": "exists"}, {"a": {"b": [1]}}]),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (mapping or list, key or index) in a value."""
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            found += [(value, key), *places(value[key])]
    return found


def spoil(document: Any, data: st.DataObject) -> None:
    if not document:
        return
    holder, key = data.draw(st.sampled_from(places(document)))
    match data.draw(st.sampled_from(["replace", "delete", "rename", "copy"])):
        case "delete":
            del holder[key]
        case "rename" if isinstance(holder, dict):
            holder[data.draw(st.text(max_size=8))] = holder.pop(key)
        case "copy":
            other, there = data.draw(st.sampled_from(places(document)))
            holder[key] = deepcopy(other[there])
        case _:
            holder[key] = deepcopy(data.draw(JUNK))


def loaded(documents: dict[tuple[str, int], Any]) -> LoadedWorkspace:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file in SOURCES:
            (folder / file).parent.mkdir(exist_ok=True)
            parts = [document for (each, _), document in documents.items() if each == file]
            (folder / file).write_text(yaml.dump_all(parts, allow_unicode=True), "utf-8")
        return load_workspace(folder)


def test_what_is_spoilt_was_sound() -> None:
    assert loaded(DOCUMENTS).findings == ()


@settings(max_examples=150)
@given(data=st.data())
def test_a_spoilt_workspace_has_findings_and_never_breaks_the_check(data: st.DataObject) -> None:
    documents = deepcopy(DOCUMENTS)
    for _change in range(data.draw(st.integers(1, 4))):
        spoil(documents[data.draw(st.sampled_from(sorted(documents)))], data)
    workspace = loaded(documents)
    assert workspace.errors == sum(each.severity == "error" for each in workspace.findings)
    if not workspace.errors:
        tests = [each for each in workspace.documents.documents if each.kind == "Test"]
        run_tests(tests, workspace.program)
