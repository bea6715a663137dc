"""Formatting holds for every input: same values, same comments, and nothing more to do."""

from __future__ import annotations

import json

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from engine.diagnostics import Sink
from engine.language.format import STEPS, format_text
from engine.language.layout.tokens import comments_of
from engine.language.yaml.reader import read_documents

SCRAPS = [
    *"[]{}:,-?&*|>'\"\\ \n#.1aN",
    "\n  ",
    "\n    ",
    "\n- ",
    "\n  - ",
    ": ",
    "- ",
    " # c\n",
    "\n# d\n",
    "a: ",
    "b: ",
    "kind: ",
]
SCRAPS += [
    "---\n",
    "name: x\n",
    "  |\n",
    " >-\n   x\n",
    "'a\n b'",
    "[a,\n b]",
    "{a: 1}",
    "\r\n",
    "|2\n  ",
    "\n\n\n",
    "&a ",
    "*a",
]
YAML_LIKE = st.lists(st.sampled_from(SCRAPS), max_size=30).map("".join)

TEXTS = st.text("abc:#-'\"{}[],&*!|> \n", max_size=10)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 999), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.sampled_from(["apiVersion", "kind", "name", "owner", "conditions"]), VALUES, min_size=1)


@st.composite
def written(draw: st.DrawFn) -> str:
    """Documents as PyYAML writes them in some style, with comments and blank lines put between lines."""
    style = draw(st.sampled_from([None, None, "'", '"', "|", ">"]))
    values = draw(st.lists(DOCUMENTS, min_size=1, max_size=3))
    flow = draw(st.sampled_from([True, False, None]))
    text: str = yaml.dump_all(
        values,
        sort_keys=False,
        default_style=style,
        default_flow_style=flow,
        explicit_start=len(values) > 1,
        indent=draw(st.integers(2, 6)),
        width=draw(st.integers(10, 60)),
    )
    extras = st.sampled_from(["", "", "", "\n", "\n\n", "# note\n", "    # deep\n", "  # two\n\n"])
    return "".join(draw(extras) + line for line in text.splitlines(keepends=True))


def read(text: str) -> tuple[list[str], int]:
    """The values as JSON, whatever the order of keys, and the number of errors."""
    sink = Sink()
    documents = read_documents(text.encode(), "x.yaml", sink)
    return [json.dumps(each.value, sort_keys=True) for each in documents], sink.errors


@given(YAML_LIKE)
@example("- |+\n  a\n\n\n- b\n")
@example("a: |\n  b  \n   c\n\n\n")
@example("a:\n- b\n# c\n- d\n")
@example("--- |\n a\n--- >\n b\n")
@example("a: 'b\n\n\n  c'\n")
def test_scraps_keep_their_values_and_comments(text: str) -> None:
    formatted = format_text(text, "x.yaml")
    values, errors = read(text)
    if errors:
        assert formatted == text
        return
    assert read(formatted) == (values, 0)
    assert sorted(comments_of(formatted)) == sorted(comments_of(text))


@given(YAML_LIKE)
def test_scraps_are_formatted_once(text: str) -> None:
    formatted = format_text(text, "x.yaml")
    assert format_text(formatted, "x.yaml") == formatted


@given(written())
def test_documents_keep_their_values_and_comments(text: str) -> None:
    formatted = format_text(text, "x.yaml")
    values, errors = read(text)
    if errors:
        assert formatted == text
        return
    assert read(formatted) == (values, 0)
    assert sorted(comments_of(formatted)) == sorted(comments_of(text))


@given(written())
def test_documents_are_formatted_once(text: str) -> None:
    formatted = format_text(text, "x.yaml")
    assert format_text(formatted, "x.yaml") == formatted


@given(written())
def test_no_step_changes_a_value(text: str) -> None:
    values, errors = read(text)
    if not errors:
        for step in STEPS:
            text = step(text)
            assert read(text) == (values, 0), step.__name__
