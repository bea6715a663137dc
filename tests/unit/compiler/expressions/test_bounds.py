"""Whatever text there is, the front end answers at once, with findings and without harm."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.compiler.expressions import TEXT_LIMIT
from engine.compiler.expressions.tree import DEPTH_LIMIT
from engine.ir.expression_reads import cost
from engine.ir.graph_cost import EXPRESSION_COST_LIMIT
from engine.runtime.expressions import compile_expression
from tests.effort import within
from tests.expression_world import facts, findings_of, lowered, new_scope

HOSTILE = {
    "open parentheses": "(" * TEXT_LIMIT,
    "open brackets": "[" * TEXT_LIMIT,
    "parentheses": "(" * 2_000 + "true" + ")" * 2_000,
    "lists": "[" * 2_000 + "1" + "]" * 2_000,
    "not": "not " * 1_000 + "true",
    "minus": "-" * 4_000 + "1",
    "ternary": "true ? 1 : " * 370 + "1",
    "attributes": "profile" + ".home" * 800,
    "powers": "9" + "**9" * 1_300,
    "powers of powers": "9**(9**(9**(9**9)))",
    "sums": "1" + "+1" * 2_000,
    "digits": "9" * TEXT_LIMIT,
    "exponent": "1e99999999999999999999 > 1",
    "index": "[1, 2][1e999999999]",
    "shift": "1 << 99999999999",
    "backtracking": "'" + "a" * 2_000 + "' =~ '(a+)+(a+)+(a+)+b'",
    "range": "$range(1000000000)",
    "quotes": "'" * TEXT_LIMIT,
    "escapes": "'" + "\\" * 4_001 + "'",
    "ors": "true" + " or true" * 450,
    "list of numbers": "1 in [" + "1," * 2_000 + "1]",
    "too long": "x" * (TEXT_LIMIT + 1),
    "much too long": "x" * 10_000_000,
    "line breaks": "\n" * TEXT_LIMIT,
    "nul": "\0",
    "surrogate": "profile.country == '\ud800'",
    "durations": 't"P' + "9" * 4_000 + 'D"',
    "nested for": "[" * 30 + "s" + " for s in profile.sizes]" * 30,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_answered_at_once(text: str) -> None:
    findings_of("true")  # imports the library
    found, findings = within(200, lambda: findings_of(text, scope=new_scope()))
    assert found is not None or findings
    assert all(len(finding.message) < 400 for finding in findings)


@pytest.mark.parametrize(
    "wrapped",
    ["({0} ?? 1)", "$abs({0})", "-({0})", "({0} + {0})", "(true ? {0} : 1)", "({0} > 0 ? {0} : 2)", "$max([1, {0}])"],
)
def test_deepest_expression_that_is_read_compiles_and_runs(wrapped: str) -> None:
    text, levels = "profile.loyalty_points", 0
    while len(deeper := wrapped.format(text)) < TEXT_LIMIT and not findings_of(deeper)[1]:
        text, levels = deeper, levels + 1
    assert levels >= 6
    assert isinstance(compile_expression(lowered(text))(facts({"loyalty_points": 2})), int)


def test_one_level_more_is_too_deep() -> None:
    text = "profile.loyalty_points"
    for _ in range(DEPTH_LIMIT):
        text = f"({text} ?? 1)"
    found, findings = findings_of(text)
    assert found is None
    assert [finding.code for finding in findings] == ["T110"]


def test_long_chain_is_one_level() -> None:
    text = " or ".join(f"profile.visits == {number}" for number in range(100))
    run = compile_expression(lowered(text))
    assert run(facts({"visits": 99}))
    assert not run(facts({"visits": 100}))


@pytest.mark.parametrize(
    "text, least, most",
    [
        ("true", 0, 0),
        ("profile.country == 'US'", 1, 5),
        ("'a' in profile.tags", 10_000, 10_010),
        ("$any([o.amount > 1 for o in profile.orders])", 20_000, 60_000),
        ("profile.country in ['a', 'b', 'c']", 3, 20),
    ],
)
def test_cost_counts_lists_at_their_longest(text: str, least: int, most: int) -> None:
    assert least <= cost(lowered(text)) <= most <= EXPRESSION_COST_LIMIT


def test_library_is_imported_with_the_first_expression_and_not_before() -> None:
    script = (
        "import sys, engine.compiler.expressions as e; from engine.diagnostics import Sink\n"
        "assert 'rule_engine' not in sys.modules\n"
        "from engine.ir.types import Catalogue\n"
        "scope = e.Scope.of(Catalogue('customer', 'customer_id', ()))\n"
        "assert 'rule_engine' not in sys.modules\n"
        "assert e.lower_expression('1 < now().year', scope, e.DocumentValue(None, ()), Sink()) is not None\n"
        "assert 'rule_engine' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_runtime_half_needs_no_library() -> None:
    script = (
        "import sys, engine.runtime.expressions; assert 'rule_engine' not in sys.modules and 'yaml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_equal_texts_of_a_scope_are_lowered_once_and_reported_each_time() -> None:
    scope = new_scope()
    first, findings = findings_of("profile.contry == 'US'", scope=scope)
    second, again = findings_of("profile.contry == 'US'", scope=scope)
    assert first is second is None
    assert findings == again
    assert len(scope.kept) == 1


def test_scope_forgets_the_oldest_texts() -> None:
    scope = new_scope()
    for number in range(1_100):
        scope.lower_once(number, lambda: 1)
    assert len(scope.kept) == 1_024
    assert 0 not in scope.kept
