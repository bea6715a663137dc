"""The page on expressions says what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.compiler.expressions.calls import BUILTINS, METHODS, PROPERTIES
from tests.expression_world import lowered

TEXT = (Path(__file__).parents[4] / "docs" / "expressions.md").read_text("utf-8")
EXAMPLES = TEXT.split("```")[1].strip().split("\n")


@pytest.mark.parametrize("text", EXAMPLES)
def test_example_is_an_expression(text: str) -> None:
    lowered(text)


def test_every_function_and_attribute_is_listed() -> None:
    attributes = {name for names in (*PROPERTIES.values(), *METHODS.values()) for name in names}
    missing = {f"`.{name}" for name in attributes} | {f"`${name}(" for name in BUILTINS}
    assert {name for name in missing if name not in TEXT} == set()
