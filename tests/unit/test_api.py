"""The public API: a workspace is loaded, checked, compiled and built; a bundle is opened, matches and decides."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import engine
from engine import (
    Acceptance,
    BundleRefusedError,
    FactsRefusedError,
    InputRefusedError,
    KeyRefusedError,
    Ports,
    WorkspaceRefusedError,
    build_bundle,
    load_workspace,
    open_bundle,
)
from engine.bundle.sign import generate_key
from engine.runtime.needs import Got, Predict

FILES = {
    "decisor.yaml": "name: shop\n",
    "schemas/profile.yaml": """\
apiVersion: v1
kind: Profile
name: customer
key: customer_id
fields:
  spend: {type: number}
  seen_at: {type: date}
  email: {type: keyword, encrypted: {search: equality}}
---
apiVersion: v1
kind: EventType
name: purchase
""",
    "segments/all.yaml": """\
apiVersion: v1
kind: Segment
name: vips
conditions: [{field: spend, operator: greater_or_equal, value: 500}]
---
apiVersion: v1
kind: Segment
name: recent
conditions: [{field: seen_at, operator: within_last, value: 30d}, {field: email, operator: equals, value: a@b.c}]
---
apiVersion: v1
kind: Segment
name: buyers
conditions: [{events: {type: purchase, within: 30d}}]
""",
    "rules/hero.yaml": """\
apiVersion: v1
kind: Ruleset
name: hero
context: {channel: {type: keyword, values: [web, email]}}
output: {content: {type: keyword}, score: {type: number}}
start: who
nodes:
  who: {switch: [{when: "in_segment('vips')", then: ask}], otherwise: plain}
  ask: {model: churn, as: churn, then: scored}
  scored: {output: {content: "'scored'", score: vars.churn.score}}
  plain: {output: {content: "'welcome'", score: "null"}}
---
apiVersion: v1
kind: Model
name: churn
protocol: onnx
file: churn.onnx
inputs: {spend: {type: number, from: profile.spend, default: 0}}
outputs: {score: {type: number}}
fallback: {score: 0.5}
""",
}
NOW = "2026-03-01T00:00:00Z"


def write(folder: Path, **changes: str) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name, text in changes.items():
        (folder / f"segments/{name}.yaml").write_text(text)
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write(tmp_path / "shop")


def test_there_are_at_most_twenty_names_each_with_its_words() -> None:
    assert len(engine.__all__) <= 20
    assert engine.__all__ == sorted(engine.__all__) == dir(engine)
    for name in engine.__all__:
        value = getattr(engine, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), name


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(AttributeError, match="module `engine` has no `load`"):
        engine.load  # noqa: B018 - asking is the point


def test_importing_the_package_imports_nothing() -> None:
    program = "import sys, engine\nprint(sorted(name for name in sys.modules if name.startswith('engine.')))"
    root = Path(engine.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_sound_workspace_has_no_findings_and_a_program(shop: Path) -> None:
    workspace = load_workspace(shop)
    assert (workspace.findings, workspace.errors, workspace.warnings) == ((), 0, 0)
    assert sorted(workspace.program.segments) == ["buyers", "recent", "vips"]
    assert load_workspace(str(shop)).program == workspace.program


def test_findings_have_places_and_errors_refuse_the_program(tmp_path: Path) -> None:
    wrong = "apiVersion: v1\nkind: Segment\nname: wrong\nconditions: [{field: spnd, operator: exists}]\n"
    workspace = load_workspace(write(tmp_path, wrong=wrong))
    (finding,) = workspace.findings
    assert (finding.code, finding.span.file, finding.span.line, finding.span.column) == (
        "L001",
        "segments/wrong.yaml",
        4,
        22,
    )
    with pytest.raises(WorkspaceRefusedError, match=r"segments/wrong.yaml:4:22: `spnd` is not a field") as refused:
        build_bundle(workspace)
    assert refused.value.findings == (finding,)
    assert workspace.compiled is not None
    assert "vips" in workspace.compiled.segments


def test_a_folder_without_anything_is_refused_and_not_a_crash(tmp_path: Path) -> None:
    workspace = load_workspace(tmp_path / "none")
    assert workspace.errors > 0
    assert workspace.compiled is None
    with pytest.raises(WorkspaceRefusedError):
        workspace.program  # noqa: B018 - asking is the point


def test_suppressions_count_on_the_day_that_is_given(tmp_path: Path) -> None:
    never = """\
