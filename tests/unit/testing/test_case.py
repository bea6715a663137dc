"""What a case that fails says: each kind of failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.testing.world import HEAD, differences, run

TODAY = "2026-02-28T00:00:00Z"


def test_a_segment_that_should_hold_and_does_not_shows_its_conditions(tmp_path: Path) -> None:
    found = differences(
        tmp_path, "  - {name: a, profile: {spend: 12.5, tags: [blocked, b]}, expect: {in_segments: [vip]}}\n"
    )
    assert found == [
        "segments: expected in `vip`, is not:",
        "  ✗ all of",
        "    ✗ spend is at least 500  (is 12.5)",
        "    ✗ any of",
        "      ✗ country is one of US, CA  (is missing)",
        '      ✗ tags does not include blocked (or is missing)  (is "blocked", "b")',
    ]


def test_a_segment_that_should_not_hold_and_does_shows_what_it_saw(tmp_path: Path) -> None:
    cases = f"""\
  - name: two orders
    events:
      - {{type: purchase, time: "{TODAY}"}}
      - {{type: purchase, time: "2026-02-27T00:00:00Z"}}
    expect: {{not_segments: [buyers]}}
"""
    found = differences(tmp_path, cases)
    assert found[0] == "segments: expected not in `buyers`, is:"
    assert found[1].endswith("(2 such events in all, the latest at 2026-02-28T00:00:00.000Z)")


def test_segments_are_exactly_those_that_are_listed(tmp_path: Path) -> None:
    found = differences(tmp_path, "  - {name: a, profile: {user_id: c-7}, expect: {segments: [vip]}}\n")
    assert [line for line in found if line.startswith("segments")] == [
        "segments: expected not in `staff`, is:",
        "segments: expected in `vip`, is not:",
    ]


def test_the_same_event_twice_counts_once(tmp_path: Path) -> None:
    event = f'{{id: e-1, type: purchase, time: "{TODAY}"}}'
    case = f"  - {{name: a, events: [{event}, {event}], expect: {{not_segments: [buyers]}}}}\n"
    assert differences(tmp_path, case) == []


def test_events_need_neither_id_nor_customer(tmp_path: Path) -> None:
    event = f'{{type: purchase, time: "{TODAY}"}}'
    case = f"  - {{name: a, events: [{event}, {event}], expect: {{in_segments: [buyers]}}}}\n"
    assert differences(tmp_path, case) == []


def test_output_differs_value_by_value_and_the_way_is_told(tmp_path: Path) -> None:
    case = """\
  - name: loyal
    profile: {country: US, orders: 3}
    context: {channel: email}
    expect: {output: {content: bundle, reason: north, price: 5.5, tags: [a]}}
"""
    assert differences(tmp_path, case) == [
        'output.reason: expected "north", found "loyal"',
        "output.price: expected 5.5, found 5.0",
        'output.tags: expected ["a"], found nothing',
        "path taken: who (offers) → offers (row 1)",
        (
            "  who: `context.channel == 'email'` holds → offers  "
            "(in_segment('vip') is false, context.channel is \"email\")"
        ),
        '  offers: row 1  (profile.country is "US", profile.orders is 3)',
    ]


def test_lists_differ_element_by_element(tmp_path: Path) -> None:
    case = """\
  - name: tags
    profile: {spend: 600.0, country: US, tags: [a, b]}
    answers: {forced: {split: control}}
    expect: {output: {tags: [a, c]}}
"""
    assert differences(tmp_path, case)[0] == 'output.tags[1]: expected "c", found "b"'


def test_whole_numbers_and_doubles_are_one_number_and_truth_is_none(tmp_path: Path) -> None:
    case = """\
  - name: {name}
    profile: {{country: US, orders: 3}}
    context: {{channel: email}}
    expect: {{output: {{price: {price}}}}}
"""
    cases = case.format(name="five", price=5) + case.format(name="yes", price="true")
    assert [result.passed for result in run(tmp_path, cases).results] == [True, False]


def test_an_output_that_should_be_missing_is_written_null(tmp_path: Path) -> None:
    case = """\
  - name: nothing to pay
    profile: {spend: 600.0, country: US}
    answers: {forced: {split: control}}
    expect: {output: {price: null, content: welcome}}
"""
    assert differences(tmp_path, case) == []


def test_the_path_is_all_nodes_in_order(tmp_path: Path) -> None:
    case = """\
  - name: way
    profile: {country: US, orders: 3}
    context: {channel: email}
    expect: {path: [who, plain]}
"""
    assert differences(tmp_path, case)[:2] == [
        "path: expected who → plain",
        "path taken: who (offers) → offers (row 1)",
    ]


def test_arms_of_experiments(tmp_path: Path) -> None:
    case = """\
  - name: forced
    profile: {spend: 600.0}
    answers: {forced: {split: treatment}}
    expect: {experiments: {split: control}}
  - name: remembered
    profile: {spend: 600.0}
    answers: {sticky: {split: treatment}}
    expect: {experiments: {split: treatment}, output: {content: WELCOME}}
  - name: before it began
    now: "2025-12-31T00:00:00Z"
    profile: {spend: 600.0}
    expect: {output: {reason: outside}}
  - name: not on the way
    context: {channel: web}
    expect: {experiments: {split: control}}
"""
    found = differences(tmp_path, case)
    assert [line for line in found if line.startswith("experiments")] == [
        'experiments.split: expected arm "control", found "treatment"',
        'experiments.split: expected arm "control", but no node on the path asked for it',
    ]
    assert "  trial: treatment (forced)" in found


def test_models_answer_as_scripted_and_fall_back_otherwise(tmp_path: Path) -> None:
    case = """\
  - name: likely
    profile: {{spend: 7.0, orders: 1}}
    context: {{channel: email}}
    answers: {{models: {{churn: {answer}}}}}
    expect: {{output: {{content: {content}}}}}
