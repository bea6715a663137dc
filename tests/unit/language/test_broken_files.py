"""A syntax error costs the document it is in, and nothing that stands beside it or refers to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.compiler.pipeline import compile_workspace
from engine.diagnostics import Finding, Sink
from engine.diagnostics.render_github import render
from engine.language.workspace import load_workspace
from engine.language.yaml.reader import read_documents
from engine.language.yaml.recovery import MOST_ERRORS, MOST_REREAD, most_errors

PROFILE = """\
apiVersion: v1
kind: Profile
name: customer
key: customer_id
fields:
  spend: {type: number}
  visits: {type: number}
"""
BROKEN = {
    "tab": "conditions:\n\tall: []\n",
    "bracket": "conditions: {all: [{field: spend, operator: exists}\n",
    "quote": 'description: "about\nconditions: {all: [{field: spend, operator: exists}]}\n',
    "column": "conditions:\n  all: []\n any: []\n",
}
HEAD = "apiVersion: v1\nkind: Segment\nname: {name}\n"
SOUND = "conditions: {{all: [{{field: {field}, operator: exists}}]}}\n"
REFERENCE = "conditions: {all: [{segment: a}]}\n"


def findings(root: Path, files: dict[str, str]) -> list[Finding]:
    for name, text in {"decisor.yaml": "name: shop\n", "schemas/profile.yaml": PROFILE, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    sink = Sink()
    compile_workspace(load_workspace(root, sink), sink)
    return [each for each in sink.findings() if each.severity == "error"]


def segment(name: str, rest: str) -> str:
    return HEAD.format(name=name) + rest


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
def test_one_broken_document_is_one_finding(tmp_path: Path, broken: str) -> None:
    first = "---\n".join((segment("a", broken), segment("b", SOUND.format(field="spend"))))
    second = "---\n".join((segment("c", REFERENCE), segment("d", "conditions: {all: [{segment: b}]}\n")))
    (found,) = findings(tmp_path, {"segments/a.yaml": first, "segments/z.yaml": second})
    assert (found.code[0], found.span.file) == ("Y", "segments/a.yaml")


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
def test_the_documents_behind_a_broken_one_are_checked(tmp_path: Path, broken: str) -> None:
    text = "---\n".join((segment("a", broken), segment("b", SOUND.format(field="spnd")), segment("c", broken)))
    found = findings(tmp_path, {"segments/a.yaml": text})
    assert [each.code[0] for each in found] == ["Y", "L", "Y"]
    line = text.split("\n").index(SOUND.format(field="spnd").strip()) + 1
    assert (found[1].span.line, found[1].span.column) == (line, text.split("\n")[line - 1].index("spnd") + 1)


def test_a_document_is_read_on_behind_bad_escapes(tmp_path: Path) -> None:
    rest = 'description: "a \\q and \\w"\nowner: "\\y"\n' + SOUND.format(field="spnd")
    found = findings(tmp_path, {"segments/a.yaml": segment("a", rest), "segments/b.yaml": segment("b", REFERENCE)})
    assert [(each.code, each.span.line, each.span.column) for each in found] == [
        ("Y057", 4, 17),
        ("Y057", 4, 24),
        ("Y057", 5, 9),
        ("L001", 6, 28),
    ]


def test_a_warning_in_a_document_that_is_read_again_is_said_once() -> None:
    sink = Sink()
    documents = read_documents(b'a: NO\nb: "\\q"\nc: 1\n', "x.yaml", sink)
    assert [each.value for each in documents] == [{"a": "NO", "b": "_q", "c": 1}]
    assert [each.code for each in sink.findings()] == ["Y010", "Y057"]


def test_a_broken_workspace_file_is_one_finding(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, {"decisor.yaml": "name: shop\n\ttimezone: UTC\n"})
    assert found.code == "Y053"


def test_a_broken_profile_is_one_finding(tmp_path: Path) -> None:
    broken = PROFILE.replace("  spend", "\tspend")
    (found,) = findings(
        tmp_path, {"schemas/profile.yaml": broken, "segments/a.yaml": segment("a", SOUND.format(field="spend"))}
    )
    assert found.code == "Y053"


@pytest.mark.parametrize("name", ["customer", "another"])
@pytest.mark.parametrize("file", ["schemas/a.yaml", "schemas/z.yaml"])
def test_a_second_profile_is_one_finding(tmp_path: Path, name: str, file: str) -> None:
    second = f"apiVersion: v1\nkind: Profile\nname: {name}\nkey: customer_id\nfields: {{other: {{type: keyword}}}}\n"
    many = "---\n".join(segment(f"s{index}", SOUND.format(field="spend")) for index in range(50))
    (found,) = findings(tmp_path, {file: second, "segments/a.yaml": many})
    assert found.code == "S023"


def test_annotations_begin_with_the_cause(tmp_path: Path) -> None:
    many = "---\n".join(segment(f"s{index}", REFERENCE) for index in range(20))
    undeclared = "{apiVersion: v1, kind: Segment, name: a,\n\tconditions: {all: ]}\n"
    found = findings(tmp_path, {"segments/z.yaml": undeclared, "segments/b.yaml": many})
    first = render(found, {}).splitlines()[0]
    assert first.startswith("::error file=segments/z.yaml,line=2,")


def test_the_errors_of_a_file_are_bounded() -> None:
    sink = Sink()
    read_documents(("a: ]\n---\n" * (2 * MOST_ERRORS)).encode(), "x.yaml", sink)
    assert sink.errors == MOST_ERRORS
    assert most_errors(" " * MOST_REREAD) == 1


@pytest.mark.parametrize(
    "conditions, said",
    [
        ("{or: [{field: spend, operator: exists}]}", "write `any`"),
        ("[{and: [{field: spend, operator: exists}]}]", "write `all`"),
        ("[{events: {type: purchase, count: 5}}]", "write `{operator: equals, value: 5}`"),
    ],
)
def test_words_of_other_languages_get_a_hint(tmp_path: Path, conditions: str, said: str) -> None:
    found = findings(tmp_path, {"segments/a.yaml": segment("a", f"conditions: {conditions}\n")})
    assert said in [*found[0].help, found[0].fix.title if found[0].fix else ""]
