"""A plan for people: on a terminal, and as Markdown for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...ir.printable import printable
from ...operators.wording import percent
from .change import EFFECTS, Audience, Change, Detail, Effect, Movement, Plan

LINES = 8  # of a change's details, unless all are requested
NAMES = 6  # of the resources that use something
WIDTH = 160

_HEADINGS: dict[Effect, str] = {
    "catalogue": "Catalogue",
    "segments": "Segments",
    "routes": "Routes",
    "experiments": "Experiments",
    "other": "Other documents",
}
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "renamed": "→"}


def as_text(plan: Plan, *, full: bool = False) -> str:
    """The plan as plain text; the last line has the counts."""
    return "\n".join(_lines(plan, full=full))


def as_markdown(plan: Plan, *, full: bool = False) -> str:
    """The plan as Markdown: a heading for each effect, differences as code."""
    return "\n".join(_markdown(plan, full=full))


def _lines(plan: Plan, *, full: bool) -> Iterator[str]:
    yield f"{plan.before} → {plan.after}"
    for note in plan.notes:
        yield f"note: {note}"
    for effect in EFFECTS:
        changes = [change for change in plan.changes if change.effect == effect]
        if changes:
            yield ""
            yield _HEADINGS[effect]
            for change in changes:
                yield from _change(change, full=full)
    if plan.quiet:
        yield ""
        yield from _quiet(plan, full=full)
    if plan.audience is not None:
        yield ""
        yield from _audience(plan.audience)
    yield ""
    yield count_line(plan)


def _change(change: Change, *, full: bool) -> Iterator[str]:
    yield f"  {_SIGNS[change.action]} {_title(change)}"
    for detail in _visible_details(change, full=full):
        yield f"      {detail.sign} {printable(detail.text)}"
    hidden = len(change.details) - len(_visible_details(change, full=full))
    if hidden and not change.through:
        yield f"        … {hidden:,} more (--full)"
    if change.moved is not None:
        yield f"      {percent(change.moved)} of units get another arm"
    yield from (f"      {remark}" for remark in change.remarks)
    yield from (f"      ! {warning}" for warning in change.warnings)
    if change.used_by:
        yield f"      used by {_names(change.used_by, full=full)}"


def _title(change: Change) -> str:
    kind, _, name = change.resource.partition("/")
    text = f"{kind.replace('_', ' ')} {name}"
    if change.was:
        text = f"{kind.replace('_', ' ')} {change.was} → {name}"
    if change.action in {"added", "removed", "renamed"}:
        text += f"  ({change.action})"
    if change.through:
        text += f"  (through {_names(change.through, full=False)})"
    return text


def _visible_details(change: Change, *, full: bool) -> Sequence[Detail]:
    """The details to show: all, or the first few, or none for a change that only follows from another."""
    if full:
        return change.details
    if change.through:
        return ()
    return [Detail(each.sign, _shorten(each.text)) for each in change.details[:LINES]]


def _shorten(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def _names(resources: Sequence[str], *, full: bool) -> str:
    shown = resources if full or len(resources) <= NAMES else resources[: NAMES - 1]
    rest = len(resources) - len(shown)
    return ", ".join([*shown, *([f"{rest:,} more"] if rest else [])])


def _quiet(plan: Plan, *, full: bool) -> Iterator[str]:
    count = len(plan.quiet)
    noun = "document reads" if count == 1 else "documents read"
    mean = "means" if count == 1 else "mean"
    yield f"Nothing at run time: {count:,} {noun} differently and {mean} the same"
    if full:
        yield from (f"  {resource}" for resource in plan.quiet)


def _audience(audience: Audience) -> Iterator[str]:
    left_out = f", {audience.refused:,} left out" if audience.refused else ""
    yield f"Profiles ({audience.profiles:,} at {audience.now}{left_out})"
    if not audience.movements:
        yield "  no profile changes its segments, routes or outputs"
    for resource, movement in audience.movements.items():
        yield from (f"  {line}" for line in _movement(resource, movement))


def _movement(resource: str, movement: Movement) -> Iterator[str]:
    if movement.entering:
        yield f"{resource}: +{movement.entering:,} enter, such as {_keys(movement.entering_examples)}"
    if movement.leaving:
        yield f"{resource}: -{movement.leaving:,} leave, such as {_keys(movement.leaving_examples)}"
    if movement.rerouted or movement.other_output:
        text = f"{movement.rerouted:,} take another route, {movement.other_output:,} get another output"
        yield f"{resource}: {text}, such as {_keys(movement.rerouted_examples)}"


def _keys(keys: Sequence[str]) -> str:
    """The keys of profiles, escaped so that none can break a line or Markdown."""
    return ", ".join(f"`{''.join(letter if letter.isprintable() else '�' for letter in key)}`" for key in keys)


def count_line(plan: Plan) -> str:
    """`1 added, 2 changed, 1 removed; 3 without effect`."""
    counts = [f"{count:,} {action}" for action, count in plan.counts.items() if count]
    text = ", ".join(counts) or "no change in meaning"
    return f"{text}; {len(plan.quiet):,} without effect at run time" if plan.quiet else text


def _markdown(plan: Plan, *, full: bool) -> Iterator[str]:
    yield f"### decisor plan: {count_line(plan)}"
    yield ""
    yield f"`{plan.before}` → `{plan.after}`"
    for note in plan.notes:
        yield f"\n> {note}"
    for effect in EFFECTS:
        changes = [change for change in plan.changes if change.effect == effect]
        if changes:
            yield f"\n#### {_HEADINGS[effect]}\n"
            for change in changes:
                yield from _markdown_change(change, full=full)
    if plan.quiet:
        text, *names = _quiet(plan, full=full)
        yield f"\n{text}"
        yield from (f"- `{name.strip()}`" for name in names)
    if plan.audience is not None:
        heading, *lines = _audience(plan.audience)
        yield f"\n#### {heading}\n"
        yield from (f"- {line.strip()}" for line in lines)


def _markdown_change(change: Change, *, full: bool) -> Iterator[str]:
    yield f"- **{_SIGNS[change.action]} {_title(change)}**"
    shown = _visible_details(change, full=full)
    if shown:
        fence = "`" * max(3, 1 + max(_ticks(detail.text) for detail in shown))
        yield f"  {fence}diff"
        yield from (f"  {'!' if detail.sign == '~' else detail.sign} {printable(detail.text)}" for detail in shown)
        hidden = len(change.details) - len(shown)
        if hidden:
            yield f"  … {hidden:,} more"
        yield f"  {fence}"
    if change.moved is not None:
        yield f"  {percent(change.moved)} of units get another arm  "
    yield from (f"  {remark}  " for remark in change.remarks)
    yield from (f"  ⚠️ {warning}  " for warning in change.warnings)
    if change.used_by:
        yield f"  used by {_names(change.used_by, full=full)}"


def _ticks(text: str) -> int:
    """The longest run of backticks in a text."""
    longest = run = 0
    for letter in text:
        run = run + 1 if letter == "`" else 0
        longest = max(longest, run)
    return longest
