"""One record is all that a kind of node needs: a kind that decisor does not have goes the whole way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from engine.bundle.envelope import About, BundleRefusedError
from engine.bundle.plan.nodes import node_differences
from engine.bundle.read import Acceptance, open_bundle
from engine.bundle.write import pack
from engine.compiler.pipeline import compile_workspace
from engine.compiler.uses import uses_of
from engine.diagnostics import Sink
from engine.drawing.dot import dot
from engine.drawing.mermaid import mermaid
from engine.drawing.rulesets import ruleset_picture
from engine.drawing.steps import steps
from engine.drawing.svg import svg
from engine.ir.expression import STRING, Expression, Value
from engine.ir.frozen import frozen
from engine.ir.graph import GraphNode
from engine.ir.program import Program
from engine.language.documents.ruleset import ruleset_document
from engine.language.jsonschema import document_schema
from engine.language.workspace import Workspace, load_workspace
from engine.nodes.kind import NodeKind, NodeKinds
from engine.nodes.kinds import NODE_KINDS
from engine.runtime.codegen.read_plan import planned_reads
from engine.runtime.decide import Decider, Request
from engine.runtime.decision import Decision
from engine.runtime.loaded import Runtime
from engine.runtime.ports import Ports
from engine.runtime.trace import values_of
from engine.testing.explanation import explain_trace
from engine.testing.run import run_tests
from tests.unit.nodes.greeting import GREET, KINDS, Greeter, Greeting, GreetNode, write_greet

NOW = "2026-03-01T00:00:00.000Z"
ANN = {"customer_id": "c-1", "first_name": "Ann", "city": "Oslo"}
NOBODY = {"customer_id": "c-2", "city": "Oslo"}
CATALOGUE = """\
apiVersion: v1
kind: Profile
name: customer
key: customer_id
fields:
  first_name: {type: keyword, personal: true}
  city: {type: keyword}
"""
RULESET = """\
apiVersion: v1
kind: Ruleset
name: hero
output: {text: {type: keyword}}
start: hello
nodes:
  hello: {greet: profile.first_name, as: words, then: shown, otherwise: silent}
  shown: {output: {text: vars.words}}
  silent: {output: {text: "'…'"}}
"""
TESTS = """\
apiVersion: v1
kind: Test
name: greets
ruleset: hero
now: "2026-03-01T00:00:00Z"
cases:
  - {name: nobody is there, profile: {customer_id: c-2}, expect: {output: {text: …}}}
