from __future__ import annotations

from typing import Any

import pytest

from engine.ir.predicate import AllOf, Anniversary, Bounds, Circle, Leaf, Not, Now, Predicate
from engine.ir.types import Field
from engine.operators.registry import lower
from engine.operators.surface import ABSENT, Operand, Refused

FIELDS = {
    field.name: field
    for field in (
        Field("country", "keyword"),
        Field("city", "keyword", normalize="lowercase"),
        Field("tier", "keyword", values=("bronze", "silver", "gold")),
        Field("tags", "keyword", many=True),
        Field("bio", "text"),
        Field("notes", "text", many=True),
        Field("spend", "number"),
        Field("points", "integer"),
        Field("opted_in", "boolean"),
        Field("seen", "date"),
        Field("born", "day"),
        Field("home", "geo_point"),
        Field("orders", "object", many=True),
        Field("email", "keyword", encrypted="equality"),
        Field("phone", "keyword", encrypted="none"),
    )
}
BERLIN = "Europe/Berlin"


def lowered(field: str, operator: str, value: Any = ABSENT, **options: Any) -> Predicate | Refused:
    return lower(Operand(field, FIELDS[field], BERLIN, options), operator, value)


@pytest.mark.parametrize(
    "condition, predicate",
    [
        (("country", "equals", "US"), Leaf("country", "equals", "US")),
        (("country", "equals", "e\u0301"), Leaf("country", "equals", "é")),
        (("city", "not_equals", "BERLIN"), Not(Leaf("city", "equals", "berlin"))),
        (("city", "starts_with", "BER"), Leaf("city", "starts_with", "ber")),
        (("country", "in", ["US", "CA", "US"]), Leaf("country", "in", ("US", "CA"))),
        (("country", "not_in", ["US"]), Not(Leaf("country", "in", ("US",)))),
        (("opted_in", "in", [True, False]), Leaf("opted_in", "in", (True, False), "boolean")),
        (("spend", "greater_than", 1000), Leaf("spend", "range", Bounds(1000.0, lower_inclusive=False), "number")),
        (("spend", "less_or_equal", -0.0), Leaf("spend", "range", Bounds(upper=0.0), "number")),
        (("points", "between", [1, 5]), Leaf("points", "range", Bounds(1, 5, upper_inclusive=False), "integer")),
        (
            ("seen", "greater_or_equal", "2026-03-01T10:30:00+01:00"),
            Leaf("seen", "range", Bounds("2026-03-01T09:30:00.000Z"), "date"),
        ),
        (("tags", "contains", "vip"), Leaf("tags", "contains", "vip", many=True)),
        (("tags", "contains_all", ["a"]), Leaf("tags", "equals", "a", many=True)),
        (
            ("tags", "contains_all", ["a", "b", "a"]),
            AllOf((Leaf("tags", "equals", "a", many=True), Leaf("tags", "equals", "b", many=True))),
        ),
        (("bio", "contains", "Free  Jazz!"), Leaf("bio", "contains", "Free  Jazz!", "text")),
        (("country", "exists"), Leaf("country", "exists")),
        (("email", "missing"), Not(Leaf("email", "exists"))),
        (("seen", "within_last", "30d"), Leaf("seen", "range", Bounds(Now(-2_592_000_000), Now()), "date")),
        (("seen", "within_next", "15m"), Leaf("seen", "range", Bounds(Now(), Now(900_000)), "date")),
        (
            ("seen", "older_than", "2w"),
            Leaf("seen", "range", Bounds(upper=Now(-1_209_600_000), upper_inclusive=False), "date"),
        ),
        (("seen", "within_last_days", 7), Leaf("seen", "range", Bounds(Now(-7, "days", BERLIN), Now()), "date")),
        (("seen", "within_last_weeks", 2), Leaf("seen", "range", Bounds(Now(-14, "days", BERLIN), Now()), "date")),
        (("seen", "within_last_months", 0), Leaf("seen", "range", Bounds(Now(0, "months", BERLIN), Now()), "date")),
        (("born", "anniversary_within", 7), Leaf("born", "anniversary_within", Anniversary(7, BERLIN), "day")),
        (
            ("home", "within_distance", {"lat": 52.5, "lon": -0.0, "distance": "1.5mi"}),
            Leaf("home", "within_distance", Circle(52.5, 0.0, 2414.016), "geo_point"),
        ),
    ],
)
def test_condition_is_lowered(condition: tuple[Any, ...], predicate: Predicate) -> None:
    assert lowered(*condition) == predicate


