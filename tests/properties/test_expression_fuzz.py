"""Any text at all: the front end gives an expression or findings inside the text, and never anything else."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.runtime.expressions import compile_expression, evaluate_expression
from tests.expression_texts import Texts
from tests.expression_world import facts, findings_of

WORDS = """profile context event vars . country tags orders home ( ) [ ] { } , : ? ?? &. &[ == != < > =~ !~ =~~ and or
not in for if null true false now() in_segment('lost') 'a' "b" d"2026-01-01T00:00:00Z" t"P1D" 1 2.5 -1 1e9 0x1F + - *
/ // % ** & | ^ << >> $max $now # b'x' r'a' inf nan o ; @ é ' " ! $"""
PIECES = st.sampled_from([*WORDS.split(), "\n", "\\", ""])
SLIPS = st.sampled_from(["", "'", "(", "]", " ", "x", "and", "=", "\\"])


def check(text: str) -> None:
    """Lower the text, and run it where there is something to run."""
    found, findings = findings_of(text)
    for finding in findings:
        assert 1 <= finding.span.column <= finding.span.end_column <= len(text) + 1
        assert finding.message.startswith("`")
        assert finding.code[:2] == "T1"
    errors = [finding for finding in findings if finding.severity == "error"]
    assert (found is None) == bool(errors)
    if found is not None:
        given_facts = facts({"country": "US"})
        assert repr(compile_expression(found)(given_facts)) == repr(evaluate_expression(found, given_facts))


@settings(max_examples=1_000)
@given(st.lists(PIECES, max_size=12).map(" ".join))
def test_pieces_in_any_order_are_answered(text: str) -> None:
    check(text)


@settings(max_examples=500)
@given(st.text(max_size=30))
def test_any_text_is_answered(text: str) -> None:
    check(text)


@settings(max_examples=500)
@given(
    Texts(exact=False).any_type(2),
    st.integers(0, 200),
    SLIPS,
)
def test_expression_with_a_slip_is_answered(text: str, place: int, slip: str) -> None:
    at = place % (len(text) + 1)
    check(text[:at] + slip + text[at + 1 :])
