"""The documents that `new` writes: each passes the check with the workspace's catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..command import CannotRunError
from .start import PROFILE, yaml_name

if TYPE_CHECKING:
    from ...ir.types import EventType, Field

_NOW = '"2026-03-01T00:00:00Z"'


@dataclass(frozen=True, slots=True)
class Around:
    """What a new document may refer to: the profile's key and fields, and the events."""

    key: str = "customer_id"
    fields: tuple[Field, ...] = ()
    events: tuple[EventType, ...] = ()

    def event(self, kind: str) -> EventType:
        """The first event type. Raises CannotRunError when there is none."""
        if not self.events:
            raise CannotRunError(
                f"a {kind} needs an event type, and there is none; create one with `decisor new event_type purchase`"
            )
        return self.events[0]


Documents = tuple[str, str]
"""The texts of a document and its test; either may be empty."""


@dataclass(frozen=True, slots=True)
class Template:
    """The folder of a kind of document, and the function that writes one."""

    folder: str
    write: Callable[[str, Around], Documents]


def _head(kind: str, name: str, description: str, schema: str = "") -> str:
    snake = schema or kind.lower()
    return (
        f"# yaml-language-server: $schema=../schemas/{snake}.schema.json\n"
        f"apiVersion: v1\nkind: {kind}\nname: {name}\ndescription: {description}\n"
    )


def _test_head(name: str, more: str = "") -> str:
    head = _head("Test", name, "").replace("description: \n", "")
    return f"{head}{more}now: {_NOW}\ncases:\n"


@dataclass(frozen=True, slots=True)
class _Sample:
    """A condition on one type of field, with a value that satisfies it and one that does not."""

    operator: str
    value: str
    holding: str
    failing: str


_SAMPLES = {
    "number": _Sample("greater_than", "500", "812.5", "12.5"),
    "integer": _Sample("greater_or_equal", "3", "5", "1"),
    "date": _Sample("within_last", "90d", '"2026-02-22T00:00:00Z"', '"2025-02-22T00:00:00Z"'),
    "boolean": _Sample("equals", "true", "true", "false"),
    "keyword": _Sample("equals", "US", "US", "CA"),
    "text": _Sample("contains", "jazz", "free jazz", "folk"),
    "day": _Sample("anniversary_within", "7", '"1990-03-02"', '"1990-09-02"'),
}
"""Sample conditions by type of field, the preferred types first."""


def _segment(name: str, around: Around) -> Documents:
    field = _field(around)
    if field is None:
        return _segment_by_key(name, around)
    sample = _SAMPLES[field.type]
    condition = f"{{field: {yaml_name(field.name)}, operator: {sample.operator}, value: {sample.value}}}"
    document = f"{_head('Segment', name, 'Who is in it, in a sentence.')}conditions:\n  - {condition}\n"
    inside = _case(
        "somebody is in", f"{around.key}: c-1, {yaml_name(field.name)}: {sample.holding}", f"in_segments: [{name}]"
    )
    outside = _case(
        "others are not", f"{around.key}: c-2, {yaml_name(field.name)}: {sample.failing}", f"not_segments: [{name}]"
    )
    return document, _test_head(name) + inside + outside


def _field(around: Around) -> Field | None:
    """The best field for a first condition, None if no sample fits any."""
    plain = [each for each in around.fields if each.encrypted is None and not each.many and not each.values]
    return next((field for kind in _SAMPLES for field in plain if field.type == kind), None)


def _segment_by_key(name: str, around: Around) -> Documents:
    """A segment on the key, for a catalogue whose fields fit no sample."""
    condition = f"{{field: {around.key}, operator: starts_with, value: test-}}"
    inside = _case("a test customer is in", f"{around.key}: test-1", f"in_segments: [{name}]")
    outside = _case("others are not", f"{around.key}: c-1", f"not_segments: [{name}]")
    document = f"{_head('Segment', name, 'Who is in it, in a sentence.')}conditions:\n  - {condition}\n"
    return document, _test_head(name) + inside + outside


def _case(name: str, profile: str, expect: str) -> str:
    return f"  - name: {name}\n    profile: {{{profile}}}\n    expect: {{{expect}}}\n"