"""
    for answer, content in (
        ("{output: {score: 0.9}}", "thanks"),
        ("{output: {score: 0.1}}", "welcome"),
        ("{output: {score: 0.9}, status: timeout}", "welcome"),
        ("{status: error}", "welcome"),
        ("{status: missing}", "welcome"),
    ):
        assert differences(tmp_path, case.format(answer=answer, content=content)) == []


@pytest.mark.parametrize(
    "answer, thing",
    [
        ("models: {churn: {output: {score: high}}}", "answers.models.churn"),
        ("models: {churn: {output: {}}}", "answers.models.churn"),
    ],
)
def test_an_answer_of_another_form_is_told(tmp_path: Path, answer: str, thing: str) -> None:
    case = f"""\
  - name: odd
    context: {{channel: email}}
    answers: {{{answer}}}
    expect: {{output: {{content: welcome}}}}
"""
    assert differences(tmp_path, case)[0] == f"{thing}: is not what was asked for, so the fallback took its place"


def test_bandits_and_features_answer_as_scripted(tmp_path: Path) -> None:
    case = """\
  - name: the arm that was picked
    profile: {country: US}
    answers: {bandits: {heroes: {arm: voucher, probability: 0.25}}, features: {activity: {orders_7d: 2}}}
    expect: {path: [who, learn, pick, bold]}
  - name: nobody picks, so it is the fallback
    profile: {country: US}
    expect: {path: [who, learn, pick, limited, bold]}
  - name: too often already
    answers: {caps: {gift: 2}}
    expect: {path: [who, learn, pick, limited, plain]}
"""
    assert differences(tmp_path, case) == []


def test_an_arm_that_may_not_be_picked_is_told(tmp_path: Path) -> None:
    case = """\
  - name: no voucher outside the US
    answers: {bandits: {heroes: {arm: voucher}}}
    expect: {path: [who, learn, pick, limited, bold]}
"""
    found = differences(tmp_path, case)
    assert found[0] == "answers.bandits.heroes: is not what was asked for, so the fallback took its place"


def test_membership_that_is_handed_in_replaces_matching(tmp_path: Path) -> None:
    case = """\
  - name: by hand
    membership: [vip]
    answers: {forced: {split: control}}
    expect: {path: [who, trial, plain]}
"""
    assert differences(tmp_path, case) == []


def test_the_event_that_a_decision_is_about(tmp_path: Path) -> None:
    case = f"""\
  - name: about an order
    membership: [vip]
    answers: {{forced: {{split: treatment}}}}
    event: {{type: purchase, time: "{TODAY}", data: {{amount: 12}}}}
    expect: {{output: {{price: 12}}}}
"""
    assert differences(tmp_path, case) == []


@pytest.mark.parametrize(
    "given, told",
    [
        ("profile: {spend: many}", "profile.spend: expected a number, found text"),
        ("profile: {user_id: 7}", "profile.user_id: expected text that is not empty, found a whole number"),
        (
            f'events: [{{type: purchase, time: "{TODAY}", data: {{amount: [1]}}}}]',
            "events[0].data.amount: expected a number, found a list",
        ),
        (
            f'event: {{type: purchase, time: "{TODAY}", data: {{amount: x}}}}',
            "event.data.amount: expected a number, found text",
        ),
        ("context: {channel: post}", "context.channel: expected one of email, web"),
    ],
)
def test_facts_that_would_be_refused_are_told(tmp_path: Path, given: str, told: str) -> None:
    assert differences(tmp_path, f"  - {{name: a, {given}, expect: {{path: [who]}}}}\n") == [told]


def test_a_case_that_is_to_do_may_fail_and_must_not_pass(tmp_path: Path) -> None:
    cases = """\
  - {name: later, todo: waits for the vips, expect: {in_segments: [vip]}}
  - {name: done, todo: waits for nothing, expect: {not_segments: [vip]}}
"""
    later, done = run(tmp_path, cases).results
    assert (later.passed, later.todo, later.differences) == (True, "waits for the vips", ())
    assert (done.passed, done.differences) == (False, ("passes, and is still marked `todo`; take the mark out",))


def test_the_case_overrules_clock_and_ruleset_of_the_test(tmp_path: Path) -> None:
    cases = """\
  - {name: another ruleset, ruleset: footer, profile: {orders: 1}, expect: {output: {content: thanks}}}
  - {name: another day, now: "2025-12-01T00:00:00Z", membership: [vip], expect: {path: [who, trial, outside]}}
"""
    assert differences(tmp_path, cases) == []


def test_a_test_without_ruleset_decides_nothing(tmp_path: Path) -> None:
    head = HEAD.replace("ruleset: hero\n", "")
    found = run(tmp_path, "  - {name: a, expect: {segments: []}}\n", head)
    assert found.failed == 0
    assert not any(resource.startswith("ruleset/") for resource, _, _ in found.coverage.seen)


def test_cases_do_not_see_each_other(tmp_path: Path) -> None:
    cases = """\
  - {name: a, answers: {caps: {gift: 2}}, expect: {output: {reason: plain}}}
  - {name: b, expect: {output: {reason: bold}}}
"""
    assert differences(tmp_path, cases) == []


def test_results_stand_where_their_names_do(tmp_path: Path) -> None:
    (result,) = run(tmp_path, "  - expect: {segments: []}\n    name: the second line\n").results
    assert (result.test, result.case) == ("checks", "the second line")
    assert (result.span.file, result.span.line, result.span.column) == ("rules/all.test.yaml", 8, 11)
