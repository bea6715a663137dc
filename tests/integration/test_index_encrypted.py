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
def encrypted_index(wheel_database: Database, elasticsearch: Elasticsearch, tmp_path: Path) -> Iterator[IndexWorld]:
    write_new_key_file(tmp_path / "keys", new_key_set())
    vault = SealedVault(CATALOGUE, keyring_of_file(tmp_path / "keys"))
    with index_world(wheel_database, elasticsearch, catalogue=CATALOGUE, vault=vault) as made:
        yield made


def test_the_index_holds_no_plain_text_and_finds_by_hash(encrypted_index: IndexWorld) -> None:
    encrypted_index.put({f"c-{number}": value(number) for number in range(20)})
    live = encrypted_index.follower().catch_up()
    shown = encrypted_index.shown()
    assert len(shown) == 20
    text = json.dumps(shown)
    assert PLAIN not in text
    assert "700700" not in text
    found = encrypted_index.client.search(
        index=live.name, query={"query_string": {"query": f"*{PLAIN}*", "lenient": True}}
    )
    assert found["hits"]["total"]["value"] == 0
    vault = encrypted_index.vault
    assert isinstance(vault, SealedVault)
    with encrypted_index.connect() as connection:
        hashed = vault.hasher(connection)("email", value(7)["email"])
    found = encrypted_index.client.search(index=live.name, query={"term": {"email.hash": hashed}})
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["c-7"]


def test_sealed_documents_compare_equal_though_no_cipher_text_is_the_same_twice(encrypted_index: IndexWorld) -> None:
    encrypted_index.put({f"c-{number}": value(number) for number in range(20)})
    encrypted_index.follower().catch_up()
    before = encrypted_index.shown()
    done = Rebuild(
        encrypted_index.connect,
        encrypted_index.client,
        CATALOGUE,
        vault=encrypted_index.vault,
        alias=encrypted_index.alias,
    ).run()
    assert (done.differences.sampled, done.differences.found) == (20, {})
    after = encrypted_index.shown()
    assert after.keys() == before.keys()
    assert after["c-1"]["email"]["hash"] == before["c-1"]["email"]["hash"]
    assert after["c-1"]["email"]["cipher"] != before["c-1"]["email"]["cipher"]
    encrypted_index.put({"c-2": value(99)}, told=False)
    with encrypted_index.connect() as connection:
        audit = IndexAudit(encrypted_index.client, CATALOGUE, encrypted_index.vault, encrypted_index.alias)
        assert audit.compare(connection, 0, ["c-1", "c-2"]) == ["c-2"]


def test_an_index_that_holds_in_plain_what_is_encrypted_now_is_not_kept(encrypted_index: IndexWorld) -> None:
    sealed, encrypted_index.catalogue = encrypted_index.vault, OPEN
    encrypted_index.vault = OpenVault()
    encrypted_index.put({f"c-{number}": value(number) for number in range(5)})
    encrypted_index.follower(catalogue=OPEN).catch_up()
    earlier = Rebuild(encrypted_index.connect, encrypted_index.client, OPEN, alias=encrypted_index.alias).run()
    assert earlier.previous is not None
    encrypted_index.vault = sealed
    encrypted_index.put({f"c-{number}": value(number) for number in range(5)})
    with encrypted_index.connect() as connection:
        told = [
            each.plain for each in index_statuses(connection, encrypted_index.client, CATALOGUE, encrypted_index.alias)
        ]
        assert told == [("email", "age", "notes.text")] * 2
    done = Rebuild(
        encrypted_index.connect, encrypted_index.client, CATALOGUE, vault=sealed, alias=encrypted_index.alias
    ).run()
    assert (done.previous, done.plain) == (None, ("email", "age", "notes.text"))
    assert set(done.removed) == {earlier.live, earlier.previous}
    [live] = all_indices(encrypted_index.client, encrypted_index.alias)
    assert live.name == done.live
    assert PLAIN not in json.dumps(encrypted_index.shown())
    again = Rebuild(
        encrypted_index.connect, encrypted_index.client, CATALOGUE, vault=sealed, alias=encrypted_index.alias
    ).run()
    assert (again.previous, again.plain) == (live.name, ())


def test_a_plain_index_that_a_broken_off_rebuild_left_goes_with_the_next(
    encrypted_index: IndexWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed, encrypted_index.vault = encrypted_index.vault, OpenVault()
    encrypted_index.put({"c-1": value(1)})
    encrypted_index.follower(catalogue=OPEN).catch_up()
    encrypted_index.vault = sealed
    encrypted_index.put({"c-1": value(1)})
    with monkeypatch.context() as broken:
        broken.setattr("engine.index.rebuild.tidy", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            Rebuild(
                encrypted_index.connect, encrypted_index.client, CATALOGUE, vault=sealed, alias=encrypted_index.alias
            ).run()
    with encrypted_index.connect() as connection:
        states = index_statuses(connection, encrypted_index.client, CATALOGUE, encrypted_index.alias)
    assert [(each.role, bool(each.plain)) for each in states] == [("previous", True), ("live", False)]
    done = Rebuild(
        encrypted_index.connect, encrypted_index.client, CATALOGUE, vault=sealed, alias=encrypted_index.alias
    ).run()
    assert done.removed == (states[0].name,)


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_erasing_reaches_every_index(encrypted_index: IndexWorld) -> None:
    encrypted_index.put({f"c-{number}": value(number) for number in range(5)})
    encrypted_index.follower().catch_up()
    Rebuild(
        encrypted_index.connect,
        encrypted_index.client,
        CATALOGUE,
        vault=encrypted_index.vault,
        alias=encrypted_index.alias,
    ).run()
    encrypted_index.put({"c-3": None})
    with encrypted_index.connect() as connection:
        connection.execute("DELETE FROM profile_key WHERE profile = 'c-3'")
    encrypted_index.follower().catch_up()
    for index in all_indices(encrypted_index.client, encrypted_index.alias):
        assert set(encrypted_index.shown(index)) == {"c-0", "c-1", "c-2", "c-4"}