"""


def workspace(folder: Path, ruleset: str = RULESET, kinds: NodeKinds = KINDS) -> tuple[Workspace, Sink]:
    (folder / "rules").mkdir()
    (folder / "decisor.yaml").write_text("name: toys\n")
    (folder / "rules/catalogue.yaml").write_text(CATALOGUE)
    (folder / "rules/hero.yaml").write_text(ruleset)
    (folder / "rules/hero.test.yaml").write_text(TESTS)
    sink = Sink()
    return load_workspace(folder, sink, kinds), sink


def program_of(folder: Path, ruleset: str = RULESET) -> Program:
    loaded, sink = workspace(folder, ruleset)
    program = compile_workspace(loaded, sink)
    assert sink.findings() == []
    assert program is not None
    return program


def decider(program: Program, greeter: Greeter) -> Decider:
    return Decider(program, ports=Ports({Greeting: greeter}, clock=lambda: 0.0), kinds=KINDS)


def messages(folder: Path, ruleset: str, kinds: NodeKinds = KINDS) -> list[tuple[str, str]]:
    loaded, sink = workspace(folder, ruleset, kinds)
    compile_workspace(loaded, sink)
    return [(each.code, each.message) for each in sink.findings()]


def test_it_reads_and_compiles(tmp_path: Path) -> None:
    hello = program_of(tmp_path).rulesets["hero"].nodes[0]
    assert isinstance(hello, GreetNode)
    assert (hello.bind, hello.then, hello.otherwise) == ("words", "shown", "silent")


def test_what_is_wrong_with_it_is_found(tmp_path: Path) -> None:
    broken = RULESET.replace("profile.first_name", "profile.age").replace("otherwise: silent", "otherwise: gone")
    found = messages(tmp_path, broken)
    assert any(code == "G001" and "`gone`" in message for code, message in found)
    assert any(code.startswith("T1") and "age" in message for code, message in found)


def test_it_is_unknown_to_who_was_not_given_it(tmp_path: Path) -> None:
    program = program_of(tmp_path)
    (tmp_path / "other").mkdir()
    assert messages(tmp_path / "other", RULESET, NODE_KINDS)[0][0] == "S016"
    with pytest.raises(BundleRefusedError, match="GreetNode"):
        open_bundle(pack(program, About("toys")).file_bytes(), Acceptance(), NOW)


def test_editors_know_it() -> None:
    schema = document_schema(ruleset_document(KINDS), "Ruleset")
    assert {"GreetShape", "SwitchShape"} <= schema["definitions"].keys()
    assert "GreetShape" not in document_schema(ruleset_document(NODE_KINDS), "Ruleset")["definitions"]


def test_a_bundle_holds_it(tmp_path: Path) -> None:
    program = program_of(tmp_path)
    found = open_bundle(pack(program, About("toys")).file_bytes(), Acceptance(), NOW, KINDS)
    assert found.program.rulesets == program.rulesets


def test_it_is_drawn_and_told_in_words(tmp_path: Path) -> None:
    program = program_of(tmp_path)
    ruleset = program.rulesets["hero"]
    picture = ruleset_picture(ruleset, kinds=KINDS)
    assert (picture.boxes[0].kind, picture.boxes[0].lines) == ("greet", ("greets profile.first_name",))
    assert all("greets profile.first_name" in text for text in (svg(picture), dot(picture), mermaid(picture)))
    first, second, *_ = steps(ruleset, {}, KINDS)
    assert first.startswith("1. hello: greet profile.first_name as vars.words, then ")
    assert second.strip().startswith("nobody → ")


def test_what_it_uses_is_known(tmp_path: Path) -> None:
    loaded, sink = workspace(tmp_path)
    program = compile_workspace(loaded, sink)
    assert program is not None
    assert uses_of(program, loaded.documents)["ruleset/hero"] == {"field/first_name"}
    reads = planned_reads(program.rulesets["hero"], program.rulesets, {}, KINDS)
    assert [tuple(read) for read in reads] == [("hello", "greeting", "hello", True)]


@pytest.mark.parametrize("profile, text", [(ANN, "Dear Ann"), (NOBODY, "…")])
def test_it_runs_in_every_driver(tmp_path: Path, profile: dict[str, Any], text: str) -> None:
    greeter = Greeter()
    made = decider(program_of(tmp_path), greeter)
    request = Request("hero", profile, now=NOW, decision_id="d")
    decisions = [
        made.decide("hero", profile, now=NOW, decision_id="d"),
        asyncio.run(made.decide_async(request)),
        *made.decide_batch([request]),
    ]
    assert [each.output for each in decisions if isinstance(each, Decision)] == [{"text": text}] * 3
    assert decisions[0] == decisions[1] == decisions[2]
    assert greeter.calls == ([["Ann"]] * 3 if profile is ANN else [])


def test_a_batch_asks_for_all_at_once(tmp_path: Path) -> None:
    greeter = Greeter()
    requests = [Request("hero", {**ANN, "first_name": name}, now=NOW) for name in ("Ann", "Bob", "Cid")]
    assert len(list(decider(program_of(tmp_path), greeter).decide_batch(requests))) == 3
    assert greeter.calls == [["Ann", "Bob", "Cid"]]


def test_a_runtime_takes_it(tmp_path: Path) -> None:
    runtime = Runtime(program_of(tmp_path), ports=Ports({Greeting: Greeter()}, clock=lambda: 0.0), kinds=KINDS)
    assert runtime.decide("hero", ANN, now=NOW).output == {"text": "Dear Ann"}


def test_it_is_replayed_from_its_tape(tmp_path: Path) -> None:
    made = decider(program_of(tmp_path), Greeter())
    request = Request("hero", ANN, now=NOW, decision_id="d")
    decision = made.decide("hero", ANN, now=NOW, decision_id="d")
    assert made.replay(request, decision.tape) == decision


def test_a_trace_tells_of_it_without_what_is_private(tmp_path: Path) -> None:
    decision = decider(program_of(tmp_path), Greeter()).decide("hero", ANN, now=NOW, trace=True)
    entry = decision.trace[0]
    assert (entry["kind"], entry["outcome"], entry["status"]) == ("greet", "greeted", "ok")
    assert values_of(entry, KINDS) == {"person": "[personal]", "vars.words": "[personal]"}
    assert "Ann" not in str(decision.trace)
    (line, *_) = explain_trace(decision.trace, KINDS)
    assert line.startswith("hello: greeted, ok ")


def test_a_trace_tells_what_is_not_private(tmp_path: Path) -> None:
    public = program_of(tmp_path, RULESET.replace("profile.first_name", "profile.city"))
    decision = decider(public, Greeter()).decide("hero", ANN, now=NOW, trace=True)
    assert values_of(decision.trace[0], KINDS) == {"person": "Oslo", "vars.words": "Dear Oslo"}


def test_tests_cover_it(tmp_path: Path) -> None:
    loaded, sink = workspace(tmp_path)
    program = compile_workspace(loaded, sink)
    assert program is not None
    documents = [each for each in loaded.documents if each.kind == "Test"]
    found = run_tests(documents, program, kinds=KINDS)
    assert found.failed == 0
    assert list(found.coverage.possible) == [("ruleset/hero", "hello", "greeted"), ("ruleset/hero", "hello", "nobody")]
    assert found.coverage.missing() == [("ruleset/hero", "hello", "greeted")]


def test_a_plan_says_what_changed_in_it(tmp_path: Path) -> None:
    before = program_of(tmp_path).rulesets["hero"].nodes[0]
    assert isinstance(before, GreetNode)
    after = GreetNode(before.name, Value("you", STRING), before.bind, before.then, "shown")
    found = [detail.text for detail in node_differences(before, after, KINDS)]
    assert found == ['hello: person profile.first_name → "you"', "hello: otherwise silent → shown"]


def test_a_kind_that_does_not_say_what_is_personal_makes_no_nodes() -> None:
    @frozen
    class Careless(GraphNode):
        kind: ClassVar[str] = "careless"
        name: str

        def expressions(self) -> Iterable[Expression]:
            return ()

        def ways(self) -> Iterable[str]:
            return ()

        def binds(self) -> Iterable[str]:
            return ()

    with pytest.raises(TypeError, match="personal"):
        Careless("a")  # type: ignore[abstract] # that is the test


def test_a_record_without_the_words_of_its_trace_is_refused() -> None:
    with pytest.raises(TypeError, match="traced"):
        NodeKind(node=GreetNode, write=write_greet, authoring=GREET.authoring)  # type: ignore[call-arg] # as above


def test_two_kinds_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two kinds of node are called `greet`"):
        KINDS.having(replace(GREET))
