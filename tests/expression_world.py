"""A catalogue, a scope and the shortest ways to lower and run an expression, for the tests of expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.compiler.expressions import DocumentValue, Scope, lower_expression
from engine.diagnostics import Finding, Path, Sink, Span
from engine.ir.expression import STRING, Expression, ValueType
from engine.ir.types import Catalogue, EventType, Field
from engine.runtime.expressions import Facts, compile_expression, evaluate_expression

CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (
        Field("country", "keyword"),
        Field("city", "keyword", normalize="lowercase"),
        Field("bio", "text"),
        Field("tags", "keyword", many=True),
        Field("sizes", "integer", many=True),
        Field("lifetime_value", "number"),
        Field("loyalty_points", "integer"),
        Field("visits", "integer"),
        Field("discount", "number"),
        Field("email_opt_in", "boolean"),
        Field("last_order_at", "date"),
        Field("first_order_at", "date"),
        Field("birthday", "day"),
        Field("home", "geo_point"),
        Field("email", "keyword", normalize="lowercase", personal=True, encrypted="equality"),
        Field("notes", "keyword", personal=True, encrypted="none"),
        Field("orders", "object", many=True, fields=(Field("sku", "keyword"), Field("amount", "number"))),
    ),
)
PURCHASE = EventType("purchase", (Field("amount", "number"), Field("sku", "keyword")))
CONTEXT = (Field("channel", "keyword", values=("app", "email", "web")), Field("page", "integer"))
SEGMENTS = ("high_value_customers", "lost", "newcomers")
PICK = ValueType("object", members=(("arm", STRING),))
NOW = "2026-03-01T09:30:00.000Z"


class Line:
    """Places in a text that is a file of its own."""

    def value(self, _path: Path) -> Span:
        """All of the first line."""
        return Span("text", 1, 1, 1, 1)

    def inside(self, _path: Path, start: int, end: int) -> Span:
        """Those columns."""
        return Span("text", 1, start + 1, 1, end + 1)


def new_scope() -> Scope:
    """A scope with every root."""
    scope = Scope.of(CATALOGUE, context=CONTEXT, event=PURCHASE, segments=SEGMENTS)
    return scope.having(vars={"pick": PICK})


SCOPE = new_scope()


def findings_of(
    text: str, expected: ValueType | None = None, scope: Scope = SCOPE
) -> tuple[Expression | None, list[Finding]]:
    """The expression of a text, and what was found."""
    sink = Sink()
    found = lower_expression(text, scope, DocumentValue(Line(), ()), sink, expected=expected)
    return found, sink.findings()


def lowered(text: str, expected: ValueType | None = None, scope: Scope = SCOPE) -> Expression:
    """The expression of a text without findings."""
    found, findings = findings_of(text, expected, scope)
    assert not findings, [(finding.code, finding.message) for finding in findings]
    assert found is not None
    return found


def facts(profile: Mapping[str, Any] | None = None, **others: Any) -> Facts:
    """Facts with a clock."""
    return Facts(profile=profile or {}, now=NOW, **others)


def run(text: str, profile: Mapping[str, Any] | None = None, **others: Any) -> Any:
    """What a text yields over a profile, compiled and by reference, which must agree."""
    expression, given = lowered(text), facts(profile, **others)
    compiled = compile_expression(expression)(given)
    walked = evaluate_expression(expression, given)
    assert (type(compiled), compiled) == (type(walked), walked), (
        f"{text}: compiled {compiled!r}, by reference {walked!r}"
    )
    return compiled
