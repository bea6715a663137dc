from __future__ import annotations

import pytest

from engine.index.names import (
    IndexRefusedError,
    OtherMappingError,
    ProfileIndex,
    alias_of,
    hash_of,
    index_name,
    live_among,
    next_alias,
    refuse_other_mapping,
)
from engine.ir.types import Catalogue, Field

HASH = "sha256:" + "0123456789abcdef" * 4


def index(role: str = "live", generation: int = 3) -> ProfileIndex:
    name = index_name(HASH, generation)
    return ProfileIndex(name, f"u{generation}", HASH, "customer_id", generation, role)  # type: ignore[arg-type]


def test_the_name_has_the_beginning_of_the_hash_and_the_generation() -> None:
    assert index_name(HASH, 3) == "customer_profiles-0123456789ab-3"
    assert index().into == "customer_profiles.into-0123456789ab-3"
    assert next_alias("shop") == "shop.next"


def test_the_alias_can_be_named_where_installations_share_a_cluster() -> None:
    assert alias_of({}) == alias_of({"DECISOR_INDEX_ALIAS": ""}) == "customer_profiles"
    assert alias_of({"DECISOR_INDEX_ALIAS": "shop_profiles2"}) == "shop_profiles2"


@pytest.mark.parametrize("name", ["Shop", "shop-profiles", "shop.next", "_shop", "*", "a,b", "é", "a" * 101])
def test_an_alias_that_could_be_taken_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(IndexRefusedError, match="DECISOR_INDEX_ALIAS"):
        alias_of({"DECISOR_INDEX_ALIAS": name})


def test_only_one_index_is_live() -> None:
    assert live_among([]) is None
    assert live_among([index("previous", 1), index(), index("next", 4)]) == index()
    with pytest.raises(IndexRefusedError, match="names 2 indices"):
        live_among([index(), index(generation=4)])


def test_the_hash_is_of_the_mapping_and_not_of_what_does_not_matter_to_it() -> None:
    one = Catalogue("customer", "id", (Field("country", "keyword"),))
    personal = Catalogue("customer", "id", (Field("country", "keyword", personal=True),))
    other = Catalogue("customer", "id", (Field("country", "text"),))
    assert hash_of(one) == hash_of(personal) != hash_of(other)


def test_a_query_for_another_mapping_is_refused_with_both_hashes() -> None:
    refuse_other_mapping(HASH, index())
    other = HASH.replace("0", "f")
    with pytest.raises(OtherMappingError) as refused:
        refuse_other_mapping(other, index())
    assert str(refused.value) == (
        f"the index `customer_profiles-0123456789ab-3` has the mapping {HASH}, the query was compiled for {other}:"
        " `decisor index rebuild` builds an index for the workspace's catalogue"
    )
