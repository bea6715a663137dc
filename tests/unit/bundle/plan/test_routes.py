from __future__ import annotations

from dataclasses import replace

from engine.bundle.plan.routes import ruleset_changes
from engine.ir.cells import AnyValue, Missing, Negated, OneOf, Range
from engine.ir.expression import FLOAT, STRING, Compare, InSegment, Name, Value
from engine.ir.graph import GraphNode, Ruleset, SetItem
from engine.ir.types import Field
from engine.nodes.cap.node import CapNode
from engine.nodes.experiment.node import ExperimentNode
from engine.nodes.output.node import OutputNode
from engine.nodes.ruleset.node import RulesetNode
from engine.nodes.set.node import SetNode
from engine.nodes.switch.node import SwitchCase, SwitchNode
from engine.nodes.table.node import TableInput, TableNode, TableRow

KEY = Name("profile", ("customer_id",), STRING)
SPEND = Name("profile", ("spend",), FLOAT)
CONTENT = Field("content", "keyword")


def case(segment: str, then: str, text: str = "") -> SwitchCase:
    return SwitchCase(InSegment(segment), then, text)


def said(text: str) -> SetItem:
    return SetItem("content", Value(text, STRING), repr(text))


def ruleset(*nodes: GraphNode, name: str = "offer") -> Ruleset:
    return Ruleset(name, (), (CONTENT,), nodes)


def row(cell: AnyValue | Range | OneOf | Missing | Negated, value: str, priority: int = 0) -> TableRow:
    return TableRow((cell,), (value,), priority)


def differences(before: Ruleset, after: Ruleset) -> list[str]:
    found = list(ruleset_changes({before.name: before}, {after.name: after}))
    return [f"{detail.sign} {detail.text}" for each in found for detail in each.details]


SWITCH = SwitchNode("start", (case("vips", "gift"), case("new", "hello")), "rest")
GIFT, HELLO, REST = (OutputNode(name, (said(name),)) for name in ("gift", "hello", "rest"))
TABLE = TableNode(
    "start",
    "first",
    (TableInput(SPEND, "profile.spend"),),
    (CONTENT,),
    (row(Range(500.0), "big"), row(AnyValue(), "small")),
)


def test_equal_rulesets_are_no_change() -> None:
    assert not differences(ruleset(SWITCH, GIFT, HELLO, REST), ruleset(SWITCH, REST, HELLO, GIFT))


def test_how_an_expression_is_written_means_nothing() -> None:
    written = replace(
        SWITCH, cases=(case("vips", "gift", "in_segment('vips')"), case("new", "hello", "in_segment( 'new' )"))
    )
    assert not differences(ruleset(SWITCH, GIFT, HELLO, REST), ruleset(written, GIFT, HELLO, REST))


def test_cases_that_lead_elsewhere_come_go_or_change_places() -> None:
    nodes = (GIFT, HELLO, REST)
    elsewhere = replace(SWITCH, cases=(case("vips", "rest"), case("new", "hello")), otherwise="gift")
    assert differences(ruleset(SWITCH, *nodes), ruleset(elsewhere, *nodes)) == [
        "~ start: case 1: `in_segment('vips')` → gift, now rest",
        "~ start: otherwise rest → gift",
    ]
    turned = replace(SWITCH, cases=(case("new", "hello"), case("vips", "gift")))
    assert differences(ruleset(SWITCH, *nodes), ruleset(turned, *nodes)) == [
        "+ start: case 1: `in_segment('new')` → hello",
        "- start: case 2: `in_segment('new')` → hello",
    ]


def test_rows_are_told_as_they_read() -> None:
    after = replace(
        TABLE,
        hit="priority",
        rows=(row(Range(500.0), "big"), row(Negated(Missing()), "some", 3), row(Range(5.5, 7.0), "odd")),
    )
    assert differences(ruleset(TABLE), ruleset(after)) == [
        "- start: row 2: * → small",
        "+ start: row 2: present → some (priority 3)",
        "+ start: row 3: >= 5.5 and <= 7 → odd",
        "~ start: hit first → priority",
    ]


def test_columns_bindings_and_ways_out_of_a_table_are_told() -> None:
    after = replace(TABLE, inputs=(TableInput(KEY),), bind="found", then="rest")
    assert differences(ruleset(TABLE), ruleset(after, REST)) == [
        "~ start: inputs profile.spend → profile.customer_id",
        "~ start: bind none → found",
        "~ start: then none → rest",
        "+ output rest",
    ]


def test_items_settings_and_kinds_of_nodes_are_told() -> None:
    before = (
        SetNode("start", (said("a"),), "cap"),
        CapNode("cap", Value("k", STRING), KEY, 3, 86_400_000, "gift", "rest"),
        GIFT,
        REST,
    )
    after = (
        SetNode("start", (said("b"), SetItem("rich", Compare(">", SPEND, Value(5.0, FLOAT)))), "cap"),
        CapNode("cap", Value("k", STRING), KEY, 2, 86_400_000, "gift", "rest"),
        RulesetNode("gift", "other"),
        REST,
    )
    assert differences(ruleset(*before), ruleset(*after)) == [
        "~ start: content = 'a' → 'b'",
        "+ start: rich = profile.spend > 5.0",
        "~ cap: limit 3 → 2",
        "~ gift: output → ruleset",
    ]


def test_arms_and_what_the_ruleset_takes_and_gives_are_told() -> None:
    test = ExperimentNode("start", "hero", KEY, (("a", "gift"), ("b", "rest")), "rest")
    other = replace(test, arms=(("a", "gift"), ("b", "gift")))
    before, after = ruleset(test, GIFT, REST), ruleset(other, GIFT, REST)
    after = replace(
        after, context=(Field("channel", "keyword", values=("web",)),), output=(CONTENT, Field("note", "text"))
    )
    assert differences(before, after) == [
        "+ context.channel: keyword, one of web",
        "+ output.note: text",
        "~ start: arms a → gift, b → rest → a → gift, b → gift",
    ]


def test_a_new_start_is_told() -> None:
    before, after = ruleset(SWITCH, GIFT, HELLO, REST), ruleset(replace(SWITCH, name="first"), GIFT, HELLO, REST)
    assert differences(before, after)[0] == "~ start start → first"


def test_a_ruleset_under_another_name_is_a_renaming_and_its_caller_means_the_same() -> None:
    caller = ruleset(RulesetNode("start", "offer"), name="home")
    inner = ruleset(SWITCH, GIFT, HELLO, REST)
    before = {"offer": inner, "home": caller}
    after = {
        "best_offer": replace(inner, name="best_offer"),
        "home": ruleset(RulesetNode("start", "best_offer"), name="home"),
    }
    found = [(each.action, each.resource, each.was) for each in ruleset_changes(before, after)]
    assert found == [("renamed", "ruleset/best_offer", "offer")]


def test_new_and_gone_rulesets_list_their_nodes() -> None:
    found = {
        each.action: each
        for each in ruleset_changes({"old": ruleset(TABLE, name="old")}, {"new": ruleset(GIFT, name="new")})
    }
    assert [detail.text for detail in found["added"].details] == ["output gift"]
    assert [detail.text for detail in found["removed"].details] == ["table start"]
