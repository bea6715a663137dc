from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.encryption.cipher import UnsealError
from engine.encryption.sealing import SEALED, Sealing, is_sealed
from engine.ir.types import Catalogue, Field
from tests.unit.encryption.catalogues import CATALOGUE, PLAIN, PROFILE, SECRETS

KEY = bytes(range(32))
SEALING = Sealing(CATALOGUE)


def event(kind: str, data: dict[str, Any], name: str = "e-1", position: int = 1) -> dict[str, Any]:
    """An event as the vault is given it."""
    return {"id": name, "position": position, "type": kind, "data": data}


def test_a_sealed_profile_holds_no_plain_text_and_opens_to_the_same() -> None:
    sealed = SEALING.seal_profile("c-1", PROFILE, KEY)
    text = json.dumps(sealed, ensure_ascii=False)
    assert not [secret for secret in SECRETS if secret in text]
    assert sealed["country"] == "DE"
    assert sealed["address"]["city"] == "Berlin"
    assert [sorted(each) for each in sealed["cards"]] == [["kind", "number"], ["kind"]]
    assert list(sealed["email"]) == [SEALED]
    opened = SEALING.open_profile("c-1", json.loads(text), KEY)
    assert opened == PROFILE
    assert type(opened["score"]) is float
    assert opened["vip"] is False


def test_what_event_fields_are_sealed_follows_from_the_profile_fields_made_of_them() -> None:
    assert SEALING.event_fields == {
        "$set": {field.name for field in CATALOGUE.fields} - {"country"},
        "signup": {"mail"},
        "visit": {"page"},
    }


def test_events_are_sealed_and_a_cleared_field_stays_cleared() -> None:
    data = {"email": None, "address": {"street": "Musterstraße 5", "city": "Berlin"}, "country": None}
    sealed = SEALING.seal_event("c-1", event("$set", data), KEY)
    assert sealed["email"] is None
    assert sealed["address"]["city"] == "Berlin"
    assert list(sealed["address"]["street"]) == [SEALED]
    assert SEALING.open_event("c-1", event("$set", sealed), KEY) == data
    visit = SEALING.seal_event("c-1", event("visit", {"page": "home", "seconds": 5}), KEY)
    assert visit["seconds"] == 5
    assert SEALING.open_event("c-1", event("visit", visit), KEY) == {"page": "home", "seconds": 5}
    assert SEALING.seal_event("c-1", event("unknown", {"page": "home"}), KEY) == {"page": "home"}


def test_nothing_is_needed_where_no_field_is_encrypted() -> None:
    sealing = Sealing(PLAIN)
    assert not sealing.needed
    assert not sealing.event_fields
    assert not sealing.profile_needs({"email": "ada"})
    assert not sealing.event_needs("$set", {"email": "ada"})


@pytest.mark.parametrize(
    "value, needed",
    [
        ({"country": "DE"}, False),
        ({"email": "a"}, True),
        ({"address": {"city": "Berlin"}}, False),
        ({"address": {"street": "x"}}, True),
        ({"cards": [{"kind": "visa"}]}, False),
        ({"cards": [{"kind": "visa"}, {"number": "4"}]}, True),
        ({"vip": False}, True),
        ({"email": None}, False),
    ],
)
def test_whether_a_profile_must_be_sealed_is_told(value: dict[str, Any], needed: bool) -> None:  # noqa: FBT001 - a case
    assert SEALING.profile_needs(value) is needed
    assert SEALING.event_needs("$set", value) is needed
    assert is_sealed(SEALING.seal_profile("c-1", value, KEY)) is needed


def test_a_value_moved_between_fields_profiles_events_or_catalogues_does_not_open() -> None:
    sealed = SEALING.seal_profile("c-1", PROFILE, KEY)
    moved = [
        ("c-1", {"phones": sealed["email"]}),
        ("c-2", {"email": sealed["email"]}),
        ("c-1", {"address": {"email": sealed["email"]}}),
        ("c-1", {"address": sealed["address"]["street"]}),
    ]
    for profile, value in moved:
        with pytest.raises(UnsealError):
            SEALING.open_profile(profile, value, KEY)
    with pytest.raises(UnsealError):
        SEALING.open_event("c-1", event("$set", {"email": sealed["email"]}), KEY)
    data = SEALING.seal_event("c-1", event("visit", {"page": "home"}), KEY)
    with pytest.raises(UnsealError):
        SEALING.open_event("c-1", event("signup", data), KEY)
    other = Sealing(Catalogue("other", "customer_id", CATALOGUE.fields))
    with pytest.raises(UnsealError):
        other.open_profile("c-1", {"email": sealed["email"]}, KEY)


