"""A repository whose links lead elsewhere: no command writes there, and no list of members is read from there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Decisor

LIST = "apiVersion: v1\nkind: MemberList\nname: staff\nfile: staff.txt\n"
OUTPUTS = [
    "check --output sarif={}",
    "test --output junit={}",
    "graph hero -o {}",
    "keygen {}",
    "keys generate {}",
]


@pytest.fixture
def precious(shop: Path) -> Path:
    """A file outside of the shop, to which links of the shop lead."""
    file = shop.parent / "outside" / "precious"
    file.parent.mkdir()
    file.write_text("kept")
    (shop / "out.svg").symlink_to(file)
    (shop / "new.svg").symlink_to(file.with_name("new"))
    (shop / "folder").symlink_to(file.parent)
    return file


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("name", ["out.svg", "new.svg", "folder/precious", "folder/more/new", "rules/../folder/new"])
def test_no_output_is_written_through_a_link_of_the_workspace(
    precious: Path, decisor: Decisor, output: str, name: str
) -> None:
    done = decisor(*output.format(name).split())
    assert done.code == 2
    assert "through a link: remove the link, or pass" in done.err
    assert [each.name for each in precious.parent.iterdir()] == ["precious"]
    assert precious.read_text() == "kept"


def test_a_bundle_replaces_a_link_and_follows_none(precious: Path, decisor: Decisor, shop: Path) -> None:
    assert decisor("build", "-o", "folder/a.bundle").code == 2
    assert decisor("build", "-o", "out.svg").code == 0
    assert not (shop / "out.svg").is_symlink()
    assert precious.read_text() == "kept"
    assert [each.name for each in precious.parent.iterdir()] == ["precious"]


def test_what_is_named_outside_or_led_to_inside_is_written(precious: Path, decisor: Decisor, shop: Path) -> None:
    (shop / "inner").symlink_to("rules")
    for name in (precious.with_name("named.svg"), "../outside/up.svg", "inner/in.svg", "plain.svg"):
        assert decisor("graph", "hero", "-o", name).code == 0
    assert {each.name for each in precious.parent.iterdir()} == {"precious", "named.svg", "up.svg"}
    assert (shop / "rules" / "in.svg").is_file()


def test_a_schema_is_not_written_into_a_pipe(decisor: Decisor, shop: Path) -> None:
    (shop / "schemas").mkdir(exist_ok=True)
    os.mkfifo(shop / "schemas" / "segment.schema.json")
    assert decisor("schema").code == 2  # at once, where it waited for a reader
    assert decisor("schema", "--check").code == 1


def test_documents_and_schemas_are_not_written_through_links(precious: Path, decisor: Decisor, shop: Path) -> None:
    (shop / "segments").rename(shop / "before")
    (shop / "segments").symlink_to(precious.parent)
    assert decisor("new", "segment", "fresh").code == 2
    (shop / "schemas" / "segment.schema.json").symlink_to(precious)
    assert decisor("schema").code == 2
    (shop / "schemas").rename(shop / "former")
    (shop / "schemas").symlink_to(precious.parent)
    assert decisor("schema").code == 2
    assert [each.name for each in precious.parent.iterdir()] == ["precious"]
    assert precious.read_text() == "kept"


@pytest.mark.parametrize("target", ["../../outside/precious", "../.env", "../.git/config", "../.decisor/key"])
def test_members_are_not_read_from_elsewhere(precious: Path, decisor: Decisor, shop: Path, target: str) -> None:
    (shop / "segments" / "staff.yaml").write_text(LIST)
    if not target.startswith("../.."):
        (shop / "segments" / target).parent.mkdir(exist_ok=True)
        (shop / "segments" / target).write_text("secret")
    (shop / "segments" / "staff.txt").symlink_to(target)
    done = decisor("check")
    assert done.code == 1
    assert "error[S024]" in done.out
    assert precious.read_text() not in done.out.replace("out of the workspace", "")
    assert "secret" not in done.out