def _ruleset(name: str, around: Around) -> Documents:
    document = f"""\
{_head("Ruleset", name, "What to show.")}context:
  channel: {{type: keyword, values: [web, email]}}
output:
  content: {{type: keyword}}
start: channel
nodes:
  channel:
    switch:
      - {{when: "context.channel == 'email'", then: newsletter}}
    otherwise: welcome
  newsletter: {{output: {{content: "'newsletter'"}}}}
  welcome: {{output: {{content: "'welcome'"}}}}
"""
    cases = f"""\
  - name: mail readers see the newsletter
    profile: {{{around.key}: c-1}}
    context: {{channel: email}}
    expect: {{output: {{content: newsletter}}}}
  - name: everybody else is welcomed
    profile: {{{around.key}: c-1}}
    context: {{channel: web}}
    expect: {{output: {{content: welcome}}}}
"""
    return document, _test_head(name, f"ruleset: {name}\n") + cases


def _experiment(name: str, around: Around) -> Documents:
    arms = "arms:\n  control: {weight: 50%}\n  treatment: {weight: 50%}\n"
    return f"{_head('Experiment', name, 'What is tried, and why.')}unit: {around.key}\n{arms}", ""


def _bandit(name: str, around: Around) -> Documents:
    arms = "arms:\n  first: {description: what it shows}\n  second: {description: what it shows}\n"
    head = _head("Bandit", name, "What is learnt, and why.")
    return f"{head}unit: {around.key}\n{arms}fallback: first\npolicy: uniform # learns nothing yet; see `reward`\n", ""


def _feature_view(name: str, around: Around) -> Documents:
    event = around.event("feature view").name
    source = f"{{event: {yaml_name(event)}, aggregate: count, within: 30d, hop: 1d}}"
    features = f"features:\n  {event}_count: {{type: integer, default: 0, from: {source}}}\n"
    return (
        f"{_head('FeatureView', name, 'What the features tell.', 'feature_view')}entity: {around.key}\n{features}",
        "",
    )


def _metric(name: str, around: Around) -> Documents:
    event = yaml_name(around.event("metric").name)
    return f"{_head('Metric', name, 'What is measured.')}event: {event}\naggregate: any\nwindow: 7d\n", ""


def _model(name: str, around: Around) -> Documents:
    field = next((each for each in around.fields if each.type in {"number", "integer"} and not each.many), None)
    value = "" if field is None or field.encrypted is not None else f", from: profile.{field.name}"
    shown = "amount" if not value or field is None else yaml_name(field.name)
    file = name.strip('"') + ".onnx"
    return (
        f"{_head('Model', name, 'What it predicts.')}protocol: onnx\nfile: {file}\nserved: {{version: 1}}\n"
        f"inputs:\n  {shown}: {{type: number{value}, default: 0}}\n"
        "outputs:\n  score: {type: number}\nfallback: {score: 0.0}\n"
    ), ""


def _event_type(name: str, _around: Around) -> Documents:
    return f"{_head('EventType', name, 'What happened.', 'event_type')}fields:\n  amount: {{type: number}}\n", ""


def _member_list(name: str, _around: Around) -> Documents:
    return f"{_head('MemberList', name, 'Whose ids these are.', 'member_list')}members: [c-1, c-2]\n", ""


def _layer(name: str, _around: Around) -> Documents:
    return f"{_head('Layer', name, 'Which experiments exclude each other here.')}holdout: 0%\n", ""


def _release(name: str, _around: Around) -> Documents:
    ramp = "ramp:\n  - {share: 5%, hold: 1h}\n  - {share: 50%, hold: 1d}\n"
    return f"{_head('Release', name, 'What serves together.')}feature_views: []\nmodels: []\n{ramp}", ""


def _rollback_policy(name: str, _around: Around) -> Documents:
    guards = "guards:\n  - {signal: error_rate, above: 0.01}\n"
    return f"{_head('RollbackPolicy', name, 'When to go back by itself.', 'rollback_policy')}{guards}", ""


def _test(name: str, around: Around) -> Documents:
    case = _case("a customer of whom nothing is known is in no segment", f"{around.key}: c-1", "segments: []")
    return "", _test_head(name) + case


def _profile(name: str, _around: Around) -> Documents:
    return PROFILE.format(name=name, orders="", spend=""), ""


TEMPLATES: Mapping[str, Template] = {
    "profile": Template("schemas", _profile),
    "event_type": Template("schemas", _event_type),
    "segment": Template("segments", _segment),
    "member_list": Template("segments", _member_list),
    "ruleset": Template("rules", _ruleset),
    "experiment": Template("rules", _experiment),
    "layer": Template("rules", _layer),
    "bandit": Template("rules", _bandit),
    "model": Template("rules", _model),
    "metric": Template("rules", _metric),
    "feature_view": Template("rules", _feature_view),
    "release": Template("rules", _release),
    "rollback_policy": Template("rules", _rollback_policy),
    "test": Template("segments", _test),
}
"""Every kind of document, in the order in which authors meet them."""
