from __future__ import annotations

from pathlib import Path

import pytest

from engine.compiler.pipeline import compile_workspace
from engine.compiler.uses import Uses, reach, users_of, uses_of
from engine.diagnostics import Sink
from engine.drawing.references import references_picture
from engine.language.workspace import load_workspace

WORKSPACE = Path(__file__).parents[2] / "golden" / "cli" / "before"


@pytest.fixture(scope="module")
def uses() -> Uses:
    workspace = load_workspace(WORKSPACE, Sink())
    program = compile_workspace(workspace, Sink())
    assert program is not None
    return uses_of(program, workspace.documents)


def test_a_segment_uses_what_it_names_itself(uses: Uses) -> None:
    assert uses["segment/vips"] == {"segment/high_value", "segment/active", "member_list/staff"}
    assert uses["segment/high_value"] == {"field/spend", "field/orders"}
    assert uses["segment/regulars"] == {"event_type/purchase"}


def test_a_ruleset_uses_what_its_nodes_and_expressions_name(uses: Uses) -> None:
    assert uses["ruleset/homepage"] == {"ruleset/offer", "field/spend", "field/orders"}
    assert {"experiment/concierge", "segment/vips", "segment/sleepers", "field/country"} <= uses["ruleset/offer"]


def test_other_documents_use_events_and_fields(uses: Uses) -> None:
    assert uses["metric/orders_after"] == {"event_type/purchase"}
    assert uses["profile/customer"] == {"event_type/purchase"}
    assert uses["event_type/purchase"] == {"field/last_order_at", "field/country"}


def test_users_are_the_same_read_backwards(uses: Uses) -> None:
    users = users_of(uses)
    assert users["segment/vips"] == ("ruleset/offer",)
    assert all(user in users[used] for user, named in uses.items() for used in named)


def test_what_is_reached_stands_in_the_order_of_its_distance(uses: Uses) -> None:
    assert reach("member_list/staff", users_of(uses)) == ("segment/vips", "ruleset/offer", "ruleset/homepage")
    assert reach("field/spend", {"field/spend": ("field/spend",)}) == ()


def test_the_picture_has_users_above_and_what_is_used_below(uses: Uses) -> None:
    picture = references_picture("segment/high_value", uses)
    assert [box.id for box in picture.boxes] == [
        "ruleset/homepage",
        "ruleset/offer",
        "segment/vips",
        "segment/high_value",
        "field/orders",
        "field/spend",
    ]
    assert ("ruleset/homepage", "field/orders") not in [(arrow.source, arrow.target) for arrow in picture.arrows]
