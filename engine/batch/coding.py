"""Predicates over coded columns: constants become small numbers, and so do the values compared with them.

Comparing numbers is several times as fast as comparing text, and a search among a text's words needs no text at all.
A coded column is named after its field, with what it holds behind a `$`:

`country$code`   the number of the value among the constants that `country` is compared with, -1 for another value
`bio$words`      the numbers of those words of the text that are searched for
`bio$present`    whether there is a value
`vips$list`      whether the key is in the MemberList `vips`
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from ..ir.predicate import AllOf, AnyOf, Constant, Element, Events, EventSequence, InList, Leaf, Not, Predicate
from ..ir.types import Catalogue, Field
from ..ir.walk import rebuilt
from ..operators.text import tokens

OTHER = -1
CODE, WORDS, PRESENT, LIST = "$code", "$words", "$present", "$list"


@dataclass(frozen=True, slots=True)
class Coding:
    """The numbers of constants by field, given out as predicates are coded."""

    catalogue: Catalogue
    codes: dict[str, dict[Any, int]] = field(default_factory=dict)
    words: dict[str, dict[str, int]] = field(default_factory=dict)

    def of(self, predicate: Predicate) -> Predicate:
        """The predicate over coded columns that holds for the same profiles."""
        match predicate:
            case AllOf() | AnyOf() | Not():
                return rebuilt(predicate, self.of)
            case InList(name):
                return Leaf(f"{name}{LIST}", "equals", True, "boolean")  # noqa: FBT003 - the constant
            case Leaf():
                return self._leaf(predicate)
            case Element() | Events() | EventSequence() | Constant():
                return predicate  # what looks inside objects or at events stays as it is
        assert_never(predicate)

    def _leaf(self, leaf: Leaf) -> Predicate:
        if "." in leaf.field:
            return leaf
        if leaf.op == "exists":
            return Leaf(f"{leaf.field}{PRESENT}", "equals", True, "boolean")  # noqa: FBT003 - the constant
        if leaf.type == "keyword" and leaf.op in {"equals", "in", "contains"}:
            codes = self.codes.setdefault(leaf.field, {})
            values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
            return _one_of(f"{leaf.field}{CODE}", tuple(_number(codes, value) for value in values), many=leaf.many)
        if leaf.type == "text" and leaf.op in {"contains", "contains_all"}:
            words = self.words.setdefault(leaf.field, {})
            numbers = tuple(_number(words, word) for word in dict.fromkeys(tokens(str(leaf.value))))
            name = f"{leaf.field}{WORDS}"
            if leaf.op == "contains":
                return _one_of(name, numbers, many=True)
            return AllOf(tuple(_one_of(name, (number,), many=True) for number in numbers))
        return leaf

    def coded_catalogue(self, lists: tuple[str, ...]) -> Catalogue:
        """The catalogue with all columns that coded predicates may ask; no field is encrypted there."""
        fields = [_open(each) for each in (Field(self.catalogue.key, "keyword"), *self.catalogue.fields)]
        coded: list[Field] = []
        for each in fields:
            coded.append(Field(f"{each.name}{CODE}", "integer", many=each.many))
            coded.append(Field(f"{each.name}{WORDS}", "integer", many=True))
            coded.append(Field(f"{each.name}{PRESENT}", "boolean"))
        coded += [Field(f"{name}{LIST}", "boolean") for name in lists]
        return replace(self.catalogue, fields=(*fields[1:], *coded))


def _number(numbers: dict[Any, int], value: Any) -> int:
    return numbers.setdefault(value, len(numbers))


def _one_of(name: str, numbers: tuple[int, ...], *, many: bool) -> Leaf:
    if len(numbers) == 1:
        return Leaf(name, "equals", numbers[0], "integer", many)
    return Leaf(name, "in", numbers, "integer", many)


def _open(declared: Field) -> Field:
    """The field as the file has it: in plain, its members too."""
    return replace(declared, encrypted=None, fields=tuple(_open(member) for member in declared.fields))