def test_options_are_lowered() -> None:
    both = lowered("points", "between", [1, 5], inclusive="both")
    assert both == Leaf("points", "range", Bounds(1, 5), "integer")
    utc = lowered("seen", "within_last_days", 7, timezone="UTC")
    assert utc == Leaf("seen", "range", Bounds(Now(-7, "days", "UTC"), Now()), "date")


@pytest.mark.parametrize(
    "condition, message, at",
    [
        (("country", "equal", "US"), "`equal` is not an operator", ("operator",)),
        (("spend", "equals", 5), "`equals` does not apply to `spend`, which is a number", ("operator",)),
        (("spend", "in", [5]), "`in` does not apply to `spend`, which is a number", ("operator",)),
        (("country", "contains", "US"), "`contains` does not apply to `country`, which is a keyword", ("operator",)),
        (("bio", "equals", "x"), "`equals` does not apply to `bio`, which is text", ("operator",)),
        (
            ("notes", "contains_phrase", "x"),
            "`contains_phrase` does not apply to `notes`, which is a list of text",
            ("operator",),
        ),
        (("orders", "equals", "x"), "`equals` does not apply to `orders`, which is a list of object", ("operator",)),
        (("email", "like", "a*"), "`like` does not apply to `email`, which is an encrypted keyword", ("operator",)),
        (("phone", "equals", "1"), "`equals` does not apply to `phone`, which is an encrypted keyword", ("operator",)),
        (("country", "equals", 5), "`value` of `country`: expected text, found a whole number", ("value",)),
        (("country", "equals", None), "`value` of `country`: expected text, found null", ("value",)),
        (("country", "equals", ["US"]), "`value` of `country`: expected one keyword, found a list", ("value",)),
        (("country", "equals", "a\0"), "`value` of `country`: expected storable text, found U+0000", ("value",)),
        (("points", "equals", 5.0), "`value` of `points`: expected a whole number", ("value",)),
        (("points", "equals", True), "`value` of `points`: expected a whole number", ("value",)),
        (("points", "equals", 2**63), "`value` of `points`: expected a whole number of at most 64 bits", ("value",)),
        (("opted_in", "equals", 1), "`value` of `opted_in`: expected true or false", ("value",)),
        (("spend", "greater_than", "5"), "`value` of `spend`: expected a number, found text", ("value",)),
        (("spend", "greater_than", float("nan")), "`value` of `spend`: expected a finite number", ("value",)),
        (("seen", "equals", "2026-03-01"), "`value` of `seen`: expected an instant with a zone", ("value",)),
        (
            ("seen", "equals", "2026-03-01T00:00:00.0001Z"),
            "`value` of `seen`: expected an instant with at most milliseconds",
            ("value",),
        ),
        (("country", "equals"), "`equals` has no `value`", ()),
        (("country", "exists", True), "`exists` takes no `value`", ("value",)),
        (("country", "in", "US"), "`value` of `country`: expected a list, found text", ("value",)),
        (("country", "in", []), "`value` of `country` is an empty list, expected at least one value", ("value",)),
        (("country", "in", ["US", 5]), "`value` of `country`: expected text, found a whole number", ("value", 1)),
        (
            ("points", "in", list(range(65_537))),
            "`value` of `points` has 65,537 values, expected at most 65,536",
            ("value",),
        ),
        (
            ("tier", "equals", "glod"),
            "`glod` is not a value of `tier`, expected one of bronze, silver, gold",
            ("value",),
        ),
        (("points", "between", [1]), "`value` of `points` has 1 values, expected two", ("value",)),
        (
            ("points", "between", 1),
            "`value` of `points`: expected a list of two values, found a whole number",
            ("value",),
        ),
        (("points", "between", [1, "5"]), "`value` of `points`: expected a whole number", ("value", 1)),
        (("bio", "contains", "... !"), "`value` of `bio` has no words", ("value",)),
        (("bio", "contains_phrase", ""), "`value` of `bio` has no words", ("value",)),
        (("bio", "contains_all", "a " * 257), "`value` of `bio` has 257 words, expected at most 256", ("value",)),
        (("tags", "contains_all", [f"t{n}" for n in range(257)]), "`value` of `tags` has 257 values", ("value",)),
        (("country", "like", "a" * 257), "`value` of `country` has 257 characters, expected at most 256", ("value",)),
        (("country", "matches", "(?i)us"), "`value` of `country`: ", ("value",)),
        (
            ("seen", "within_last", 30),
            "`value` of `seen`: expected a duration, as 15m, 12h, 30d or 2w, found a whole",
            ("value",),
        ),
        (("seen", "within_last", "30 days"), "`value` of `seen`: expected a duration", ("value",)),
        (("seen", "within_last", "0d"), "`value` of `seen`: expected a duration of more than nothing", ("value",)),
        (("seen", "within_last_days", -1), "`value` of `seen` is -1, expected 0 to 36,600 days", ("value",)),
        (
            ("seen", "within_last_days", "7"),
            "`value` of `seen`: expected a whole number of days, found text",
            ("value",),
        ),
        (("seen", "within_last_months", 1201), "`value` of `seen` is 1201, expected 0 to 1,200 months", ("value",)),
        (("born", "anniversary_within", 367), "`value` of `born` is 367, expected 0 to 366 days", ("value",)),
        (
            ("home", "within_distance", "5km"),
            "`value` of `home`: expected a point and a distance, found text",
            ("value",),
        ),
        (
            ("home", "within_distance", {"lat": 1, "lon": 2}),
            "`value` of `home` has the keys `lat`, `lon`, expected",
            ("value",),
        ),
        (
            ("home", "within_distance", {"lat": 91, "lon": 2, "distance": "5km"}),
            "`value` of `home`: expected lat within",
            ("value",),
        ),
        (
            ("home", "within_distance", {"lat": 1, "lon": 2, "distance": "5"}),
            "`distance` of `home`: expected a length",
            ("value", "distance"),
        ),
        (
            ("home", "within_distance", {"lat": 1, "lon": 2, "distance": "0km"}),
            "`distance` of `home` is 0km",
            ("value", "distance"),
        ),
    ],
)
def test_condition_is_refused(condition: tuple[Any, ...], message: str, at: tuple[str | int, ...]) -> None:
    refused = lowered(*condition)
    assert isinstance(refused, Refused), refused
    assert refused.message.startswith(message), refused.message
    assert not refused.message.endswith(".")
    assert refused.at == at


