"""`decisor init` and `decisor new`: what they write passes the check and its own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.scaffold.documents import TEMPLATES
from tests.unit.cli.conftest import Decisor


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decisor: Decisor) -> Path:
    """A new workspace, which is the current folder."""
    monkeypatch.chdir(tmp_path)
    assert decisor("init", "shop").code == 0
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def sound(decisor: Decisor) -> None:
    checked = decisor("check", "--strict")
    assert (checked.code, checked.out) == (0, "")
    tested = decisor("test", "--min-coverage", "100")
    assert tested.code == 0, tested.out
    assert decisor("fmt", "--check").code == 0


def test_a_new_workspace_is_sound(fresh: Path, decisor: Decisor) -> None:
    sound(decisor)
    assert decisor("schema", "--check").code == 0
    assert (fresh / "schemas/decisor.schema.json").is_file()
    assert (fresh / ".vscode/settings.json").is_file()
    assert "5 passed, 0 failed" in decisor("test").out


@pytest.mark.parametrize("kind", [kind for kind in TEMPLATES if kind != "profile"])
@pytest.mark.parametrize("name", ["spring", "no"])
def test_a_new_document_of_every_kind_is_sound(kind: str, name: str, fresh: Path, decisor: Decisor) -> None:
    done = decisor("new", kind, name)
    assert done.code == 0, done.err
    assert all((fresh / line).is_file() for line in done.out.splitlines())
    sound(decisor)


def test_documents_of_all_kinds_may_share_a_name(fresh: Path, decisor: Decisor) -> None:
    for kind in TEMPLATES:
        if kind not in {"profile", "test"}:
            assert decisor("new", kind, "spring").code == 0
    sound(decisor)
    assert (fresh / "rules/spring.experiment.yaml").is_file()


@pytest.mark.parametrize(
    "fields",
    [
        "{}",
        "{born: {type: day}}",
        "{bio: {type: text}}",
        "{tier: {type: keyword, values: [gold]}}",
        "{country: {type: keyword}}",
        "{opt_in: {type: boolean}}",
        "{seen_at: {type: date}}",
        "{points: {type: integer}}",
        "{home: {type: geo_point}, tags: {type: keyword, list: true}}",
        "{email: {type: keyword, encrypted: {search: none}}}",
    ],
)
def test_a_new_document_is_about_what_the_catalogue_has(
    fields: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decisor: Decisor
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schemas").mkdir()
    (tmp_path / "decisor.yaml").write_text("name: other\n")
    profile = f"apiVersion: v1\nkind: Profile\nname: user\nkey: user\nfields: {fields}\n"
    (tmp_path / "schemas/profile.yaml").write_text(profile)
    for kind in ("segment", "ruleset", "experiment", "bandit", "model", "test"):
        assert decisor("new", kind, f"first_{kind}").code == 0
    assert decisor("check", "--strict").out == ""
    tested = decisor("test", "--min-coverage", "100")
    assert tested.code == 0, tested.out


def test_a_profile_is_begun_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decisor: Decisor
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "decisor.yaml").write_text("name: other\n")
    assert decisor("new", "profile", "customer").out == "schemas/customer.yaml\n"
    assert decisor("new", "event_type", "visit").code == 0
    assert decisor("new", "metric", "visits").code == 0
    assert decisor("check", "--strict").out == ""


@pytest.mark.parametrize(
    "arguments, told",
    [
        (
            ["segment", "good_customers"],
            "segment `good_customers` is already declared at segments/good_customers.yaml:2",
        ),
        (["profile", "second"], "the workspace's one profile is already declared at schemas/profile.yaml:2"),
        (["test", "homepage"], "test `homepage` is already declared at rules/homepage.test.yaml:2"),
        (
            ["segment", "Big-Spenders"],
            "`Big-Spenders`: expected a lower-case letter, then lower-case letters, digits and _, at most 63",
        ),
        (["segment", "a" * 64], f"`{'a' * 64}`: expected a lower-case letter"),
        (["segment", "../x"], "`../x`: expected a lower-case letter"),
    ],
)
def test_what_cannot_be_new_is_refused(arguments: list[str], told: str, fresh: Path, decisor: Decisor) -> None:
    before = sorted(fresh.rglob("*"))
    done = decisor("new", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"decisor: {told}")
    assert sorted(fresh.rglob("*")) == before


def test_what_is_about_events_needs_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decisor: Decisor) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "decisor.yaml").write_text("name: other\n")
    decisor("new", "profile", "customer")
    done = decisor("new", "metric", "visits")
    assert done.code == 2
    assert "`decisor new event_type purchase`" in done.err


def test_nothing_is_overwritten(fresh: Path, decisor: Decisor, tmp_path: Path) -> None:
    done = decisor("init")
    assert (done.code, done.err) == (2, "decisor: `decisor.yaml` already exists; this is a workspace\n")
    other = tmp_path / "other"
    (other / "rules").mkdir(parents=True)
    (other / "rules/homepage.yaml").write_text("mine\n")
    done = decisor("init", other)
    assert done.code == 2
    assert (
        done.err
        == f"decisor: `{other}/rules/homepage.yaml` already exists and is never overwritten; nothing was written\n"
    )
    assert [path.name for path in other.rglob("*") if path.is_file()] == ["homepage.yaml"]


def test_a_folder_that_cannot_be_is_told(tmp_path: Path, decisor: Decisor) -> None:
    (tmp_path / "file").write_text("x")
    done = decisor("init", tmp_path / "file" / "shop")
    assert done.code == 2
    assert "cannot be written: not a directory" in done.err


@pytest.mark.parametrize("name, workspace", [("My Shop 2", "my_shop_2"), ("2024", "workspace"), ("on", '"on"')])
def test_the_workspace_is_named_after_its_folder(name: str, workspace: str, tmp_path: Path, decisor: Decisor) -> None:
    decisor("init", tmp_path / name)
    assert f"\nname: {workspace}\n" in (tmp_path / name / "decisor.yaml").read_text()
    assert decisor("check", tmp_path / name, "--strict").code == 0
