"""`decisor list`, `compile`, `mapping`, `schema` and `keygen`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Decisor


def names(decisor: Decisor, *selectors: str) -> list[str]:
    done = decisor("list", *selectors, "--format", "json")
    assert done.code == 0
    return [f"{each['kind']}/{each['name']}" for each in json.loads(done.out)["documents"]]


def test_documents_are_listed_by_kind_and_name(shop: Path, decisor: Decisor) -> None:
    assert decisor("list").out == (
        "EventType   purchase\n"
        "Experiment  split\n"
        "Profile     customer\n"
        "Ruleset     hero\n"
        "Segment     active_vips\n"
        "Segment     buyers\n"
        "Segment     vips         growth  Spent 500 or more.\n"
        "Test        vips\n"
    )


@pytest.mark.parametrize(
    "selectors, found",
    [
        (["kind:segment"], ["Segment/active_vips", "Segment/buyers", "Segment/vips"]),
        (["kind:event_type"], ["EventType/purchase"]),
        (["kind:EventType"], ["EventType/purchase"]),
        (["vips"], ["Segment/vips", "Test/vips"]),
        (["segment/*vips"], ["Segment/active_vips", "Segment/vips"]),
        (["*vips", "kind:test"], ["Test/vips"]),
        (["owner:growth"], ["Segment/vips"]),
        (["tag:spring"], ["Segment/vips"]),
        (["uses:spend"], ["Ruleset/hero", "Segment/active_vips", "Segment/vips"]),
        (["uses:segment/vips"], ["Ruleset/hero", "Segment/active_vips"]),
        (["uses:purchase", "kind:segment"], ["Segment/buyers"]),
        (["nothing*"], []),
        (["segments"], ["Segment/active_vips", "Segment/buyers", "Segment/vips"]),
        (["kind:segments"], ["Segment/active_vips", "Segment/buyers", "Segment/vips"]),
        (["EventTypes"], ["EventType/purchase"]),
        (["rollback_policies"], []),
        (["segments", "*vips"], ["Segment/active_vips", "Segment/vips"]),
    ],
)
def test_selectors_choose_what_fits_all_of_them(
    selectors: list[str], found: list[str], shop: Path, decisor: Decisor
) -> None:
    assert names(decisor, *selectors) == found


@pytest.mark.parametrize(
    "selector, told",
    [
        ("kind:segmnt", "`segmnt` is not a kind of document; did you mean `segment`?"),
        ("kind:segmnts", "`segmnts` is not a kind of document; did you mean `segment`?"),
        ("vps", "`vps` is not a document of this workspace, or a kind of document; did you mean `vips`?"),
        (
            "nothing",
            "`nothing` is not a document of this workspace, or a kind of document; `decisor list` shows all documents",
        ),
        ("colour:red", "`colour:red`: expected one of kind:, owner:, tag:, uses:, name:"),
    ],
)
def test_a_selector_that_selects_by_nothing_is_refused(selector: str, told: str, shop: Path, decisor: Decisor) -> None:
    assert decisor("list", selector) == (2, "", f"decisor: {told}\n")


def test_a_listing_says_where_each_stands(shop: Path, decisor: Decisor) -> None:
    (document,) = json.loads(decisor("list", "segment/vips", "--format", "json").out)["documents"]
    assert (document["file"], document["line"], document["tags"]) == ("segments/vips.yaml", 1, ["spring"])


def test_the_elasticsearch_query_keeps_placeholders_until_there_is_a_clock(shop: Path, decisor: Decisor) -> None:
    query = json.loads(decisor("compile", "active_vips").out)
    bounds = query["query"]["bool"]["filter"][1]["range"]["last_order_at"]
    assert bounds == {"gte": {"$now": "-90d"}, "lte": {"$now": "+0d"}}
    bound = json.loads(decisor("compile", "segment/active_vips", "--now", "2026-03-01T09:30:00Z").out)
    assert bound["query"]["bool"]["filter"][1]["range"]["last_order_at"] == {
        "gte": "2025-12-01T09:30:00.000Z",
        "lte": "2026-03-01T09:30:00.000Z",
    }


def test_behaviour_is_bounded_and_marked(shop: Path, decisor: Decisor) -> None:
    query = json.loads(decisor("compile", "buyers").out)
    assert query.keys() == {"query", "candidates", "surely_within"}
    assert query["candidates"] is True


def test_sql_names_its_parameters(shop: Path, decisor: Decisor) -> None:
    for target in ("sql:duckdb", "sql:postgres"):
        statement, *parameters = decisor("compile", "vips", "--target", target).out.splitlines()
        assert statement.startswith('SELECT "customer_id" FROM "profiles" WHERE ')
        assert statement.endswith(";")
        assert parameters == ["-- p1 = 500.0"]
    done = decisor("compile", "buyers", "--target", "sql:duckdb")
    assert (done.code, done.out) == (2, "")
    assert "`buyers` cannot be compiled for sql:duckdb: " in done.err


def test_english_is_a_sentence(shop: Path, decisor: Decisor) -> None:
    assert decisor("compile", "vips", "--target", "english").out == "spend is at least 500\n"


def test_constants_of_encrypted_fields_stay_open(shop: Path, decisor: Decisor) -> None:
    catalogue = shop / "schemas/catalogue.yaml"
    field = "  email: {type: keyword, encrypted: {search: equality}}\n---"
    catalogue.write_text(catalogue.read_text().replace("---", field, 1))
    (shop / "segments/known.yaml").write_text(
        "apiVersion: v1\nkind: Segment\nname: known\nconditions: [{field: email, operator: equals, value: a@b.c}]\n"
    )
    hashed = {"$hash": {"field": "email", "value": "a@b.c"}}
    query = json.loads(decisor("compile", "known", "--now", "2026-03-01T09:30:00Z").out)
    assert query["query"]["bool"]["filter"] == [{"term": {"email.hash": hashed}}]
    sql = decisor("compile", "known", "--now", "2026-03-01T09:30:00Z", "--target", "sql:postgres").out
    assert sql.endswith(f"-- p1 = {json.dumps(hashed)}\n")


def test_only_segments_are_compiled(shop: Path, decisor: Decisor) -> None:
    assert decisor("compile", "vip").err == "decisor: `vip` is not a segment; did you mean `vips`?\n"
    assert decisor("compile", "ruleset/hero").code == 2


def test_the_mapping_is_strict_and_exact(shop: Path, decisor: Decisor) -> None:
    mapping = json.loads(decisor("mapping").out)
    assert mapping["mappings"]["dynamic"] == "strict"
    properties = mapping["mappings"]["properties"]
    assert properties["orders"]["type"] == "long"
    assert properties["orders"]["coerce"] is False
    assert properties["customer_id"]["type"] == "keyword"


def test_schemas_are_written_and_held_against(shop: Path, decisor: Decisor) -> None:
    stale = decisor("schema", "--check")
    assert stale.code == 1
    assert "segment.schema.json` is out of date; `decisor schema` writes it" in stale.err
    assert decisor("schema") == (0, "", "")
    assert decisor("schema", "--check") == (0, "", "")
    assert decisor("schema", "-o", shop / "elsewhere").code == 0
    assert sorted(path.name for path in (shop / "elsewhere").iterdir()) == sorted(
        path.name for path in (shop / "schemas").glob("*.json")
    )
    assert decisor("check", "--strict").code == 0
    done = decisor("schema", "-o", shop / "decisor.yaml")
    assert done.code == 2
    assert "cannot be written: file exists" in done.err


def test_a_key_pair_is_made_once(tmp_path: Path, decisor: Decisor) -> None:
    key = tmp_path / "release.key"
    done = decisor("keygen", key)
    assert done.code == 0
    assert key.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE KEY" in key.read_text()
    assert "PUBLIC KEY" in (tmp_path / "release.key.pub").read_text()
    again = decisor("keygen", key)
    assert (again.code, again.err) == (2, f"decisor: `{key}` already exists; a key is never overwritten\n")


def test_a_public_key_in_the_way_leaves_no_private_one(tmp_path: Path, decisor: Decisor) -> None:
    (tmp_path / "release.key.pub").write_text("mine")
    assert decisor("keygen", tmp_path / "release.key").code == 2
    assert not (tmp_path / "release.key").exists()
    shutil.rmtree(tmp_path)
    done = decisor("keygen", tmp_path / "release.key")
    assert (done.code, done.err) == (
        2,
        f"decisor: `{tmp_path}/release.key` cannot be written: no such file or directory\n",
    )
