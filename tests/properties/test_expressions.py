"""Generated expressions: the compiled function, the reference and, where they agree, the library itself."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ir.codec import decode, encode
from engine.ir.expression import Name, ValueType
from engine.ir.expression_reads import cost, parts, reads
from engine.ir.typed import Typing
from engine.ir.value_types import member_type
from engine.runtime.expressions import compile_expression, evaluate_expression
from tests.expression_library import evaluate
from tests.expression_texts import Texts, profiles
from tests.expression_world import SCOPE, facts, findings_of

WIDE, EXACT = Texts(exact=False), Texts(exact=True)
CHANNELS = st.sampled_from([{}, {"channel": "web"}, {"channel": "US"}])
FOLDED = {"T111"}  # a constant part without a value is refused when compiling


def expression_of(text: str) -> Any:
    """The expression; None where a constant part has no value, which only generated texts ask for."""
    found, findings = findings_of(text)
    errors = [finding for finding in findings if finding.severity == "error"]
    assert {finding.code for finding in errors} <= FOLDED, [finding.message for finding in errors]
    return None if errors else found


@settings(max_examples=1_500)
@given(WIDE.any_type(2), profiles(exact=False), CHANNELS)
def test_compiled_expression_yields_what_the_reference_says(
    text: str, profile: dict[str, Any], context: dict[str, Any]
) -> None:
    expression = expression_of(text)
    if expression is None:
        return
    given_facts = facts(profile, context=context, member={"lost"}.__contains__)
    compiled, walked = compile_expression(expression)(given_facts), evaluate_expression(expression, given_facts)
    assert (type(compiled), repr(compiled)) == (type(walked), repr(walked))


def declared(name: Name) -> list[ValueType] | None:
    """The type of what stands at a name in the scope of these expressions."""
    root = SCOPE.types.get(name.root)
    found = None if root is None else member_type(root, name.path)
    return None if found is None else [found]


@settings(max_examples=300)
@given(WIDE.any_type(2))
def test_expression_survives_the_bundle(text: str) -> None:
    expression = expression_of(text)
    if expression is None:
        return
    assert decode(encode(expression)) == expression
    assert Typing(declared).holds(expression)
    assert cost(expression) >= 0
    assert all(part.type.kind != "any" for part in parts(expression))


@settings(max_examples=300)
@given(WIDE.condition(2), profiles(exact=False))
def test_expression_depends_on_nothing_but_what_it_reads(text: str, profile: dict[str, Any]) -> None:
    expression = expression_of(text)
    if expression is None:
        return
    wanted = {path.split(".")[0] for path in reads(expression).profile}
    narrowed = {name: value for name, value in profile.items() if name in wanted}
    run = compile_expression(expression)
    assert run(facts(profile)) == run(facts(narrowed))


@settings(max_examples=1_500)
@given(EXACT.any_type(2), profiles(exact=True), st.just({"channel": "web"}))
def test_expression_yields_what_the_library_does(text: str, profile: dict[str, Any], context: dict[str, Any]) -> None:
    expression = expression_of(text)
    if expression is None:
        return
    given_facts = facts(profile, context=context, member={"lost"}.__contains__)
    assert compile_expression(expression)(given_facts) == evaluate(text, given_facts)
