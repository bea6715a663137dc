"""Encrypted fields in the index: nothing in it is plain text, equality can be searched, rebuilds compare equal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.encryption.key_file import new_key_set, write_new_key_file
from engine.encryption.keyring import keyring_of_file
from engine.encryption.sealed_vault import SealedVault
from engine.encryption.vault import OpenVault
from engine.index.audit import IndexAudit
from engine.index.names import all_indices
from engine.index.rebuild import Rebuild
from engine.index.status import index_statuses
from engine.ir.types import Catalogue, Field
from tests.index_world import IndexWorld, index_world
from tests.servers.postgres import Database

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (
        Field("country", "keyword"),
        Field("email", "keyword", encrypted="equality"),
        Field("age", "integer", encrypted="none"),
        Field("notes", "object", many=True, fields=(Field("text", "text", encrypted="none"),)),
    ),
)
OPEN = Catalogue(
    "customer",
    "customer_id",
    (
        Field("country", "keyword"),
        Field("email", "keyword"),
        Field("age", "integer"),
        Field("notes", "object", many=True, fields=(Field("text", "text"),)),
    ),
)
PLAIN = "plainsecret"


def value(number: int) -> dict[str, Any]:
    return {
        "country": "DE",
        "email": f"{PLAIN}{number}@example.org",
        "age": 700_700_000 + number,
        "notes": [{"text": f"{PLAIN} note"}],
    }


@pytest.fixture
def world(wheel_database: Database, elasticsearch: Elasticsearch, tmp_path: Path) -> Iterator[IndexWorld]:
    write_new_key_file(tmp_path / "keys", new_key_set())
    vault = SealedVault(CATALOGUE, keyring_of_file(tmp_path / "keys"))
    with index_world(wheel_database, elasticsearch, catalogue=CATALOGUE, vault=vault) as made:
        yield made


def test_the_index_holds_no_plain_text_and_finds_by_hash(world: IndexWorld) -> None:
    world.put({f"c-{number}": value(number) for number in range(20)})
    live = world.follower().catch_up()
    shown = world.shown()
    assert len(shown) == 20
    text = json.dumps(shown)
    assert PLAIN not in text
    assert "700700" not in text
    found = world.client.search(index=live.name, query={"query_string": {"query": f"*{PLAIN}*", "lenient": True}})
    assert found["hits"]["total"]["value"] == 0
    vault = world.vault
    assert isinstance(vault, SealedVault)
    with world.connect() as connection:
        hashed = vault.hasher(connection)("email", value(7)["email"])
    found = world.client.search(index=live.name, query={"term": {"email.hash": hashed}})
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["c-7"]


def test_sealed_documents_compare_equal_though_no_cipher_text_is_the_same_twice(world: IndexWorld) -> None:
    world.put({f"c-{number}": value(number) for number in range(20)})
    world.follower().catch_up()
    before = world.shown()
    done = Rebuild(world.connect, world.client, CATALOGUE, vault=world.vault, alias=world.alias).run()
    assert (done.differences.sampled, done.differences.found) == (20, {})
    after = world.shown()
    assert after.keys() == before.keys()
    assert after["c-1"]["email"]["hash"] == before["c-1"]["email"]["hash"]
    assert after["c-1"]["email"]["cipher"] != before["c-1"]["email"]["cipher"]
    world.put({"c-2": value(99)}, told=False)
    with world.connect() as connection:
        audit = IndexAudit(world.client, CATALOGUE, world.vault, world.alias)
        assert audit.compare(connection, 0, ["c-1", "c-2"]) == ["c-2"]


def test_an_index_that_holds_in_plain_what_is_encrypted_now_is_not_kept(world: IndexWorld) -> None:
    sealed, world.catalogue = world.vault, OPEN
    world.vault = OpenVault()
    world.put({f"c-{number}": value(number) for number in range(5)})
    world.follower(catalogue=OPEN).catch_up()
    earlier = Rebuild(world.connect, world.client, OPEN, alias=world.alias).run()
    assert earlier.previous is not None
    world.vault = sealed
    world.put({f"c-{number}": value(number) for number in range(5)})
    with world.connect() as connection:
        told = [each.plain for each in index_statuses(connection, world.client, CATALOGUE, world.alias)]
        assert told == [("email", "age", "notes.text")] * 2
    done = Rebuild(world.connect, world.client, CATALOGUE, vault=sealed, alias=world.alias).run()
    assert (done.previous, done.plain) == (None, ("email", "age", "notes.text"))
    assert set(done.removed) == {earlier.live, earlier.previous}
    [live] = all_indices(world.client, world.alias)
    assert live.name == done.live
    assert PLAIN not in json.dumps(world.shown())
    again = Rebuild(world.connect, world.client, CATALOGUE, vault=sealed, alias=world.alias).run()
    assert (again.previous, again.plain) == (live.name, ())


def test_a_plain_index_that_a_broken_off_rebuild_left_goes_with_the_next(
    world: IndexWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed, world.vault = world.vault, OpenVault()
    world.put({"c-1": value(1)})
    world.follower(catalogue=OPEN).catch_up()
    world.vault = sealed
    world.put({"c-1": value(1)})
    with monkeypatch.context() as broken:
        broken.setattr("engine.index.rebuild.tidy", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            Rebuild(world.connect, world.client, CATALOGUE, vault=sealed, alias=world.alias).run()
    with world.connect() as connection:
        states = index_statuses(connection, world.client, CATALOGUE, world.alias)
    assert [(each.role, bool(each.plain)) for each in states] == [("previous", True), ("live", False)]
    done = Rebuild(world.connect, world.client, CATALOGUE, vault=sealed, alias=world.alias).run()
    assert done.removed == (states[0].name,)


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_erasing_reaches_every_index(world: IndexWorld) -> None:
    world.put({f"c-{number}": value(number) for number in range(5)})
    world.follower().catch_up()
    Rebuild(world.connect, world.client, CATALOGUE, vault=world.vault, alias=world.alias).run()
    world.put({"c-3": None})
    with world.connect() as connection:
        connection.execute("DELETE FROM profile_key WHERE profile = 'c-3'")
    world.follower().catch_up()
    for index in all_indices(world.client, world.alias):
        assert set(world.shown(index)) == {"c-0", "c-1", "c-2", "c-4"}
