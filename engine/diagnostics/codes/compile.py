"""C: limits and targets of compiling."""

from __future__ import annotations

from .registry import Code

_SEGMENT = "apiVersion: v1\nkind: Segment\nname: vip\nconditions:\n"

CODES: list[Code] = [
    Code(
        "C001",
        "more conditions than a segment may have",
        "error",
        "A segment has at most 1,024 conditions once its references are written in; servers refuse larger queries.",
        "Hold a large set of customers as a MemberList, and many values of one field in one `in`.",
    ),
    Code(
        "C002",
        "segment that can never match",
        "warning",
        "The conditions contradict each other, so that no profile satisfies them.",
        "Correct the condition that is too strict; `any` may be meant where `all` stands.",
        _SEGMENT + "  - {field: orders, operator: greater_than, value: 9}\n"
        "  - {field: orders, operator: less_than, value: 5}\n",
        _SEGMENT + "  - any:\n      - {field: orders, operator: greater_than, value: 9}\n"
        "      - {field: orders, operator: less_than, value: 5}\n",
    ),
    Code(
        "C003",
        "segment that always matches",
        "warning",
        "Every profile satisfies the conditions, those of which nothing is known among them.",
        "Correct the condition that is too wide; `all` may be meant where `any` stands.",
        _SEGMENT + "  - any:\n      - {field: orders, operator: exists}\n      - {field: orders, operator: missing}\n",
        _SEGMENT + "  - {field: orders, operator: exists}\n",
    ),
    Code(
        "C004",
        "segment that is too deep or too large for a server",
        "error",
        "Servers refuse queries beyond a number of levels and clauses; a segment stays below it once it is compiled.",
        "Flatten nested groups, or move a part into a segment that customers are counted into on its own.",
    ),
]
