"""One generated function that tests every segment in turn: the fastest way for few segments.

It is generated twice. The fast form assumes that every field is present and raises if one is not; then the careful
form, which takes missing fields into account, is called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from ...ir.instant import FIRST_MS, LAST_MS
from ...ir.predicate import (
    AllOf,
    AnyOf,
    Bounds,
    Constant,
    Element,
    Events,
    EventSequence,
    InList,
    Leaf,
    Not,
    Now,
    Predicate,
)
from ...operators.text import tokens
from ..codegen.source import Source
from .checks import Checks
from .doors import ALWAYS, Door, split_doors
from .guess import conjunction, disjunction, guess
from .intervals import relative_limits
from .moment import Clocks, age, padded_tokens
from .plain import Match, Segment, plain
from .reading import FALLS_BACK, direct, missing_aware, new_source

SET_LIMIT = 32  # constants of one `in` that are written out
WORDS_LIMIT = 8  # tokens of a constant that are written out
WORTH_A_LOCAL = 1.4  # evaluations a call from which on a field is read once, at the start


def fuse(segments: Sequence[Segment], checks: Checks) -> Match:
    """The match function of segments in name order."""
    source = new_source()
    fast, careful = _Writer(source, checks, careful=False), _Writer(source, checks, careful=True)
    slow = source.function("careful", "p, now_ms, events", careful.body(segments), "matcher: careful")
    body = fast.body(segments)
    lines = [*_guard(source, fast.reach, plain(segments, checks))] if fast.reach else []
    lines += ["try:", *(f"    {line}" for line in body), f"except {FALLS_BACK}:"]
    lines += [f"    return {source.bind(slow)}(p, now_ms, events)"]
    match: Match = source.function("match", "p, now_ms, events=()", lines, "matcher: match")
    return match


def _guard(source: Source, reach: int, otherwise: Match) -> list[str]:
    """Near the ends of the calendar instants are clamped, so comparing ages would be wrong there."""
    low, high = FIRST_MS + reach + 1, LAST_MS - reach - 1
    return [f"if not {low} <= now_ms <= {high}:", f"    return {source.bind(otherwise)}(p, now_ms, events)"]


@dataclass(slots=True, eq=False, repr=False)
class _Writer:
    """Writes predicates as expressions over `p`, `now_ms` and `events`."""

    source: Source
    checks: Checks
    careful: bool
    reach: int = 0
    moments: Clocks = field(default_factory=Clocks)
    _locals: dict[str, str] = field(default_factory=dict)
    _lazy: dict[str, str] = field(default_factory=dict)

    def body(self, segments: Sequence[Segment]) -> list[str]:
        """Statements that return the names."""
        reads: Counter[str] = Counter()
        for _, predicate in segments:
            _count(predicate, 1.0, reads)
        own = [path for path, times in reads.items() if self.careful or times > WORTH_A_LOCAL]
        self._locals = {path: f"f{number}" for number, path in enumerate(own)}
        if len(segments) == 1:
            name, predicate = segments[0]
            tests = [f"return [{name!r}] if {self.write(predicate)} else []"]
        else:
            doors, others = split_doors(segments)
            tests = ["out = []"]
            for door in doors:
                tests += self._door(door)
            for segment in others:
                tests += self._test(*segment)
            tests += ["out.sort()"] if doors else []
            tests.append("return out")
        lines = [f"{local} = {self._read(path)}" for path, local in self._locals.items()]
        lines += [f"{' = '.join(sorted(self._lazy.values()))} = None"] if self._lazy else []
        return lines + tests

    def _test(self, name: str, predicate: Predicate) -> list[str]:
        if predicate == ALWAYS:
            return [f"out.append({name!r})"]
        return [f"if {self.write(predicate)}:", f"    out.append({name!r})"]

    def _door(self, door: Door) -> list[str]:
        """A look-up in a dict finds the few segments that the field's value leaves."""
        value = self._locals.get(door.path) or self._read(door.path)
        lines = [f"g = {self.source.bind(door.numbers.get)}({value})", "if g is not None:"]
        return lines + _indent(self._choice(door.groups, 0))

    def _choice(self, groups: Sequence[Sequence[Segment]], first: int) -> list[str]:
        if len(groups) == 1:
            return [line for segment in groups[0] for line in self._test(*segment)]
        half = len(groups) // 2
        return [
            f"if g < {first + half}:",
            *_indent(self._choice(groups[:half], first)),
            "else:",
            *_indent(self._choice(groups[half:], first + half)),
        ]

    def _read(self, path: str) -> str:
        return missing_aware(path) if self.careful else direct(path)

    def write(self, predicate: Predicate) -> str:
        """The expression that yields a truth value."""
        match predicate:
            case Leaf():
                return self._leaf(predicate)
            case Not(item):
                return f"not {self._group(item)}"
            case AllOf(items):
                return " and ".join(map(self._group, conjunction(items))) or "True"
            case AnyOf(items):
                return " or ".join(map(self._group, disjunction(items))) or "False"
            case Constant(value):
                return repr(bool(value))
            case Element() | InList() | Events() | EventSequence():
                return self._ask(predicate)
        assert_never(predicate)

    def _group(self, predicate: Predicate) -> str:
        text = self.write(predicate)
        return f"({text})" if isinstance(predicate, AllOf | AnyOf | Not | Leaf) else text

    def _ask(self, predicate: Predicate) -> str:
        moment = self.store_once("mo", f"{self.source.bind(self.moments.moment)}(now_ms, events)")
        return f"{self.source.bind(self.checks.of(predicate))}(p, {moment})"

    def store_once(self, name: str, expression: str) -> str:
        """The expression, computed on first use and then stored."""
        local = self._lazy.setdefault(name, f"k_{len(self._lazy)}")
        return f"({local} or ({local} := {expression}))"

    def _leaf(self, leaf: Leaf) -> str:
        write = None if "." in leaf.field and leaf.many else _WRITERS.get((leaf.op, leaf.type == "text", leaf.many))
        if write is not None:
            value = self._locals.get(leaf.field) or self._read(leaf.field)
            text = write(self, leaf, value)
            if text is not None:
                return text
        return self._ask(leaf)

    def guard(self, value: str, test: str) -> str:
        """The test, false for a missing value; in the careful form every field has a local."""
        return f"{value} is not None and {test}" if self.careful else test


