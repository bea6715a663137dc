"""What to say about a text that is not an expression."""

from __future__ import annotations

import re

from .place import Notes, Stretch
from .tree import DEPTH_LIMIT, Unreadable

LEXICAL = {
    "bytes": ("T106", "`{0}` is a string of bytes; text is written without the `b`", ()),
    "infinite": ("T106", "`{0}` is not a number that can be stored; numbers are finite", ()),
    "braces": ("T106", "`{0}` begins a set or an object, which expressions do not have", ("write a list as `[…]`",)),
    "search": (
        "T106",
        "`{0}` looks for a part of the text; patterns are those of `matches` and cover the whole text",
        ("write `x =~ '.*pattern.*'`, or `'part' in x` for plain text",),
    ),
    "escape": (
        "T101",
        "`{0}` is not an escape in a text",
        (r"escapes are \\ \' \" \n \t \r \x41 \u0041 \U00000041; r'…' keeps every backslash",),
    ),
    "deep": (
        "T110",
        f"`{{0}}` is nested more than {DEPTH_LIMIT} levels deep",
        ("give a part a name in a `set` node, and use the name",),
    ),
}
_WORDS = {
    "and": "and",
    "or": "or",
    "not": "not",
    "in": "in",
    "null": "null",
    "none": "null",
    "true": "true",
    "false": "false",
    "is": "==",
    "eq": "==",
    "ne": "!=",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "matches": "=~",
}
_PHRASES = {
    "between": "write `a <= x and x < b`",
    "contains": "write `'part' in x`",
    "like": "write `x =~ 'pattern'`",
    "else": "write `condition ? a : b`",
    "elif": "write `condition ? a : b`",
    "then": "write `condition ? a : b`",
    "if": "write `condition ? a : b`",
    "when": "write `condition ? a : b`",
}
_SIGNS = {
    "===": "==",
    "=>": ">=",
    "=<": "<=",
    "<>": "!=",
    "&&": "and",
    "||": "or",
    "=": "==",
    "!": "not ",
}


def explain(problem: Unreadable, text: str, notes: Notes) -> None:
    """A note that says what is wrong and, where it is known, what to write."""
    if not text.strip():
        notes.add("T101", Stretch(0, len(text)), "`''` holds nothing; expected an expression")
    elif _explain_sign(problem, text, notes):
        return
    elif problem.kind == "bits":
        stretch = _excerpt(problem, text)
        notes.add("T106", problem, f"`{stretch}` works on the bits of numbers, which expressions do not")
    elif problem.kind in LEXICAL:
        code, message, help_ = LEXICAL[problem.kind]
        notes.add(code, problem, message.format(_excerpt(problem, text)), help=help_)
    elif problem.kind == "end":
        _explain_end(problem, text, notes)
    elif problem.kind == "character":
        _explain_character(problem, text, notes)
    else:
        _explain_token(problem, text, notes)


def _excerpt(problem: Unreadable, text: str) -> str:
    return shorten(text[problem.start : problem.end])


def shorten(text: str, limit: int = 60) -> str:
    """The text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _explain_sign(problem: Unreadable, text: str, notes: Notes) -> bool:
    """Signs of other languages, each with ours."""
    for sign, ours in _SIGNS.items():
        for start in range(max(0, problem.start - len(sign) + 1), problem.start + 1):
            if text.startswith(sign, start) and problem.kind in {"character", "token", "bits"}:
                stretch = Stretch(start, start + len(sign))
                said = ours.strip()
                fix = (f"Write `{said}`", _space(ours, text, stretch))
                notes.add("T101", stretch, f"`{sign}` is not an operator", help=(f"write `{said}`",), replace=fix)
                return True
    return False


def _space(word: str, text: str, at: Stretch) -> str:
    """The word with a space on each side where it would run into a name."""
    if not word.isalpha():
        return word
    before = " " if text[: at.start][-1:].strip() else ""
    after = " " if text[at.end :][:1].strip() else ""
    return f"{before}{word}{after}"


def _explain_end(problem: Unreadable, text: str, notes: Notes) -> None:
    opened: list[int] = []
    for at, letter in _outside_texts(text):
        if letter in "([":
            opened.append(at)
        elif letter in ")]" and opened:
            opened.pop()
    if opened and problem.after_value:
        at = opened[-1]
        notes.add("T101", Stretch(at, at + 1), f"`{text[at]}` is not closed", label="opened here")
        return
    expected = "an operator" if problem.after_value else "a value"
    last = Stretch(max(0, problem.end - 1), problem.end)
    notes.add("T101", last, f"`{shorten(text[: problem.end])}` ends too early; expected {expected}")


def _outside_texts(text: str) -> list[tuple[int, str]]:
    found, quote, at = [], "", 0
    while at < len(text):
        letter = text[at]
        if quote:
            if letter == "\\":
                at += 1
            elif letter == quote:
                quote = ""
        elif letter in "'\"":
            quote = letter
        else:
            found.append((at, letter))
        at += 1
    return found


def _explain_character(problem: Unreadable, text: str, notes: Notes) -> None:
    letter = text[problem.start]
    if letter in "'\"":
        notes.add("T101", problem, f"`{letter}` opens a text that does not end", label="opened here")
    elif letter.isalpha():
        help_ = ("names have the letters a to z, digits and `_`; text stands in quotes",)
        notes.add("T101", problem, f"`{letter}` cannot stand in a name", help=help_)
    elif letter == "$":
        notes.add("T101", problem, "`$` begins a function, and no name follows")
    else:
        shown = letter if letter.isprintable() else f"U+{ord(letter):04X}"
        notes.add("T101", problem, f"`{shown}` has no meaning in an expression")


_AMOUNT = re.compile(r"[0-9]+$")
_UNITS = {"s": "PT{}S", "m": "PT{}M", "h": "PT{}H", "d": "P{}D", "w": "P{}W"}


def _explain_token(problem: Unreadable, text: str, notes: Notes) -> None:
    token = _excerpt(problem, text)
    expected = "an operator or the end" if problem.after_value else "a value"
    help_: tuple[str, ...] = ()
    replace = None
    word = token.lower()
    if (word in _WORDS and word != token) or word in {"is", "eq", "ne", "gt", "gte", "lt", "lte", "matches"}:
        help_ = (f"write `{_WORDS[word]}`",)
        replace = (f"Write `{_WORDS[word]}`", _WORDS[word])
    elif word in _PHRASES:
        help_ = (_PHRASES[word],)
    elif token in _UNITS and (amount := _AMOUNT.search(text[: problem.start])) is not None:
        help_ = (f'a duration is written `t"{_UNITS[token].format(amount[0])}"`',)
    elif token in {"==", "!=", "<", "<=", ">", ">="}:
        help_ = ("comparisons do not chain: write `a < b and b < c`",) if problem.after_value else ()
    notes.add("T101", problem, f"`{token}` is not expected here; expected {expected}", help=help_, replace=replace)
