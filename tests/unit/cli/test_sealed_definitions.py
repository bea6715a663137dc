"""Commands beside sealed definitions: with the keys, with others, and without any."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.cli.app import main
from engine.encryption.key_file import new_key_set, write_new_key_file
from engine.ir.program import Program
from tests.live_world import World
from tests.sealed_world import MORE_SEGMENTS, program_of, workspace

NO_KEYS = (
    "the catalogue `customer` has encrypted fields, and there are no keys:"
    " create a key file with `decisor keys generate FILE`"
)


@pytest.fixture(scope="module")
def sealed_program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The shop with more segments."""
    return program_of(tmp_path_factory.mktemp("sealed"), MORE_SEGMENTS)


@pytest.fixture
def shop(command_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The shop that runs, with its workspace in the current folder."""
    monkeypatch.chdir(workspace(tmp_path / "shop", MORE_SEGMENTS))
    return command_world


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(list(arguments))
    return code, *capsys.readouterr()


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line with which a command refuses."""
    code, out, error = said(capsys, *arguments)
    assert (code, out) == (2, "")
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize(
    "arguments, shown",
    [
        (["segments", "status"], "ada: 1 member, running"),
        (["segments", "members", "ada"], "c-0"),
        (["segments", "count", "known"], "6"),
        (["segments", "history", "c-0"], "ada"),
        (["segments", "show", "c-0"], "ada"),
    ],
)
def test_what_takes_no_definition_takes_no_keys(
    arguments: Sequence[str],
    shown: str,
    shop: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("DECISOR_KEYS_FILE")
    code, out, error = said(capsys, *arguments)
    assert (code, error) == (0, "")
    assert shown in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["worker", "--drain"],
        ["segments", "rebuild", "ada"],
        ["segments", "explain", "ada", "c-0"],
        ["segments", "reconcile"],
        ["segments", "add", "ada", "c-1", "--reason", "r"],
    ],
)
def test_what_takes_one_says_in_one_line_that_there_are_no_keys(
    arguments: Sequence[str], shop: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DECISOR_KEYS_FILE")
    assert NO_KEYS in refused(capsys, *arguments)


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["worker", "--drain"], "the database uses keys that are not among yours: m-"),
        (["segments", "rebuild", "ada"], "the database uses keys that are not among yours: m-"),
        (["segments", "explain", "ada", "c-0"], "the definition of `ada`: the master key `m-"),
        (["segments", "reconcile"], "the definition of `ada`: the master key `m-"),
    ],
)
def test_with_other_keys_it_is_said_which_one_is_missing(
    arguments: Sequence[str],
    told: str,
    shop: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_new_key_file(tmp_path / "other.json", new_key_set())
    monkeypatch.setenv("DECISOR_KEYS_FILE", str(tmp_path / "other.json"))
    assert told in refused(capsys, *arguments)


def test_an_explanation_withholds_what_an_encrypted_field_is_compared_with(
    shop: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for form in ("text", "json"):
        for segment in ("ada", "readers"):
            asked = ("segments", "explain", segment, "c-0", "--format", form)
            code, out, _ = said(capsys, *asked)
            assert code == 0
            assert "plain" not in out
            assert "that is withheld" in out
            assert "plain" in said(capsys, *asked, "--reveal")[1]


def test_a_workspace_that_no_longer_encrypts_still_needs_the_keys_of_what_is_sealed(
    shop: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue = Path("schemas/shop.yaml")
    lines = catalogue.read_text(encoding="utf-8").splitlines()
    for search in ("equality", "none"):
        lines = [line.replace(f", encrypted: {{search: {search}}}", "") for line in lines]
    catalogue.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.delenv("DECISOR_KEYS_FILE")
    told = "the database holds sealed definitions or secrets, and there are no keys"
    assert told in refused(capsys, "worker", "--drain")
    code, out, _ = said(capsys, "doctor")
    assert code == 1
    assert f"problem: {told}" in out


def test_the_doctor_says_that_keys_are_missing(
    shop: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_new_key_file(tmp_path / "other.json", new_key_set())
    monkeypatch.setenv("DECISOR_KEYS_FILE", str(tmp_path / "other.json"))
    assert "is used by the database, and not among the keys" in said(capsys, "doctor")[1]
    monkeypatch.delenv("DECISOR_KEYS_FILE")
    assert "the catalogue `customer` has encrypted fields, and there are no keys" in said(capsys, "doctor")[1]


def test_a_new_definition_is_not_in_what_a_rebuild_prints(
    shop: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    segments = Path("segments/all.yaml")
    segments.write_text(segments.read_text(encoding="utf-8").replace("ada-0@plain", "ada-1@plain"), encoding="utf-8")
    code, out, error = said(capsys, "segments", "rebuild")
    assert code == 0
    assert "ada: 1 member" in out
    assert "plain" not in out + error
    assert shop.members("ada") == {"c-1"}
