"""D: decision tables: gaps, overlaps, rows that are never hit."""

from __future__ import annotations

from .registry import Code


def _table(hit: str, *rows: str, inputs: str = "profile.spend", head: str = "") -> str:
    lines = "".join(f"        - {row}\n" for row in rows)
    return (
        "apiVersion: v1\nkind: Ruleset\nname: hero\noutput: {content: {type: keyword}}\nstart: pick\nnodes:\n"
        f"  pick:\n    table:\n      hit: {hit}\n{head}      inputs: [{inputs}]\n      rows:\n{lines}"
    )


_LOW, _HIGH, _ANY = '["< 10", {content: low}]', '[">= 10", {content: high}]', '["*", {content: any}]'
_MISSING = "[missing, {content: none}]"
_GOOD = _table("first", _LOW, _HIGH, _ANY)

CODES: list[Code] = [
    Code(
        "D001",
        "gap in a table",
        "error",
        "There are values for which no row of the table holds; the finding names some. `collect` and `rule_order` may "
        "come out empty and have no gaps.",
        'Add a row for them, a last row of `"*"`, or `otherwise:` with a node to go to.',
        _table("first", _LOW, '["> 10", {content: high}]', _MISSING),
        _GOOD,
    ),
    Code(
        "D002",
        "missing value that no row takes",
        "warning",
        "The rows cover all values that are present, but none of them holds where one is missing.",
        'Add a row with `missing` or `"*"`, or `otherwise:` with a node to go to.',
        _table("first", _LOW, _HIGH),
        _GOOD,
    ),
    Code(
        "D003",
        "rows that overlap",
        "error",
        "With `hit: unique` at most one row may hold; for the values that the finding names two do.",
        "Narrow one of the two, or use `hit: first`.",
        _table("unique", '["<= 10", {content: low}]', _HIGH, _MISSING),
        _table("unique", _LOW, _HIGH, _MISSING),
    ),
    Code(
        "D004",
        "rows that contradict each other",
        "error",
        "With `hit: any`, or one `priority`, rows that hold together must say the same.",
        "Give them the same outputs, narrow one of them, or give them different priorities.",
        _table("any", '["<= 10", {content: low}]', _HIGH, _MISSING),
        _table("any", _LOW, _HIGH, _MISSING),
    ),
    Code(
        "D005",
        "row that is never hit",
        "warning",
        "The rows that are tried before it take every value that it would.",
        "Delete it, or put it before the wider rows.",
        _table("first", '["> 10", {content: high}]', '["> 100", {content: higher}]', _ANY),
        _table("first", '["> 100", {content: higher}]', '["> 10", {content: high}]', _ANY),
    ),
    Code(
        "D006",
        "row written twice",
        "warning",
        "Two rows ask the same of every column.",
        "Delete one of the two.",
        _table("first", _LOW, _LOW, _ANY),
        _GOOD,
    ),
    Code(
        "D007",
        "column that never decides",
        "warning",
        "Every row takes any value of the column.",
        "Delete the column and its cells.",
        _table(
            "first",
            '["< 10", "*", {content: low}]',
            '["*", "*", {content: any}]',
            inputs="profile.spend, profile.orders",
        ),
        _GOOD,
    ),
    Code(
        "D008",
        "table that is not analysed in full",
        "warning",
        "Whether rows cover everything and overlap is decided exactly, in at most 1,000,000 steps for each question; "
        "this table would take more, or has a list column with more than 8 different cells.",
        "Split the table, or end it with a row of `*`.",
    ),
    Code(
        "D009",
        "unknown output of a table",
        "error",
        "A row gives an output that the table, or the ruleset, does not declare.",
        "Correct the spelling, or declare it.",
        _table("first", '["*", {contnt: any}]'),
        _GOOD,
    ),
    Code(
        "D010",
        "output that does not fit its column",
        "error",
        "A value of another type, or none of the declared values.",
        "Write a value of the column's type.",
        _table("first", '["*", {content: 5}]'),
        _GOOD,
    ),
    Code(
        "D012",
        "outputs that do not go with the hit policy",
        "error",
        "`collect: sum` adds numbers, `min` and `max` compare numbers or dates, lists are made of plain values; and "
        "what comes out must have the type that the ruleset declares.",
        "Change `hit` and `collect`, or the declared type.",
        _table("collect", _LOW, head="      collect: sum\n"),
        _GOOD,
    ),
    Code(
        "D014",
        "table with too many rows",
        "error",
        "A table has at most 100,000 rows.",
        "Split it, or hold the data in the profile.",
    ),
]
