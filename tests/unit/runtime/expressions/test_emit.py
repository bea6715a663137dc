"""The Python that expressions become."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from engine.ir.codec import DecodeError
from engine.ir.expression import (
    BOOLEAN,
    EXPRESSIONS,
    STRING,
    Collect,
    Compare,
    InSegment,
    Local,
    Logic,
    Name,
    Value,
    ValueType,
)
from engine.ir.expression_reads import Reads, reads
from engine.runtime.expressions import Env, Facts, compile_expression, emit, emit_truth
from tests.expression_world import lowered

SOURCES = {
    "profile.country == 'US'": "(p.get('country') == 'US')",
    "profile.country != 'US'": "((_t1 := p.get('country')) is not None and _t1 != 'US')",
    "profile.loyalty_points >= 3": "((_t1 := p.get('loyalty_points')) is not None and _t1 >= 3)",
    "profile.country in ['US', 'CA']": "(p.get('country') in ('US', 'CA',))",
    "profile.country == null": "(p.get('country') is None)",
    "profile.country != null": "(p.get('country') is not None)",
    "not profile.email_opt_in": "(not (p.get('email_opt_in') is True))",
    "in_segment('lost') and context.page == 1": "(member('lost') and (c.get('page') == 1))",
    "profile.home.lat": "(p.get('home') or _nothing).get('lat')",
    "profile.country ?? 'none'": "(_t1 if (_t1 := p.get('country')) is not None else 'none')",
    "60 * 60 * 24": "86400",
    "vars.pick.arm == event.data.sku": (
        "((_t1 := (v.get('pick') or _nothing).get('arm')) is not None"
        " and (_t2 := (e.get('data') or _nothing).get('sku')) is not None and _t1 == _t2)"
    ),
}


@pytest.mark.parametrize("text, source", SOURCES.items(), ids=SOURCES.keys())
def test_expression_becomes_plain_python(text: str, source: str) -> None:
    assert emit(lowered(text), Env()) == source


def test_roots_are_named_by_the_function_around() -> None:
    env = Env(profile="facts", member="in_segment", now="clock", now_ms="clock_ms")
    source = emit(lowered("profile.country == 'US' and in_segment('lost')"), env)
    assert source == "((facts.get('country') == 'US') and in_segment('lost'))"
    source = emit(lowered("now() - profile.last_order_at"), env)
    assert source == "_subtract_spans(clock_ms, _milliseconds(facts.get('last_order_at')))"
    assert sorted(env.source.scope) == ["_milliseconds", "_subtract_spans"]


def test_truth_of_something_missing_is_false() -> None:
    assert emit_truth(lowered("profile.email_opt_in"), Env()) == "(p.get('email_opt_in') is True)"
    assert emit_truth(lowered("profile.country == 'US'"), Env()) == "(p.get('country') == 'US')"


def test_many_constants_become_one_bound_set() -> None:
    env = Env()
    first = emit(lowered("profile.country in ['a', 'b', 'c', 'd', 'e']"), env)
    second = emit(lowered("profile.country in ['v', 'w', 'x', 'y', 'z']"), env)
    assert first == "(p.get('country') in _constants)"
    assert second == "(p.get('country') in _constants1)"
    assert env.source.scope["_constants1"] == frozenset("vwxyz")


def test_constants_stay_text_whatever_they_hold() -> None:
    text = "\"');__import__('os').abort();('\\\\\\n\\u2028\" == profile.country"
    expression = lowered(text)
    value = "');__import__('os').abort();('\\\n\u2028"
    assert compile_expression(expression)(Facts(profile={"country": value})) is True


def test_constant_list_is_a_fresh_one_each_time() -> None:
    run = compile_expression(lowered("['a', 'b']"))
    run(Facts()).append("c")
    assert run(Facts()) == ["a", "b"]


def test_reads_are_the_names_of_every_branch() -> None:
    text = "profile.home.lat > 1 ? vars.pick.arm : (in_segment('lost') and now() > profile.last_order_at ? 'a' : null)"
    assert reads(lowered(text)) == Reads(
        profile=("home.lat", "last_order_at"), vars=("pick.arm",), segments=("lost",), now=True
    )


US = Value("US", STRING)
EVIL = "__import__('os').abort()"
DAMAGED: list[Any] = [
    Compare(f"== 1 or {EVIL} or 1 ==", Name("profile", ("country",), STRING), Name("profile", ("city",), STRING)),  # type: ignore[arg-type] # as below
    Compare(f"< {EVIL} <", US, US),  # type: ignore[arg-type] # a bundle may hold anything
    Local(f"x or {EVIL}", STRING),
    Name("bound", ("country",), STRING),  # type: ignore[arg-type] # as above
    Name("profile", (["country"],), STRING),  # type: ignore[arg-type] # as above
    Value(["US"], STRING),  # type: ignore[arg-type] # as above
    Value({"US": 1}, STRING),  # type: ignore[arg-type] # as above
    InSegment(None),  # type: ignore[arg-type] # as above
]


@pytest.mark.parametrize("expression", DAMAGED, ids=lambda expression: type(expression).__name__)
def test_damaged_expression_becomes_no_code(expression: Any) -> None:
    with pytest.raises(DecodeError):
        emit(expression, Env())


def test_the_name_of_an_element_is_no_code() -> None:
    element = Local(f"x in () or {EVIL} or x", STRING)
    source = Name("profile", ("tags",), ValueType("array", of=STRING))
    assert EVIL not in emit(Collect(element, source, element, source.type), Env())


def test_unknown_word_of_logic_is_taken_for_a_known_one() -> None:
    logic = Logic(f"or {EVIL} or", (Value(value=True, type=BOOLEAN), Value(value=False, type=BOOLEAN)))  # type: ignore[arg-type] # as above
    assert emit(logic, Env()) == "(True or False)"


@pytest.mark.parametrize("module", ["emit", "evaluate"])
def test_every_class_of_expressions_has_a_rule(module: str) -> None:
    rules: dict[type, Any] = import_module(f"engine.runtime.expressions.{module}")._RULES
    assert rules.keys() == set(EXPRESSIONS)
