"""Rebuilds over encrypted fields, and while somebody is erased."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.encryption.keyring import keyring_of_file
from engine.encryption.sealed_vault import SealedVault
from engine.index.follower import IndexFollower
from engine.index.names import all_indices
from engine.ir.program import Program
from engine.rebuilds.index_source import IndexSource
from engine.rebuilds.population import Population
from engine.rebuilds.preparation import prepare
from engine.rebuilds.rebuild import OtherCatalogueError, Rebuild, Wish
from engine.rebuilds.staging import Stage
from engine.rebuilds.switching import Switch
from engine.segments.registry import definition_of
from engine.storage import keys
from tests.integration.test_erase import erasure_of
from tests.integration.test_segments_rebuild import meddling, rebuild
from tests.live_world import World
from tests.sealed_world import events

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


def filled(world: World) -> World:
    """Twelve customers with values in encrypted fields, and one without."""
    world.put([*events(range(12)), {**events([99])[1], "data": {"page": None}}])
    world.drain()
    return world


def swapped(world: World) -> None:
    """`ada` and `strangers` are to mean what the other one means."""
    segments = world.program.segments
    other = {**segments, "ada": segments["strangers"], "strangers": segments["ada"]}
    world.program = world.oracle.program = replace(world.program, segments=other)


def test_a_rebuild_opens_what_is_sealed(sealed_world: World) -> None:
    world = filled(sealed_world)
    assert world.members("ada") == {"c-0"}
    swapped(world)
    rebuild(world, "ada", "strangers")
    assert world.members("ada") == {"c-99"}
    assert world.members("strangers") == {"c-0"}
    world.check_transitions()


def test_a_rebuild_asks_the_index_by_keyed_hashes(sealed_world: World, elasticsearch: Elasticsearch) -> None:
    world = filled(sealed_world)
    assert isinstance(world.vault, SealedVault)
    alias = f"t{uuid.uuid4().hex}"
    follower = IndexFollower(
        lambda: world.connect("follower"), elasticsearch, world.program.catalogue, vault=world.vault, alias=alias
    )
    follower.catch_up()
    swapped(world)
    with world.connect("decisor rebuild") as connection:
        source = IndexSource(elasticsearch, alias, world.vault.hasher(connection), demanded=True)
        definitions = {name: definition_of(world.program, name) for name in ("ada", "strangers", "known")}
        found = Rebuild(connection, world.redis, world.vault, lambda: world.now_ms, source).run(Wish(definitions))
    assert {each.source for each in found} == {"elasticsearch"}
    assert world.members("ada") == {"c-99"}
    assert world.members("strangers") == {"c-0"}
    follower.close()
    for each in all_indices(elasticsearch, alias):
        elasticsearch.indices.delete(index=each.name)


def test_a_rebuild_whose_catalogue_others_have_replaced_writes_nothing(
    open_world: World, sealed_program: Program, key_file: Path
) -> None:
    world = filled(open_world)
    sealed = SealedVault(sealed_program.catalogue, keyring_of_file(key_file))
    with world.connect("worker") as worker:
        prepare(worker, sealed_program, sealed)
    wish = Wish({"ada": definition_of(world.program, "ada")}, catalogue=world.program.catalogue)
    with world.connect("decisor rebuild") as connection:
        before = connection.execute("SELECT * FROM segment ORDER BY name").fetchall()
        for vault, given in ((world.vault, replace(wish, catalogue=None)), (world.vault, wish), (sealed, wish)):
            with pytest.raises(OtherCatalogueError, match="is not the one that profiles are folded with"):
                Rebuild(connection, world.redis, vault, lambda: world.now_ms).run(given)
            assert connection.execute("SELECT * FROM segment ORDER BY name").fetchall() == before
        assert Rebuild(connection, world.redis, sealed, lambda: world.now_ms).run(
            replace(wish, catalogue=sealed_program.catalogue)
        )


@pytest.mark.parametrize(
    "at, name",
    [(Population, "_members"), (Stage, "take"), (Stage, "close"), (Switch, "run"), (Switch, "_run_locked")],
)
def test_who_is_erased_meanwhile_is_in_no_set(
    at: type, name: str, sealed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(sealed_world)
    swapped(world)

    def erase() -> None:
        with world.connect("tests") as connection:
            assert not erasure_of(world, connection).erase("c-0", world.now_ms).done
        world.oracle.forget("c-0")

    with meddling(monkeypatch, at, name, erase):
        rebuild(world, "known", "strangers", "ada")
    assert not any(b"c-0" in world.redis.smembers(key) for key in world.redis.keys("*segment:*"))
    assert not world.redis.exists(keys.segments_of("c-0"))
    with world.connect("tests") as connection:
        assert erasure_of(world, connection).erase("c-0", world.now_ms).done
        row = connection.execute(
            "SELECT count(*) FROM transition WHERE profile = 'c-0' AND mod(number, 2) = 1"
        ).fetchone()
        assert row == (0,)
    assert world.members("known") == {f"c-{number}" for number in range(1, 12)}
