from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.operators.evaluate import Subject, evaluate
from engine.runtime.matcher import Matcher
from engine.runtime.matcher.checks import Checks
from engine.runtime.matcher.index import index_match
from engine.runtime.matcher.plain import Match, Segment, plain
from tests.properties.predicate_cases import LISTS, NOWS, Cases

SIZES = st.sampled_from((1, 2, 3, 10, 50, 300))
KEY = "customer_id"


def drawn(cases: Cases, size: int) -> list[Segment]:
    return [(f"s{number}", cases.predicate(cases.source.choice((0, 1, 2)))) for number in range(size)]


def ways(segments: list[Segment]) -> dict[str, Match]:
    every = sorted(segments, key=lambda segment: segment[0])
    return {
        "closures": plain(every, Checks(LISTS, KEY)),
        "fused": Matcher(segments, LISTS, KEY, strategy="fused").match,
        "indexed": Matcher(segments, LISTS, KEY, strategy="indexed").match,
        "everything indexed": index_match(every, Checks(LISTS, KEY), everything=True),
        "indexed in no memory": index_match(every, Checks(LISTS, KEY), everything=True, memory=1),
    }


@given(st.integers(0, 2**32), SIZES)
def test_every_way_of_matching_gives_what_the_reference_gives(seed: int, size: int) -> None:
    cases = Cases(Random(seed))
    segments = drawn(cases, size)
    matchers = ways(segments)
    for _ in range(8):
        profile, events, now_ms = cases.profile(), cases.events(), cases.source.choice(NOWS)
        subject = Subject(profile, events, LISTS, KEY)
        expected = sorted(name for name, predicate in segments if evaluate(predicate, subject, now_ms))
        for way, match in matchers.items():
            assert match(profile, now_ms, events) == expected, way


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_every_way_of_matching_keeps_its_answers_when_asked_again_at_another_time(seed: int) -> None:
    cases = Cases(Random(seed))
    segments = drawn(cases, 60)
    asked = [(cases.profile(), cases.events(), now_ms) for now_ms in (*NOWS, *NOWS)]
    for way, match in ways(segments).items():
        first = [match(profile, now_ms, events) for profile, events, now_ms in asked]
        again = [match(profile, now_ms, events) for profile, events, now_ms in reversed(asked)]
        assert first == again[::-1], way
