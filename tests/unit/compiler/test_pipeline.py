from __future__ import annotations

from pathlib import Path

from engine import load_workspace

PROFILE = "apiVersion: v1\nkind: Profile\nname: customer\nkey: customer_id\nfields:\n  country: {type: keyword}\n"


def _program(folder: Path, **texts: str) -> object:
    (folder / "schemas").mkdir(parents=True)
    (folder / "rules").mkdir()
    (folder / "decisor.yaml").write_text("name: shop\n")
    (folder / "schemas" / "profile.yaml").write_text(PROFILE)
    for name, text in texts.items():
        (folder / "rules" / f"{name}.yaml").write_text(text)
    loaded = load_workspace(folder)
    assert not loaded.errors, [finding.message for finding in loaded.findings]
    return loaded.program.data()


def test_two_ways_of_writing_a_share_mean_the_same(tmp_path: Path) -> None:
    layer = "apiVersion: v1\nkind: Layer\nname: checkout\nholdout: {}\n"
    per_cent = _program(tmp_path / "one", layer=layer.format("5%"))
    parts = _program(tmp_path / "other", layer="# said otherwise\n" + layer.format("50000"))
    assert per_cent == parts
    assert per_cent != _program(tmp_path / "third", layer=layer.format("6%"))


def test_words_for_people_are_no_part_of_the_program(tmp_path: Path) -> None:
    layer = "apiVersion: v1\nkind: Layer\nname: checkout\n"
    assert _program(tmp_path / "one", layer=layer) == _program(
        tmp_path / "two", layer=layer + "description: x\nowner: y\n"
    )