@pytest.mark.parametrize(
    "condition, options, help_text",
    [
        (("country", "equal", "US"), {}, "did you mean `equals`?"),
        (("spend", "equals", 5), {}, "numbers are compared by ranges: use `greater_or_equal` and `less_or_equal`"),
        (("country", "contains", "US"), {}, "a keyword is compared whole: use `equals`, or `substring`"),
        (("bio", "like", "x*"), {}, "text is compared by words: use `contains`"),
        (("email", "like", "x*"), {}, "declare another field that holds only what is asked for"),
        (("email", "like", "x*"), {}, "takes `equals`, `not_equals`, `in`, `not_in`, `exists`, `missing`"),
        (("tier", "equals", "glod"), {}, "did you mean `gold`?"),
        (("country", "equals", 5), {}, "put the value in quotes"),
        (("country", "equals", ["US"]), {}, "use `in` to compare with several values"),
        (("seen", "within_last", 30), {}, "write `30d` for days"),
        (("seen", "within_last_days", 7), {"timezone": "Europe/Berln"}, "did you mean `Europe/Berlin`?"),
        (("points", "between", [1, 2]), {"inclusiv": "both"}, "did you mean `inclusive`?"),
    ],
)
def test_refusal_helps(condition: tuple[Any, ...], options: dict[str, Any], help_text: str) -> None:
    refused = lowered(*condition, **options)
    assert isinstance(refused, Refused), refused
    assert any(help_text in each for each in refused.help), refused.help


@pytest.mark.parametrize(
    "options, message",
    [
        ({"timezone": "Mars/Olympus"}, "`Mars/Olympus` is not a time zone"),
        ({"timezone": 5}, "`timezone` is a whole number, expected a name"),
        ({"inclusive": "both"}, "`inclusive` is not a key of a condition with `within_last_days`"),
    ],
)
def test_option_is_refused_where_it_stands(options: dict[str, Any], message: str) -> None:
    refused = lowered("seen", "within_last_days", 7, **options)
    assert isinstance(refused, Refused)
    assert refused.message.startswith(message)
    assert refused.at == tuple(options)


def test_between_takes_two_ways_to_include() -> None:
    refused = lowered("points", "between", [1, 2], inclusive="upper")
    assert isinstance(refused, Refused)
    assert refused.message == "`inclusive` of `between` takes `lower` (as without it) or `both`"