def test_a_value_moved_to_another_event_of_its_customer_and_type_does_not_open() -> None:
    data = SEALING.seal_event("c-1", event("visit", {"page": "home"}), KEY)
    assert SEALING.open_event("c-1", event("visit", data), KEY) == {"page": "home"}
    for other in (event("visit", data, "e-2", 1), event("visit", data, "e-1", 2)):
        with pytest.raises(UnsealError, match=r"`visit\.page` does not open"):
            SEALING.open_event("c-1", other, KEY)


def test_a_value_moved_within_a_list_of_objects_does_not_open() -> None:
    cards = [{"number": "4111"}, {"number": "4222"}]
    sealed = SEALING.seal_profile("c-1", {"cards": cards}, KEY)
    assert SEALING.open_profile("c-1", sealed, KEY) == {"cards": cards}
    with pytest.raises(UnsealError, match=r"`cards\[0\]\.number` does not open"):
        SEALING.open_profile("c-1", {"cards": sealed["cards"][::-1]}, KEY)
    kept = SEALING.seal_event("c-1", event("$set", {"cards": cards}), KEY)
    with pytest.raises(UnsealError, match=r"cards\[0\]\.number` does not open"):
        SEALING.open_event("c-1", event("$set", {"cards": kept["cards"][::-1]}), KEY)


def test_what_does_not_open_is_named_without_its_value_or_its_profile() -> None:
    sealed = SEALING.seal_profile("c-1", PROFILE, KEY)
    with pytest.raises(UnsealError) as caught:
        SEALING.open_profile("c-2", sealed, KEY)
    assert str(caught.value).startswith("the sealed value of `address.street` does not open")
    assert "c-1" not in str(caught.value)
    assert "c-2" not in str(caught.value)


def test_fields_that_are_no_longer_encrypted_and_those_not_yet_sealed_open_too() -> None:
    sealed = SEALING.seal_profile("c-1", {"email": "ada", "gone": 1}, KEY)
    assert Sealing(PLAIN).open_profile("c-1", sealed, KEY) == {"email": "ada", "gone": 1}
    assert SEALING.open_profile("c-1", {"email": "ada"}, KEY) == {"email": "ada"}


_SCALARS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(),
)
_VALUES = st.recursive(
    _SCALARS, lambda each: st.one_of(st.lists(each, max_size=4), st.dictionaries(st.text(), each, max_size=4))
)
_ANYTHING = Catalogue(
    "c",
    "id",
    (
        Field("a", "text", encrypted="none"),
        Field("b", "text"),
        Field("o", "object", many=True, fields=(Field("p", "text", encrypted="none"), Field("q", "text"))),
    ),
)


@given(
    _VALUES,
    st.lists(st.fixed_dictionaries({}, optional={"p": _SCALARS, "q": st.text()}), max_size=4),
    st.text(max_size=20),
)
def test_every_value_comes_back_exactly(value: Any, objects: list[Any], profile: str) -> None:
    sealing = Sealing(_ANYTHING)
    plain = {"id": profile, "a": value, "b": "text", "o": objects}
    sealed = json.loads(json.dumps(sealing.seal_profile(profile, plain, KEY)))
    assert set(sealed["a"]) == {SEALED}
    assert all(set(each["p"]) == {SEALED} for each in sealed["o"] if "p" in each)
    opened = sealing.open_profile(profile, sealed, KEY)
    assert repr(sorted(opened.items())) == repr(sorted({**plain, "a": opened["a"]}.items()))
    assert _exact(opened["a"]) == _exact(value)
    data = {"a": value, "b": None, "o": objects}
    again = sealing.seal_event(profile, event("$set", data), KEY)
    assert _exact(sealing.open_event(profile, event("$set", again), KEY)) == _exact(data)


def _exact(value: Any) -> Any:
    """The value with its types, objects in one order."""
    if isinstance(value, dict):
        return sorted((name, _exact(each)) for name, each in value.items())
    return [_exact(each) for each in value] if isinstance(value, list) else (type(value).__name__, repr(value))