apiVersion: v1
kind: Segment
name: never
allow: [{code: C002, reason: waits, until: 2026-06-30}]
conditions: [{field: spend, operator: missing}, {field: spend, operator: exists}]
"""
    folder = write(tmp_path, never=never)
    assert load_workspace(folder, today="2026-06-30").warnings == 0
    late = load_workspace(folder, today="2026-07-01")
    assert {each.code for each in late.findings} == {"C002", "H003"}
    assert late.warnings == 2


def test_segments_are_compiled_for_every_target(shop: Path) -> None:
    workspace = load_workspace(shop)
    assert workspace.english("vips") == "spend is at least 500"
    assert workspace.elasticsearch("vips") == {"query": {"bool": {"filter": [{"range": {"spend": {"gte": 500.0}}}]}}}
    recent = workspace.elasticsearch("recent", now=NOW)["query"]["bool"]["filter"]
    assert recent[0]["range"]["seen_at"] == {"gte": "2026-01-30T00:00:00.000Z", "lte": "2026-03-01T00:00:00.000Z"}
    assert recent[1] == {"term": {"email.hash": {"$hash": {"field": "email", "value": "a@b.c"}}}}
    assert workspace.elasticsearch("buyers")["candidates"] is True
    statement, parameters = workspace.sql("vips", "duckdb")
    assert statement.startswith('SELECT "customer_id" FROM "profiles" WHERE ')
    assert dict(parameters) == {"p1": 500.0}
    with pytest.raises(ValueError, match="event"):
        workspace.sql("buyers", "postgres")
    with pytest.raises(KeyError):
        workspace.elasticsearch("vip")


def test_equal_workspaces_give_equal_bytes(shop: Path, tmp_path: Path) -> None:
    here, there = load_workspace(shop), load_workspace(write(tmp_path / "elsewhere"))
    assert build_bundle(here) == build_bundle(there)
    assert build_bundle(here, revision="abc", sequence=3) != build_bundle(here)


def test_a_bundle_is_opened_from_bytes_and_from_a_file(shop: Path, tmp_path: Path) -> None:
    raw = build_bundle(load_workspace(shop))
    (tmp_path / "shop.bundle").write_bytes(raw)
    runtimes = [open_bundle(raw), open_bundle(tmp_path / "shop.bundle"), open_bundle(str(tmp_path / "shop.bundle"))]
    assert len({runtime.digest for runtime in runtimes}) == 1
    with pytest.raises(BundleRefusedError):
        open_bundle(raw[:-20])
    with pytest.raises(OSError, match=r"none\.bundle"):
        open_bundle(tmp_path / "none.bundle")


def test_signatures_are_verified_when_asked_for(shop: Path, tmp_path: Path) -> None:
    private, public = generate_key()
    for name, content in (("a.key", private), ("a.key.pub", public), ("b.key.pub", generate_key()[1])):
        (tmp_path / name).write_bytes(content)
    workspace = load_workspace(shop)
    signed = build_bundle(workspace, key=tmp_path / "a.key")
    accepted = Acceptance("require", (tmp_path / "a.key.pub",))
    assert open_bundle(signed, accepted).digest == open_bundle(build_bundle(workspace)).digest
    with pytest.raises(BundleRefusedError):
        open_bundle(build_bundle(workspace), accepted)
    with pytest.raises(BundleRefusedError):
        open_bundle(signed, Acceptance("require", (tmp_path / "b.key.pub",)))
    with pytest.raises(BundleRefusedError):
        open_bundle(signed, Acceptance(at_least=1))
    with pytest.raises(KeyRefusedError):
        build_bundle(workspace, key=tmp_path / "a.key.pub")


def test_profiles_are_matched_with_their_history(shop: Path) -> None:
    runtime = open_bundle(build_bundle(load_workspace(shop)))
    profile = {"customer_id": "c-1", "spend": 700, "seen_at": "2026-02-20T00:00:00Z", "email": "a@b.c"}
    event = {"id": "e-1", "type": "purchase", "customer_id": "c-1", "time": "2026-02-20T00:00:00Z"}
    assert runtime.segments(profile, now=NOW) == ["recent", "vips"]
    assert runtime.segments(profile, [event], now=NOW) == ["buyers", "recent", "vips"]
    assert runtime.segments({"customer_id": "c-2"}) == []
    with pytest.raises(FactsRefusedError, match=r"`profile\.spnd` is not declared") as refused:
        runtime.segments({"customer_id": "c-1", "spnd": 5})
    assert [problem.path for problem in refused.value.problems] == ["profile.spnd"]
    with pytest.raises(FactsRefusedError, match=r"`events\[0\]\.type` expected one of purchase"):
        runtime.segments({"customer_id": "c-1"}, [{**event, "type": "visit"}])


def test_decisions_are_made_and_name_their_bundle(shop: Path) -> None:
    runtime = open_bundle(build_bundle(load_workspace(shop)))
    decision = runtime.decide("hero", {"customer_id": "c-1"}, {"channel": "web"}, now=NOW, decision_id="d-1")
    assert (decision.decision_id, decision.customer) == ("d-1", "c-1")
    assert decision.output == {"content": "welcome"}
    assert decision.bundle == runtime.digest
    with pytest.raises(InputRefusedError, match=r"context\.channel: expected one of email, web"):
        runtime.decide("hero", {"customer_id": "c-1"}, {"channel": "post"})
    with pytest.raises(KeyError):
        runtime.decide("her", {"customer_id": "c-1"})


class Churn:
    """A model that knows."""

    blocks = False

    def answer(self, needs: Sequence[Predict], deadline: float) -> list[Got]:  # noqa: ARG002 - the port's signature
        return [Got({"score": 0.9}, "ok", "7") for _ in needs]


def test_models_answer_through_ports_and_fall_back_without(shop: Path) -> None:
    bundle = build_bundle(load_workspace(shop))
    profile = {"customer_id": "c-1", "spend": 700}
    alone = open_bundle(bundle).decide("hero", profile)
    assert (alone.output["score"], alone.models[0]["status"]) == (0.5, "unavailable")
    asked = open_bundle(bundle, ports=Ports({Predict: Churn()})).decide("hero", profile)
    assert asked.output["score"] == 0.9
    assert asked.models == [{"model": "churn", "version": "7", "status": "ok"}]
