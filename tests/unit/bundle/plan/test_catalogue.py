from __future__ import annotations

from dataclasses import replace

from engine.bundle.plan.catalogue import GROWS, catalogue_changes
from engine.bundle.plan.change import Change
from engine.ir.program import Program
from engine.ir.types import Aggregate, Catalogue, EventType, Field

COUNTRY, SPEND = Field("country", "keyword"), Field("spend", "number")
HOME = Field("home", "object", fields=(Field("city", "keyword"), Field("zip", "keyword")))
PURCHASE = EventType("purchase", (Field("amount", "number"),), (("country", "country"),))
SHOP = Program("shop", "UTC", Catalogue("customer", "customer_id", (COUNTRY, SPEND, HOME), (PURCHASE,)))


def changes(*fields: Field, **program: str) -> list[Change]:
    catalogue = replace(SHOP.catalogue, fields=fields)
    return list(catalogue_changes(SHOP, replace(SHOP, catalogue=catalogue, **program)))  # type: ignore[arg-type] # by name


def told(*fields: Field) -> list[str]:
    return [f"{detail.sign} {detail.text}" for each in changes(*fields) for detail in each.details]


def warned(*fields: Field) -> str:
    return " ".join(warning for each in changes(*fields) for warning in each.warnings)


def test_the_same_fields_in_another_order_are_no_change() -> None:
    assert not changes(HOME, SPEND, COUNTRY)


def test_a_new_field_lets_the_index_grow() -> None:
    (found,) = changes(COUNTRY, SPEND, HOME, Field("born", "day", personal=True))
    assert [detail.text for detail in found.details] == ["born: day, personal"]
    assert (found.remarks, found.warnings) == ((GROWS,), ())


def test_a_new_member_of_an_object_lets_the_index_grow() -> None:
    more = replace(HOME, fields=(*HOME.fields, Field("street", "text")))
    assert told(COUNTRY, SPEND, more) == ["+ home.street: text"]
    assert not warned(COUNTRY, SPEND, more)


def test_another_type_a_lost_field_and_new_normalisation_ask_for_a_new_index() -> None:
    assert told(replace(COUNTRY, type="text"), SPEND, HOME) == ["~ country: keyword → text"]
    assert "`country`" in warned(replace(COUNTRY, type="text"), SPEND, HOME)
    assert "`spend`" in warned(COUNTRY, HOME)
    assert "`home.zip`" in warned(COUNTRY, SPEND, replace(HOME, fields=HOME.fields[:1]))
    assert "`country`" in warned(replace(COUNTRY, normalize="lowercase"), SPEND, HOME)
    assert "`country`" in warned(replace(COUNTRY, encrypted="equality"), SPEND, HOME)
    assert "`home`" in warned(COUNTRY, SPEND, replace(HOME, many=True))


def test_what_the_index_does_not_see_asks_nothing_of_it() -> None:
    (found,) = changes(replace(COUNTRY, many=True, personal=True, values=("DE", "AT")), SPEND, HOME)
    assert [detail.text for detail in found.details] == ["country: keyword → list of keyword, personal, one of DE, AT"]
    assert (found.remarks, found.warnings) == ((), ())


def test_a_new_source_asks_for_computing_anew() -> None:
    computed = replace(SPEND, source=Aggregate("purchase", "sum", "amount", 30 * 86_400_000))
    (found,) = changes(COUNTRY, computed, HOME)
    assert [detail.text for detail in found.details] == [
        "spend: number → number, sum of amount of purchase events within 30d"
    ]
    assert "`spend`" in found.remarks[0]


def test_the_time_zone_is_told() -> None:
    (found,) = changes(*SHOP.catalogue.fields, timezone="Europe/Berlin")
    assert [detail.text for detail in found.details] == ["time zone: UTC → Europe/Berlin"]


def test_event_types_come_go_and_change() -> None:
    other = replace(PURCHASE, fields=(*PURCHASE.fields, Field("sku", "keyword")), sets=(("spend", "amount"),))
    catalogue = replace(SHOP.catalogue, events=(other, EventType("visit")))
    found = {each.resource: each for each in catalogue_changes(SHOP, replace(SHOP, catalogue=catalogue))}
    assert found["event_type/visit"].action == "added"
    assert [f"{detail.sign} {detail.text}" for detail in found["event_type/purchase"].details] == [
        "+ sku: keyword",
        "- sets country to country",
        "+ sets spend to amount",
    ]
    gone = replace(SHOP, catalogue=replace(SHOP.catalogue, events=()))
    assert [each.action for each in catalogue_changes(SHOP, gone)] == ["removed"]
