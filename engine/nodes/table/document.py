"""What authors write for a `table`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import Field, Tag

from ...shapes.base import UNIQUE, Data, FieldShape, Maybe, Shape, ShapeProblem, Some, inside, twice
from ...shapes.choice import by_kind
from ...shapes.forms import Expression, Name, Scalar, Word
from ..shape import NodeShape

HIT_POLICIES = {
    "unique": "At most one row may hold; overlaps are errors.",
    "first": "The first row that holds.",
    "priority": "The row with the highest `priority` of those that hold.",
    "any": "Any row that holds; rows that overlap must say the same.",
    "collect": "All rows that hold, put together as `collect` says.",
    "rule_order": "All rows that hold, as lists in the order of the rows.",
}
COLLECTS = {
    "list": "All values, as a list.",
    "sum": "Their sum.",
    "min": "The smallest.",
    "max": "The largest.",
    "count": "How many rows hold.",
}

Outputs: TypeAlias = dict[Name, Data]


_CELL = 'a cell, as ">= 10", US or [US, CA], "*" for any value'
Cell: TypeAlias = Annotated[
    Annotated[Scalar, Tag("<one>")] | Annotated[Some[Scalar], Tag("<list>")],
    by_kind("Cell", _CELL, one="<one>", many="<list>"),
]
"""Text is a test (`>= 10`, `*`) or a constant, a number, true or false a constant, a list any of its constants."""

Entry: TypeAlias = Annotated[
    Annotated[Scalar, Tag("<one>")] | Annotated[Some[Scalar], Tag("<list>")] | Annotated[Outputs, Tag("<output>")],
    by_kind("Entry", f"{_CELL}, or the outputs as a mapping", one="<one>", many="<list>", mapping="<output>"),
]


class LongRow(Shape):
    """A row written with keys, where a list would not say enough."""

    when: Some[Cell] = Field(description="One cell for each input.")
    output: Outputs = Field(description="A value for each output.", min_length=1)
    priority: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = Field(
        default=0, description="For `hit: priority`: the highest wins."
    )
    description: str = Field(default="", description="Why, in a sentence.")


Row: TypeAlias = Annotated[
    Annotated[Some[Entry], Tag("<short>")] | Annotated[LongRow, Tag("<long>")],
    by_kind(
        "Row", "a row: a list of cells with the outputs at its end, or {when, output}", many="<short>", mapping="<long>"
    ),
]


class DecisionTable(Shape):
    """Inputs, rows, and which row counts when several hold."""

    rules: ClassVar[Mapping[str, Any]] = {
        "if": {"not": {"properties": {"hit": {"const": "collect"}}}},
        "then": {"properties": {"collect": {"const": "list"}}},
    }

    hit: Annotated[str, Word(HIT_POLICIES)] = Field(description="Which of the rows that hold counts.")
    collect: Annotated[str, Word(COLLECTS)] = Field(
        default="list", description="For `hit: collect`: what becomes of the values."
    )
    inputs: Some[Expression] = Field(
        json_schema_extra=UNIQUE,
        description="What the cells are held against, one expression for each column.",
        examples=[["profile.country", "profile.lifetime_value"]],
    )
    outputs: Maybe[dict[Name, FieldShape]] = Field(
        default=None, min_length=1, description="The output columns; without them, those of the ruleset."
    )
    rows: Some[Row] = Field(
        description="Each row: a cell for each input, then the outputs.",
        examples=[[["[US, CA]", ">= 1000", {"content": "free_shipping"}], ["*", "*", {"content": "newsletter"}]]],
    )

    def problems(self) -> Iterator[ShapeProblem]:
        """Inputs written twice; rows with another number of cells than inputs."""
        yield from twice(self.inputs, ("inputs",))
        yield from inside(self.outputs or {}, "outputs")
        if self.collect != "list" and self.hit != "collect":
            yield ShapeProblem(
                "S016", ("collect",), f"`collect` does not go with `hit: {self.hit}`; it goes with `hit: collect`"
            )
        for index, row in enumerate(self.rows):
            yield from self._row_problems(row, ("rows", index))

    def _row_problems(self, row: Row, path: tuple[str | int, ...]) -> Iterator[ShapeProblem]:
        thing = f"`rows[{path[-1]}]`"
        if isinstance(row, LongRow):
            cells = len(row.when)
            if row.priority and self.hit != "priority":
                message = f"`priority` stands in a table with `hit: {self.hit}`; it goes with `hit: priority`"
                yield ShapeProblem("S016", (*path, "priority"), message)
        else:
            *tests, output = row
            cells = len(tests)
            for index, test in enumerate(tests):
                if isinstance(test, dict):
                    yield ShapeProblem("S012", (*path, index), f"{thing} has a mapping before its end; expected a cell")
                    return
            if not isinstance(output, dict):
                yield ShapeProblem(
                    "S011", path, f"{thing} has no outputs; expected a mapping of output to value at its end"
                )
                return
            if not output:
                yield ShapeProblem("S014", (*path, cells), f"{thing} has no outputs; expected at least one")
        if cells != len(self.inputs):
            noun = "cell" if cells == 1 else "cells"
            expected = f"{len(self.inputs)}, one for each input"
            yield ShapeProblem("S014", path, f"{thing} has {cells} {noun}; expected {expected}")


class TableShape(NodeShape):
    """A decision table; without `then` its outputs are the decision, with it they are bound as `as`."""

    rules: ClassVar[Mapping[str, Any]] = {"dependencies": {"as": ["then"], "then": ["as"]}}

    table: DecisionTable = Field(description="The decision table.")
    bind: Maybe[Name] = Field(default=None, alias="as", description="The name below `vars` that the outputs get.")
    then: Maybe[Name] = Field(default=None, description="The node to go to; without it the outputs are the decision.")
    otherwise: Maybe[Name] = Field(default=None, description="The node to go to when no row holds.")
    description: str = Field(default="", description="What is decided here.")

    def problems(self) -> Iterator[ShapeProblem]:
        """Those of the table; a name without a node that could use it."""
        for problem in self.table.problems():
            yield problem._replace(path=("table", *problem.path))
        if self.bind is not None and self.then is None:
            yield ShapeProblem("S011", (), "`then` is missing: with `as`, the outputs are for a node that comes after")
        if self.bind is None and self.then is not None:
            yield ShapeProblem("S011", (), "`as` is missing: with `then`, the outputs need a name below `vars`")