def _indent(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _count(predicate: Predicate, share: float, reads: Counter[str]) -> float:
    """Count how often fields are read, and return how often the predicate holds."""
    if isinstance(predicate, Leaf):
        if predicate.op != "exists":
            reads[predicate.field] += share  # type: ignore[assignment] # a Counter adds any number
    elif isinstance(predicate, Not):
        _count(predicate.item, share, reads)
    elif isinstance(predicate, AllOf | AnyOf):
        holds = isinstance(predicate, AllOf)
        for item in conjunction(predicate.items) if holds else disjunction(predicate.items):
            _count(item, share, reads)
            own = guess(item).share
            share *= own if holds else 1 - own
    return share


def _equals(writer: _Writer, leaf: Leaf, value: str) -> str | None:
    if isinstance(leaf.value, bool):
        return f"{value} is {leaf.value!r}"
    return f"{value} == {writer.source.constant(leaf.value)}"


def _in(writer: _Writer, leaf: Leaf, value: str) -> str | None:
    return f"{value} in {_set(writer, leaf)}"


def _set(writer: _Writer, leaf: Leaf) -> str:
    constants = leaf.value if isinstance(leaf.value, tuple) else ()
    if 0 < len(constants) <= SET_LIMIT:
        return "{" + ", ".join(writer.source.constant(each) for each in constants) + "}"
    return writer.source.bind(frozenset(constants))


def _mentions(writer: _Writer, leaf: Leaf, value: str) -> str | None:
    return writer.guard(value, f"{writer.source.constant(leaf.value)} in {value}")


def _mentions_one(writer: _Writer, leaf: Leaf, value: str) -> str | None:
    constants = leaf.value if isinstance(leaf.value, tuple) else ()
    return writer.guard(value, f"not {writer.source.bind(frozenset(constants))}.isdisjoint({value})")


def _range(writer: _Writer, leaf: Leaf, value: str) -> str | None:
    bounds = leaf.value
    if not isinstance(bounds, Bounds) or (bounds.lower is None and bounds.upper is None):
        return None
    relative = [limit for limit in (bounds.lower, bounds.upper) if isinstance(limit, Now)]
    if relative:
        return _age(writer, leaf, bounds, value)
    lower, upper = bounds.lower, bounds.upper
    text = value
    if lower is not None:
        text = f"{writer.source.constant(lower)} {'<=' if bounds.lower_inclusive else '<'} {text}"
    if upper is not None:
        text = f"{text} {'<=' if bounds.upper_inclusive else '<'} {writer.source.constant(upper)}"
    return writer.guard(value, text)


def _age(writer: _Writer, leaf: Leaf, bounds: Bounds, value: str) -> str | None:
    limits = (bounds.lower, bounds.upper)
    if not all(limit is None or (isinstance(limit, Now) and limit.unit == "ms") for limit in limits):
        return None
    low, high = relative_limits(bounds)
    writer.reach = max([writer.reach, *(abs(cut) + 1 for cut in (low, high) if cut is not None)])
    text = writer.store_once(f"age {leaf.field}", f"({writer.source.bind(age)}({value}, now_ms),)") + "[0]"
    if low is not None:
        text = f"{writer.source.constant(low)} <= {text}"
    if high is not None:
        text = f"{text} < {writer.source.constant(high)}"
    return writer.guard(value, text)


def _words(writer: _Writer, leaf: Leaf, value: str) -> str | None:
    """Each token of an ASCII text is a substring of it, so a word that is not a substring is ruled out quickly."""
    words = tokens(str(leaf.value))
    if not 0 < len(words) <= WORDS_LIMIT:
        return None
    whole = writer.store_once(f"padded {leaf.field}", f"{writer.source.bind(padded_tokens)}({value})")
    part = writer.store_once(f"lower {leaf.field}", f"{value}.lower() if {value}.isascii() else {whole}")
    phrases = [words] if leaf.op == "contains_phrase" else [[word] for word in dict.fromkeys(words)]
    tests = [f"({phrase[0]!r} in {part} and {_padded_literal(phrase)} in {whole})" for phrase in phrases]
    joined = (" or " if leaf.op == "contains" else " and ").join(tests)
    return writer.guard(value, f"({joined})")


def _padded_literal(phrase: Sequence[str]) -> str:
    return repr(f" {' '.join(phrase)} ")


def _exists(writer: _Writer, leaf: Leaf, value: str) -> str | None:  # noqa: ARG001 - one signature for all
    return f"{missing_aware(leaf.field)} is not None"


def _starts_with(writer: _Writer, leaf: Leaf, value: str) -> str | None:
    return writer.guard(value, f"{value}.startswith({writer.source.constant(leaf.value)})")


def _ends_with(writer: _Writer, leaf: Leaf, value: str) -> str | None:
    return writer.guard(value, f"{value}.endswith({writer.source.constant(leaf.value)})")


def _substring(writer: _Writer, leaf: Leaf, value: str) -> str | None:
    return writer.guard(value, f"{writer.source.constant(leaf.value)} in {value}")


# by operator, whether the field is a text, whether it is a list
_WRITERS = {
    ("equals", False, False): _equals,
    ("equals", False, True): _mentions,
    ("in", False, False): _in,
    ("in", False, True): _mentions_one,
    ("contains", False, True): _mentions,
    ("contains", False, False): _equals,
    ("contains", True, False): _words,
    ("contains_all", True, False): _words,
    ("contains_phrase", True, False): _words,
    ("range", False, False): _range,
    ("exists", False, False): _exists,
    ("exists", True, False): _exists,
    ("exists", False, True): _exists,
    ("exists", True, True): _exists,
    ("starts_with", False, False): _starts_with,
    ("ends_with", False, False): _ends_with,
    ("substring", False, False): _substring,
}
