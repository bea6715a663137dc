"""Two blanks of indentation a level, lists below their key included; comments move with the entry next to them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..edit import apply_changes
from ..yaml.spans import Source
from .tokens import Token, has_written_key, tokens_of

STEP = 2


@dataclass(slots=True)
class _Block:
    """An open mapping or list in block style: the column of its entries as it is, and as it will be."""

    kind: str
    old: int
    new: int
    implied: bool = False


@dataclass(slots=True)
class _Plan:
    """What is known while walking the tokens: per line its new column, and gaps after `-` to be closed."""

    source: Source
    lines: list[str]
    blocks: list[_Block] = field(default_factory=list)
    columns: dict[int, int] = field(default_factory=dict)
    shifts: dict[int, int] = field(default_factory=dict)
    dashes: list[tuple[int, int]] = field(default_factory=list)
    depth: int = 0
    opened: int = 0
    previous: Token | None = None


def indent(text: str) -> str:
    """The text with every line at its canonical column; as it is where a key is written with `?`."""
    tokens = tokens_of(text)
    if has_written_key(tokens):
        return text
    source = Source("", text)
    plan = _Plan(source, text.split("\n"))
    for token in tokens:
        _enter(plan, token)
        if token.end > token.start:
            _place(plan, token)
            plan.previous = token
    _place_comments(plan)
    return _render(plan)


def _enter(plan: _Plan, token: Token) -> None:
    """Follow a token into or out of blocks."""
    match token.kind:
        case "BlockMappingStart" | "BlockSequenceStart":
            kind = "map" if token.kind == "BlockMappingStart" else "list"
            plan.blocks.append(_Block(kind, plan.source.place(token.start)[1] - 1, _new_column(plan)))
        case "BlockEntry" if plan.blocks and plan.blocks[-1].kind == "map":
            # a list at the column of its key has no token of its own
            plan.blocks.append(_Block("list", plan.blocks[-1].old, _new_column(plan), implied=True))
        case "Key" | "BlockEnd" if plan.depth == 0:
            if plan.blocks and plan.blocks[-1].implied:
                plan.blocks.pop()
            if token.kind == "BlockEnd" and plan.blocks:
                plan.blocks.pop()
        case "DocumentStart" | "DocumentEnd":
            plan.blocks.clear()


def _new_column(plan: _Plan) -> int:
    return plan.blocks[-1].new + STEP if plan.blocks else 0


def _place(plan: _Plan, token: Token) -> None:
    """Give the line that a token begins its column, and the further lines of a scalar or bracket their shift."""
    line, column = plan.source.place(token.start)
    begins = not plan.lines[line - 1][: column - 1].strip(" ")
    if plan.previous and plan.previous.kind == "BlockEntry" and not begins:
        plan.dashes.append((plan.previous.end, token.start))
    if begins and plan.depth == 0:
        plan.columns[line] = _column(plan, token, column - 1)
    last = plan.source.place(token.end)[0]
    if token.kind in {"FlowSequenceStart", "FlowMappingStart"}:
        plan.opened = plan.opened if plan.depth else line
        plan.depth += 1
    elif token.kind in {"FlowSequenceEnd", "FlowMappingEnd"}:
        plan.depth -= 1
        if plan.depth == 0:
            _shift(plan, plan.opened, last, _shift_of(plan, plan.opened))
    elif plan.depth == 0 and last > line:
        _shift(plan, line, last, _block_shift(plan, token, line, last) if token.block_scalar else _shift_of(plan, line))


def _shift(plan: _Plan, line: int, last: int, shift: int) -> None:
    """Let the lines after one, up to the last, move by so many columns."""
    for further in range(line + 1, last + 1):
        plan.shifts[further] = shift


def _shift_of(plan: _Plan, line: int) -> int:
    """By how many columns a line moves that is already placed."""
    old = _leading(plan.lines[line - 1])
    return plan.columns.get(line, old) - old


def _column(plan: _Plan, token: Token, old: int) -> int:
    if not plan.blocks:
        return old
    own = {"BlockEntry": "list", "Scalar": "map", "Anchor": "map", "Tag": "map", "Alias": "map"}.get(token.kind)
    block = plan.blocks[-1]
    return block.new if own == block.kind and old == block.old else block.new + STEP


def _block_shift(plan: _Plan, token: Token, line: int, last: int) -> int:
    """How far the lines of a literal or folded block move: to one step within what they belong to."""
    if not plan.blocks:
        return 0
    block = plan.blocks[-1]
    header = plan.source.text[token.start : token.end].split("\n", 1)[0].split("#", 1)[0]
    if any(character.isdigit() for character in header):
        above = plan.blocks[-2] if block.implied else block
        return block.new - above.old
    full = (text for text in plan.lines[line:last] if text.strip(" "))
    return block.new + STEP - _leading(next(full, " " * (block.new + STEP)))


def _place_comments(plan: _Plan) -> None:
    """Lines of comment go where the line below them goes if they stand in its column, else where one above does."""
    below = _next_placed(plan)
    above: dict[int, int] = {}
    for number, line in enumerate(plan.lines, 1):
        old = _leading(line)
        if number in plan.columns:
            above[old] = plan.columns[number]
        elif number not in plan.shifts and line.startswith("#", old):
            following = below[number]
            if following and (old == _leading(plan.lines[following - 1]) or old not in above):
                plan.columns[number] = plan.columns[following]
            elif old in above:
                plan.columns[number] = above[old]


def _next_placed(plan: _Plan) -> list[int]:
    """For each line number the next line that a token begins, or 0."""
    following = 0
    below = [0] * (len(plan.lines) + 1)
    for number in range(len(plan.lines), 0, -1):
        below[number] = following
        if number in plan.columns:
            following = number
    return below


def _render(plan: _Plan) -> str:
    text, starts = plan.source.text, plan.source.line_starts
    changes = [(start, end, " ") for start, end in plan.dashes]
    for number, line in enumerate(plan.lines, 1):
        old = _leading(line)
        new = plan.columns.get(number, max(0, old + plan.shifts.get(number, 0)))
        if new != old and line.strip(" "):
            changes.append((starts[number - 1], starts[number - 1] + old, " " * new))
    return apply_changes(text, sorted(changes))


def _leading(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
