"""Whatever is in a bundle whose digests are right: it is refused with its reason, or it is taken and works."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from engine.bundle.envelope import About, BundleRefusedError, Envelope, seal
from engine.bundle.read import Acceptance, open_bundle
from engine.bundle.ready import prepare_bundle
from engine.bundle.write import pack
from engine.experiments.assignment import NativeAssigner
from engine.ir.canonical import digest
from engine.ir.expression import FLOAT, Call, Collect, Expression, Local, Name, ValueType
from engine.ir.graph import Ruleset, SetItem
from engine.ir.predicate import Constant
from engine.ir.program import Program
from engine.ir.types import Catalogue, Field
from engine.ir.value_types import type_of_field
from engine.nodes.output.node import OutputNode
from engine.nodes.ruleset.node import RulesetNode
from engine.runtime.loaded import Runtime
from tests.properties.graph_cases import SEGMENTS, Cases
from tests.properties.test_spoilt_workspaces import DOCUMENTS, loaded, places

NOW = "2026-03-01T00:00:00.000Z"
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**62, 2**63, 2**70, 1.5, 1e308, "", "vip", "a.b", "x' or 1 or '", "\n", "9" * 40),
    *("__import__('os')", "profile.spend", NOW, "UTC", "nowhere/zone", "customer_id", "-30d", "(a", "[z-a]"),
    *([], {}, [[]], [{}], ["a"], {"$": "Leaf"}, {"$": "Nothing"}, {"$": 5}, {"$": []}, {"a": {"b": [1]}}),
)
NUMBERS = (2**62, -(2**62), 10**9, 0, -1, 0.5)
VALUES: Mapping[str, tuple[Any, ...]] = {
    "string": ("US", "x", ""),
    "float": (1.5, -2.0),
    "integer": (3, 0),
    "boolean": (True,),
    "datetime": ("2026-02-27T00:00:00Z",),
}


def base_programs() -> Iterator[Program]:
    """Programs with all kinds of nodes, segments and documents."""
    yield loaded(DOCUMENTS).program
    for seed in range(6):
        program = Cases(Random(seed)).ruleset_world().program
        yield replace(program, segments={name: Constant(value=True) for name in SEGMENTS})


CONTENTS = [json.loads(pack(program, About("shop")).content) for program in base_programs()]


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


def spoil(content: dict[str, Any], chance: Random) -> None:  # noqa: C901 - one case for each kind of change
    """Change one to three places; parts are also copied from elsewhere, where they may nearly fit."""
    every = places(content["program"] if chance.random() < 0.95 else content)
    for _ in range(chance.choice((1, 1, 2, 3))):
        holder, key = chance.choice(every)
        other, there = chance.choice(every)
        try:
            match chance.choice(("replace", "delete", "rename", "copy", "copy", "swap", "number", "double", "nest")):
                case "delete":
                    del holder[key]
                case "rename" if isinstance(holder, dict):
                    holder[chance.choice(("$", "name", "x y", "then", "value", "more"))] = holder.pop(key)
                case "copy":
                    holder[key] = deepcopy(other[there])
                case "swap":
                    holder[key], other[there] = deepcopy(other[there]), deepcopy(holder[key])
                case "double" if isinstance(holder, list):
                    holder.insert(key, deepcopy(holder[key]))
                case "number" if isinstance(holder[key], int | float):
                    holder[key] = chance.choice((*NUMBERS, holder[key] + 1, float(holder[key])))
                case "nest" if chance.random() < 0.1:
                    holder[key] = nested(chance.choice((20, 250)))
                case _:
                    holder[key] = deepcopy(chance.choice(JUNK))
        except (KeyError, IndexError, OverflowError):  # an earlier change has taken the place away
            pass
    if isinstance(targets := content.get("targets"), dict) and "mapping" in targets:
        targets["mapping_hash"] = digest(targets["mapping"])


def value(field: Field, chance: Random) -> Any:
    if field.type == "object":
        one: Any = {each.name: value(each, chance) for each in field.fields}
    elif field.type == "geo_point":
        one = {"lat": 1, "lon": 2}
    elif field.type == "day":
        one = "1990-02-28"
    else:
        kind = type_of_field(replace(field, many=False)).kind
        one = chance.choice(field.values or VALUES[kind])
    return [one] if field.many else one


def use(runtime: Runtime, chance: Random) -> None:
    """Match and decide for facts that fit the catalogue, traced and not."""
    catalogue = runtime.program.catalogue
    events = [
        {
            "id": f"e-{event.name}",
            "type": event.name,
            catalogue.key: "c",
            "time": "2026-02-27T00:00:00Z",
            "data": {each.name: value(each, chance) for each in event.fields},
        }
        for event in catalogue.events
    ]
    for share in (0.0, 0.5, 1.0):
        profile = {each.name: value(each, chance) for each in catalogue.fields if chance.random() < share}
        profile[catalogue.key] = "c"
        runtime.segments(profile, events, now=NOW)
        for name, ruleset in runtime.program.rulesets.items():
            context = {each.name: value(each, chance) for each in ruleset.context if chance.random() < share}
            about = next((each for each in events if each["type"] == ruleset.event), None)
            for trace in (False, True):
                runtime.decide(name, profile, context, events=events, event=about, now=NOW, trace=trace)


def runtime_of(program: Program, bundle_digest: str) -> Runtime:
    return Runtime(program, bundle_digest, assigner=NativeAssigner(program.experiments))


@pytest.mark.parametrize("content", CONTENTS)
def test_what_is_spoilt_was_sound(content: dict[str, Any]) -> None:
    bundle = open_bundle(seal(content, About("shop")).file_bytes(), Acceptance(), NOW)
    use(prepare_bundle(bundle, runtime_of), Random(0))


@pytest.mark.parametrize("part", range(4))
def test_a_spoilt_bundle_is_refused_or_works(part: int) -> None:
    taken = refused = 0
    chance = Random(part)
    for _ in range(500):
        content = deepcopy(chance.choice(CONTENTS))
        spoil(content, chance)
        try:
            raw = seal(content, About("shop")).file_bytes()
        except ValueError:  # an infinity, which no canonical bytes have
            continue
        try:
            runtime = prepare_bundle(open_bundle(raw, Acceptance(), NOW), runtime_of)
        except BundleRefusedError:
            refused += 1
            continue
        use(runtime, chance)
        taken += 1
    assert refused > 100
    assert taken > 10


def sealed(content: bytes) -> bytes:
    """A bundle of these bytes, its digest right."""
    return Envelope(About("shop"), "sha256:" + hashlib.sha256(content).hexdigest(), content).file_bytes()


@pytest.mark.parametrize("depth", [10_000, 200_000])
def test_a_bundle_nested_beyond_measure_is_refused(depth: int) -> None:
    content = b'{"program":' + b"[" * depth + b"]" * depth + b',"targets":{}}'
    raw = sealed(content)
    with pytest.raises(BundleRefusedError, match="this version cannot read"):
        open_bundle(raw, Acceptance(), NOW)


def test_content_that_readers_may_read_differently_is_refused() -> None:
    content = pack(loaded(DOCUMENTS).program, About("shop")).content
    for changed in (
        content.replace(b'"program":', b'"program":{},"program":', 1),
        content.replace(b'"program":', b'"program": ', 1),
        content.replace(b'"program":', b'"more":1,"program":', 1),
    ):
        with pytest.raises(BundleRefusedError):
            open_bundle(sealed(changed), Acceptance(), NOW)


def test_an_index_mapping_with_another_digest_than_is_stated_is_refused() -> None:
    content = deepcopy(CONTENTS[0])
    content["targets"]["mapping"]["added"] = {"type": "keyword"}
    with pytest.raises(BundleRefusedError, match="digest of the index mapping does not match"):
        open_bundle(seal(content, About("shop")).file_bytes(), Acceptance(), NOW)


def collected(depth: int) -> Expression:
    """Lists of numbers, each gone through for every element of the one around it."""
    scores = Name("profile", ("scores",), ValueType("array", of=FLOAT))
    item: Expression = Local(f"x{depth}", FLOAT)
    for level in range(depth, 0, -1):
        local = Local(f"x{level}", FLOAT)
        item = Call("sum", (Collect(local, scores, item, scores.type),), FLOAT)
    return item


def called(count: int) -> dict[str, Ruleset]:
    """Rulesets of which each calls the next one twice."""
    end = OutputNode("end", ())
    found = {f"r{count}": Ruleset(f"r{count}", (), (), (end,))}
    for number in range(count):
        calls = (
            RulesetNode("one", f"r{number + 1}", (), "a", "two"),
            RulesetNode("two", f"r{number + 1}", (), "b", "end"),
        )
        found[f"r{number}"] = Ruleset(f"r{number}", (), (), (*calls, end))
    return found


SUMS = Ruleset("sums", (), (Field("sum", "number"),), (OutputNode("end", (SetItem("sum", collected(2)),)),))


@pytest.mark.parametrize("rulesets", [{"sums": SUMS}, called(40)], ids=["lists in lists", "calls of calls"])
def test_a_bundle_whose_work_grows_beyond_measure_is_refused(rulesets: dict[str, Ruleset]) -> None:
    catalogue = Catalogue("customer", "id", (Field("scores", "number", many=True),))
    program = Program("shop", "UTC", catalogue, rulesets=rulesets)
    with pytest.raises(BundleRefusedError, match="more steps than any may"):
        open_bundle(pack(program, About("shop")).file_bytes(), Acceptance(), NOW)


def test_rulesets_that_call_in_a_ring_are_refused() -> None:
    call = RulesetNode("call", "ring")
    program = Program(
        "shop", "UTC", Catalogue("customer", "id", ()), rulesets={"ring": Ruleset("ring", (), (), (call,))}
    )
    with pytest.raises(BundleRefusedError, match="it calls itself"):
        open_bundle(pack(program, About("shop")).file_bytes(), Acceptance(), NOW)
