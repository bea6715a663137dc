"""Which function lowers which node of the syntax."""

from __future__ import annotations

from .calls import call
from .names import attribute, symbol
from .operations import arithmetic, compare, contains, logic, matches, unary
from .structures import (
    array,
    boolean,
    coalesce,
    comprehension,
    conditional,
    instant,
    item_of,
    null,
    number,
    slice_of,
    span,
    string,
)
from .walk import Rule

RULES: dict[str, Rule] = {
    "SymbolExpression": symbol,
    "GetAttributeExpression": attribute,
    "FunctionCallExpression": call,
    "ComparisonExpression": compare,
    "ArithmeticComparisonExpression": compare,
    "FuzzyComparisonExpression": matches,
    "LogicExpression": logic,
    "UnaryExpression": unary,
    "AddExpression": arithmetic,
    "SubtractExpression": arithmetic,
    "ArithmeticExpression": arithmetic,
    "ContainsExpression": contains,
    "TernaryExpression": conditional,
    "CoalesceExpression": coalesce,
    "FloatExpression": number,
    "StringExpression": string,
    "DatetimeExpression": instant,
    "TimedeltaExpression": span,
    "BooleanExpression": boolean,
    "NullExpression": null,
    "ArrayExpression": array,
    "GetItemExpression": item_of,
    "GetSliceExpression": slice_of,
    "ComprehensionExpression": comprehension,
}
