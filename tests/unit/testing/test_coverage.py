from __future__ import annotations

from pathlib import Path

from tests.unit.testing.world import HEAD, run

SEGMENTS_ONLY = HEAD.replace("ruleset: hero\n", "")


def seen(folder: Path, cases: str, head: str = HEAD) -> set[tuple[str, str, str]]:
    return run(folder, cases, head).coverage.seen


def test_conditions_of_segments_that_are_asked_for_are_seen(tmp_path: Path) -> None:
    found = seen(tmp_path, "  - {name: a, profile: {spend: 600.0}, expect: {in_segments: [vip]}}\n", SEGMENTS_ONLY)
    assert found == {
        ("segment/vip", "spend is at least 500", "true"),
        ("segment/vip", "country is one of US, CA", "false"),
        ("segment/vip", "tags includes blocked", "false"),
    }


def test_all_segments_are_asked_for_by_a_whole_list(tmp_path: Path) -> None:
    found = seen(tmp_path, "  - {name: a, expect: {segments: []}}\n", SEGMENTS_ONLY)
    assert {resource for resource, _, _ in found} == {"segment/vip", "segment/buyers", "segment/staff"}


def test_a_decision_sees_its_nodes_and_the_segments_it_asks_for(tmp_path: Path) -> None:
    found = seen(
        tmp_path, "  - {name: a, context: {channel: web}, expect: {path: [who, learn, pick, limited, bold]}}\n"
    )
    assert {item for item in found if item[0].startswith("ruleset/")} == {
        ("ruleset/hero", "who", "otherwise"),
        ("ruleset/hero", "pick", "arm gift"),
        ("ruleset/hero", "limited", "below"),
    }
    assert {resource for resource, _, _ in found if resource.startswith("segment/")} == {"segment/vip"}


def test_membership_that_is_handed_in_sees_no_condition(tmp_path: Path) -> None:
    found = seen(tmp_path, "  - {name: a, membership: [], expect: {path: [who, learn, pick, limited, bold]}}\n")
    assert not any(resource.startswith("segment/") for resource, _, _ in found)


def test_rows_and_called_rulesets_are_seen(tmp_path: Path) -> None:
    cases = """\
  - name: no row, and a call
    membership: []
    profile: {orders: 2}
    context: {channel: email}
    answers: {models: {churn: {output: {score: 0.9}}}}
    expect: {output: {content: thanks}}
  - name: second row
    membership: []
    profile: {country: CA}
    context: {channel: email}
    expect: {output: {content: shipping}}
"""
    assert seen(tmp_path, cases) == {
        ("ruleset/hero", "who", "case 2"),
        ("ruleset/hero", "offers", "no row"),
        ("ruleset/hero", "offers", "row 2"),
        ("ruleset/hero", "judge", "case 1"),
        ("ruleset/footer", "size", "case 1"),
    }


def test_everything_that_could_be_seen(tmp_path: Path) -> None:
    found = run(tmp_path, "  - {name: a, expect: {segments: []}}\n", SEGMENTS_ONLY).coverage
    ways = [(place, outcome) for resource, place, outcome in found.possible if resource == "ruleset/hero"]
    assert sorted(ways) == [
        ("judge", "case 1"),
        ("judge", "otherwise"),
        ("limited", "below"),
        ("limited", "reached"),
        ("offers", "no row"),
        ("offers", "row 1"),
        ("offers", "row 2"),
        ("pick", "arm gift"),
        ("pick", "arm voucher"),
        ("trial", "arm control"),
        ("trial", "arm treatment"),
        ("trial", "outside"),
        ("who", "case 1"),
        ("who", "case 2"),
        ("who", "otherwise"),
    ]
    assert found.covered == 5
    assert round(found.percent, 1) == round(100 * 5 / len(found.possible), 1)
    assert len(found.missing()) == len(found.possible) - 5


def test_every_way_of_an_experiment_is_seen(tmp_path: Path) -> None:
    cases = """\
  - {name: a, membership: [vip], answers: {forced: {split: control}}, expect: {path: [who, trial, plain]}}
  - {name: b, membership: [vip], answers: {forced: {split: treatment}}, expect: {path: [who, trial, bold]}}
  - {name: c, membership: [vip], now: "2025-01-01T00:00:00Z", expect: {path: [who, trial, outside]}}
"""
    found = {outcome for _, place, outcome in seen(tmp_path, cases) if place == "trial"}
    assert found == {"arm control", "arm treatment", "outside"}
