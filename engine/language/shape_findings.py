"""What is said about a document's shape: from the errors of a model to findings with places, reasons and repairs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

from ..diagnostics import Edit, Finding, Fix, Path, Span, nearest
from ..operators.wording import with_article
from ..shapes.base import Shape, ShapeProblem
from ..shapes.forms import NAME_PATTERN, Form, Word
from .phrases import count_text, dotted_path, kind_of, one_of, quoted_list, value_words
from .shape_walk import KEY, Expected, Location, expected_at, members_of, path_of
from .yaml.findings import clip, quote
from .yaml.reader import YamlDocument
from .yaml.spans import at

TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
MOST_SAID = 12
TRUE, FALSE = frozenset({"yes", "on", "true", "y"}), frozenset({"no", "off", "false", "n"})
OTHER_KEYS = {"or": "any", "and": "all"}  # what other languages call them
GROUPS = frozenset({"all", "any", "conditions", "where"})


class Fault(NamedTuple):
    """One error of a model: its kind, its location, what was expected, and its context."""

    kind: str
    location: Location
    expected: str
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Author:
    """Makes the findings of one document."""

    yaml: YamlDocument
    model: type[Shape]
    what: str
    resource: str = ""

    def findings(self, faults: Sequence[Fault]) -> Iterator[Finding]:
        """One finding for each fault that is not told by another one."""
        misspelt = self._misspelt(faults)
        for fault in faults:
            path = tuple(path_of(self.yaml.value, fault.location))
            if fault.kind == "missing":
                outer = self._outer(fault.location)
                key = str(fault.location[-1])
                if (outer, key) not in misspelt.values():
                    yield self._missing(outer, key)
            elif fault.kind == "extra_forbidden":
                yield self._extra(fault, path, misspelt.get(path, ((), ""))[1])
            elif fault.kind in {"too_short", "too_long"}:
                yield self._length(fault, path)
            else:
                yield self._other(fault, path)

    def problem(self, problem: ShapeProblem) -> Finding:
        """The finding of what keys say together."""
        by_key = problem.code in {"S010", "S016"} and problem.path and isinstance(problem.path[-1], str)
        place = self.yaml.spans.key(problem.path) if by_key else self.yaml.spans.value(problem.path)
        return self._finding(problem.code, problem.message, problem.path, place, problem.label, problem.help)

    def _outer(self, location: Location) -> Path:
        """The path of the mapping in which a key is missing."""
        return tuple(path_of(self.yaml.value, location[:-1]))

    def _misspelt(self, faults: Sequence[Fault]) -> dict[Path, tuple[Path, str]]:
        """For each unknown key that resembles a missing key of the same mapping: the mapping and the missing key."""
        missing: dict[Path, list[str]] = {}
        for fault in faults:
            if fault.kind == "missing":
                missing.setdefault(self._outer(fault.location), []).append(str(fault.location[-1]))
        found: dict[Path, tuple[Path, str]] = {}
        for fault in faults if missing else ():
            outer = self._outer(fault.location)
            if fault.kind == "extra_forbidden" and outer in missing:
                key = str(fault.location[-1])
                begun = (each for each in missing[outer] if len(key) > 1 and each.startswith(key))  # as `op`
                near = nearest(key, missing[outer]) or next(begun, None)
                if near is not None:
                    found[(*outer, fault.location[-1])] = (outer, near)
        return found

    def _missing(self, outer: Path, key: str) -> Finding:
        message = f"`{key}` is missing; {self._place(outer)} needs it"
        return self._finding("S011", message, outer, self.yaml.spans.value(outer), f"`{key}`?")

    def _extra(self, fault: Fault, path: Path, misspelt: str) -> Finding:
        key, place = str(path[-1]), expected_at(self.model, fault.location[:-1])
        span = self.yaml.spans.key(path)
        if place is None:
            return self._finding("S010", f"`{clip(key)}` is unknown here", path, span)
        if not misspelt and (other := next((each for each in place.siblings if key in each.keys), None)):
            return self._beside(place, other, path)
        present = at(self.yaml.value, path[:-1])
        free = [each for each in place.keys if each not in present]
        near = misspelt or nearest(key, free)
        expected = f"`{near}`" if near else one_of(place.keys)
        message = f"`{clip(key)}` is not a key of {self._place(path[:-1])}; expected {expected}"
        fix = Fix(f"write `{near}`", (Edit(span, near),)) if near else None
        return self._finding("S010", message, path, span, "unknown key", (), fix)

    def _beside(self, place: Expected, other: Expected, path: Path) -> Finding:
        """A key that another member of the union has."""
        key = str(path[-1])
        taken = f"`{place.tag if place.tag in place.keys else place.keys[0]}`"
        rest = "one of the two" if key == other.tag else one_of(place.keys)
        rest += " alone" if key != other.tag and len(place.keys) == 1 else ""
        message = f"`{key}` does not go with {taken}; expected {rest}"
        return self._finding("S016", message, path, self.yaml.spans.key(path), "one or the other")

    def is_echo(self, fault: Fault) -> bool:
        """Whether a list is only too short because the model counts the entries that read well."""
        if fault.kind != "too_short":
            return False
        value = at(self.yaml.value, tuple(path_of(self.yaml.value, fault.location)))
        least: int = fault.context["min_length"]
        return len(value) >= least

    def _length(self, fault: Fault, path: Path) -> Finding:
        size, short = len(at(self.yaml.value, path)), fault.kind == "too_short"
        bound = fault.context["min_length" if short else "max_length"]
        thing, span = self._thing(path), self.yaml.spans.value(path)
        if short and size == 0 and path[-1] in GROUPS:
            return self._finding("S017", f"{thing} is empty; expected at least one condition", path, span)
        found = "is empty" if size == 0 else f"has {count_text(size, 'entry')}"
        expected = f"at {'least' if short else 'most'} {count_text(bound, 'entry')}"
        return self._finding("S014", f"{thing} {found}; expected {expected}", path, span)

    def _other(self, fault: Fault, path: Path) -> Finding:
        if fault.kind == "not_one":
            return self._not_one(fault, path)
        value = at(self.yaml.value, path)
        place = expected_at(self.model, fault.location)
        if fault.kind in TYPES or fault.kind == "kinds" or (fault.kind == "variant" and not isinstance(value, dict)):
            return self._type(fault, place, path, value)
        if fault.kind == "variant":
            return self._no_variant(place, path, value)
        if fault.kind == "literal_error":
            return self._word(place, path, value)
        if fault.kind in {"string_pattern_mismatch", "form"}:
            return self._form(fault, place, path, value)
        return self._key_length(fault, path) if fault.location[-1] == KEY else self._bounds(fault, path, value)

    def _type(self, fault: Fault, place: Expected | None, path: Path, value: Any) -> Finding:
        form = None if place is None else place.mark(Form)
        expected = form.expected if form else TYPES.get(fault.kind, fault.expected)
        span = self.yaml.spans.value(path)
        if value is None:
            named = bool(path) and isinstance(path[-1], str)
            missing = 'write `"null"`, in quotes, for a value that is meant to be missing'
            help_ = (missing if "expression" in expected else "leave the key out if nothing is meant",) if named else ()
            message = f"{self._thing(path)} is {'empty' if named else 'null'}; expected {expected}"
            return self._finding("S012", message, path, span, help_=help_)
        message = f"{self._thing(path)} is {kind_of(value)}; expected {expected}"
        fix = self._retyping(value, TYPES.get(fault.kind, ""), span, form)
        compared = expected == "a mapping" and path[-1:] == ("count",) and type(value) in {int, float}
        help_ = (f"write `{{operator: equals, value: {value}}}`",) if compared else ()
        return self._finding("S012", message, path, span, help_=help_, fix=fix)

    def _retyping(self, value: Any, expected: str, span: Span, form: Form | None = None) -> Fix | None:
        """The same value in the expected type, where that is plain to see."""
        text: str | None = None
        if expected == "text" and isinstance(value, bool | int | float):
            source = self.yaml.spans.source
            written = source.text[source.offset(span.line, span.column) : source.offset(span.end_line, span.end_column)]
            fits = form is None or re.search(form.pattern, written) is not None
            text = quote(written) if fits and written[:1] not in "*&!" else None
        elif expected == "true or false" and isinstance(value, str) and value.lower() in TRUE | FALSE:
            text = "true" if value.lower() in TRUE else "false"
        elif expected == "a whole number" and isinstance(value, str) and value.isascii() and value.isdigit():
            text = str(int(value)) if len(value) < 19 else None
        elif expected == "a list" and isinstance(value, str) and value.replace("_", "").isalnum():
            text = f"[{value}]"
        return Fix(f"write `{clip(text)}`", (Edit(span, text),)) if text else None

    def _no_variant(self, place: Expected | None, path: Path, value: dict[str, Any]) -> Finding:
        leading = ["field" if tag == "leaf" else tag for tag in members_of(place)] if place else []
        for key in value:
            other = OTHER_KEYS.get(key.lower())
            near = other if other in leading else nearest(key, leading)
            if near is not None:
                span = self.yaml.spans.key((*path, key))
                message = f"`{clip(key)}` is not a key of {self._place(path)}; expected `{near}`"
                fix = Fix(f"write `{near}`", (Edit(span, near),))
                return self._finding("S010", message, (*path, key), span, "unknown key", (), fix)
        expected = one_of(leading)
        message = f"{self._thing(path)} has none of the keys that say what it is; expected {expected}"
        return self._finding("S016", message, path, self.yaml.spans.value(path))

    def _word(self, place: Expected | None, path: Path, value: Any) -> Finding:
        word = None if place is None else place.mark(Word)
        words = tuple(word.words) if word else get_args(place.kind) if place else ()
        span = self.yaml.spans.value(path)
        help_ = (f"the words are {quoted_list(words)}",) if len(words) > MOST_SAID else ()
        expected = f"one of {len(words)} words" if help_ else one_of("true" if each is True else each for each in words)
        if not isinstance(value, str) or True in words:
            repair = self._retyping(value, "true or false", span) if True in words else None
            message = f"{self._thing(path)} is {value_words(value)}; expected {expected}"
            return self._finding("S012", message, path, span, help_=help_, fix=repair)
        near = (word.other.get(value.lower()) if word else None) or nearest(value, words)
        fix = Fix(f"write `{near}`", (Edit(span, near),)) if near else None
        code = "S003" if path == ("apiVersion",) else "S013"
        what = "is not an operator" if path[-1] == "operator" else f"is not a value of `{dotted_path(path[-1:])}`"
        message = f"`{clip(value)}` {what}; expected {f'`{near}`' if near else expected}"
        return self._finding(code, message, path, span, help_=() if near else help_, fix=fix)

    def _form(self, fault: Fault, place: Expected | None, path: Path, value: Any) -> Finding:
        form = None if place is None else place.mark(Form)
        code = fault.context.get("code") or (form.code if form else "S015")
        expected = form.expected if form and fault.kind != "form" else fault.expected
        if fault.location[-1] == KEY:
            span, name = self.yaml.spans.key(path), str(path[-1])
            message = f"`{clip(name)}` is not a name; expected {expected}"
            return self._finding(code, message, path, span, fix=_renaming(name, span) if code == "S004" else None)
        if not isinstance(value, str) and code == "S012":
            message = f"{self._thing(path)} is {kind_of(value)}; expected {expected}"
        else:
            message = f"`{clip(str(value))}` as {self._thing(path)}; expected {expected}"
        span = self.yaml.spans.value(path)
        fix = _renaming(value, span) if code == "S004" and isinstance(value, str) else None
        return self._finding(code, message, path, span, fix=fix)

    def _bounds(self, fault: Fault, path: Path, value: Any) -> Finding:
        context = fault.context
        if fault.kind in {"string_too_short", "string_too_long"}:
            short = fault.kind == "string_too_short"
            found = "is empty" if value == "" else f"has {len(value):,} characters"
            expected = "text" if short and value == "" else f"at {'least' if short else 'most'} "
            expected += "" if short and value == "" else f"{context['min_length' if short else 'max_length']:,}"
        else:
            found = f"is {value}"
            words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
            expected = " and ".join(f"{words[key]} {bound:g}" for key, bound in context.items() if key in words)
        message = f"{self._thing(path)} {found}; expected {expected or 'a finite number'}"
        return self._finding("S014", message, path, self.yaml.spans.value(path))

    def _key_length(self, fault: Fault, path: Path) -> Finding:
        """A key too short or too long, whatever its value."""
        size = len(str(path[-1]))
        found = f"a key of {size:,} characters; expected at most {fault.context.get('max_length', 0):,}"
        message = f"{self._place(path[:-1])} has {found if size else 'an empty key; expected text'}"
        return self._finding("S014", message, path, self.yaml.spans.key(path))

    def _not_one(self, fault: Fault, path: Path) -> Finding:
        given, keys = fault.context["given"], fault.context["keys"].split(", ")
        if not given:
            message = f"{self._thing(path)} has no group; expected {one_of(keys)}"
            return self._finding("S016", message, path, self.yaml.spans.value(path))
        first, second, *_ = given.split(", ")
        message = f"`{second}` and `{first}` exclude each other; expected one of the two"
        span = self.yaml.spans.key((*path, second))
        return self._finding("S016", message, (*path, second), span, "one or the other")

    def _thing(self, path: Path) -> str:
        """What stands at a path: its key, or the list's key and the index."""
        keys = [index for index, step in enumerate(path) if isinstance(step, str)]
        return f"`{dotted_path(path[keys[-1] :])}`" if keys else with_article(self.what)

    def _place(self, path: Path) -> str:
        """The mapping at a path, by the way that leads there."""
        return f"`{dotted_path(path[-4:])}`" if path else with_article(self.what)

    def _finding(  # noqa: PLR0913, PLR0917 - the parts of a finding in their order, the last three optional
        self,
        code: str,
        message: str,
        path: Path,
        span: Span,
        label: str = "",
        help_: Iterable[str] = (),
        fix: Fix | None = None,
    ) -> Finding:
        return Finding(code, message, span, label, tuple(help_), fix, (), self.resource, path)


def _renaming(name: str, span: Span) -> Fix | None:
    """The name in small letters with `_` for what is not a letter, where that is a name."""
    repaired = repaired_name(name)
    return None if repaired is None else Fix(f"write `{repaired}`", (Edit(span, repaired),))


def repaired_name(name: str) -> str | None:
    """`heavy_watchers` for `heavy-watchers` and `HeavyWatchers`; a name as it is; None where nothing is left of it."""
    if re.search(NAME_PATTERN, name):
        return name
    repaired = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
    return repaired if re.search(NAME_PATTERN, repaired) else None
