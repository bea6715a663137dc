"""What build, verify, plan, graph and explain print, held against `expected/`; `before` and `after` are workspaces."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.cli.app import main

HERE = Path(__file__).parent
EXPECTED = HERE / "expected"
NOW = ["--now", "2026-03-01T09:30:00Z"]

Compare = Callable[[Path, str], None]
Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command and gives what it printed; the exit code must be the one expected."""
    monkeypatch.setenv("COLUMNS", "100")

    def command(*arguments: str | Path, code: int = 0) -> str:
        found = main([str(each) for each in arguments])
        told = capsys.readouterr()
        assert found == code, told.err
        return told.out

    return command


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository whose commit is `before` and whose files are `after`."""
    shutil.copytree(HERE / "before", tmp_path / "shop")
    git(tmp_path / "shop", "init", "-q", "-b", "main")
    git(tmp_path / "shop", "add", "-A")
    git(tmp_path / "shop", "commit", "-q", "-m", "before")
    shutil.copytree(HERE / "after", tmp_path / "shop", dirs_exist_ok=True)
    return tmp_path / "shop"


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def settled(text: str) -> str:
    """The text without what differs from run to run: commits, digests and places of the machine."""
    text = re.sub(r"\b[0-9a-f]{9}\b", "COMMIT", text)
    return re.sub(r"sha256:[0-9a-f]{12,64}", "DIGEST", text)


@pytest.mark.parametrize("command", ["build", "explain", "graph", "plan", "verify"])
def test_help_is_as_reviewed(command: str, run: Run, golden: Compare) -> None:
    text = re.sub(r"(-\w) \w+, (--\w+)", r"\1, \2", run(command, "--help"))  # Python 3.13 names the value once
    golden(EXPECTED / "help" / f"{command}.txt", re.sub(r"\n {10,}|(?<=\S) {2,}", " ", text))  # and breaks elsewhere


@pytest.mark.parametrize("form", ["text", "md", "json"])
def test_plan_is_as_reviewed(form: str, run: Run, golden: Compare, repository: Path) -> None:
    arguments = ["plan", "-C", repository, *NOW, "--format", form]
    golden(EXPECTED / f"plan.{form}", settled(run(*arguments, "--profiles", HERE / "profiles.jsonl")))


def test_plan_in_full_is_as_reviewed(run: Run, golden: Compare, repository: Path) -> None:
    golden(EXPECTED / "plan.full.text", settled(run("plan", "-C", repository, *NOW, "--full", "--against", "HEAD")))


def test_plan_against_a_bundle_shows_every_predicate_that_differs(
    run: Run, golden: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("build", "-C", HERE / "before", "-o", "old.bundle", "--sequence", "1")
    told = run("plan", "-C", HERE / "after", *NOW, "--against", "old.bundle", "--exit-code", code=3)
    golden(EXPECTED / "plan.bundle.text", settled(told))


def test_plan_of_the_same_is_clean(run: Run, tmp_path: Path) -> None:
    run("build", "-C", HERE / "before", "-o", tmp_path / "same.bundle", "--sequence", "1")
    arguments = ["plan", "-C", HERE / "before", *NOW, "--against", tmp_path / "same.bundle", "--exit-code"]
    assert run(*arguments).rstrip().endswith("no change in meaning")
    assert json.loads(run(*arguments, "--format", "json"))["changes"] == []


@pytest.mark.parametrize(
    "name",
    ["offer", "homepage", "vips", "regulars", "concierge", "customer", "purchase", "staff", "orders_after"],
)
def test_explanation_is_as_reviewed(name: str, run: Run, golden: Compare) -> None:
    resource = "ruleset/offer" if name == "offer" else name
    golden(EXPECTED / "explain" / f"{name}.txt", run("explain", resource, "-C", HERE / "before"))


def test_explanation_of_a_code_says_what_to_do_with_an_example(run: Run) -> None:
    told = run("explain", "t001")
    assert told.startswith("T001 (error): ")
    assert "\nwhat to do: " in told
    assert "\ntriggers it:\n  " in told
    assert "\nis fine:\n  " in told


@pytest.mark.parametrize("target", ["elasticsearch", "sql:duckdb", "sql:postgres"])
def test_explanation_shows_the_query_that_was_asked_for(target: str, run: Run, golden: Compare) -> None:
    told = run("explain", "vips", "-C", HERE / "before", "--target", target)
    golden(EXPECTED / "explain" / f"vips.{target.replace(':', '.')}.txt", told)


@pytest.mark.parametrize("form", ["mermaid", "dot", "svg"])
@pytest.mark.parametrize("name", ["offer", "vips"])
def test_graph_is_as_reviewed(name: str, form: str, run: Run, golden: Compare) -> None:
    golden(EXPECTED / "graph" / f"{name}.{form}", run("graph", name, "-C", HERE / "before", "--format", form))


def test_build_and_verify_tell_what_was_made(
    run: Run, golden: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(HERE / "before", tmp_path / "shop")  # outside of any repository
    monkeypatch.chdir(tmp_path)
    built = run("build", "-C", "shop", "-o", "shop.bundle", "--sequence", "7", "--expires", "2999-01-01T00:00:00Z")
    verified = run("verify", "shop.bundle", "--rebuild", "shop", "--at-least", "7")
    golden(EXPECTED / "build.txt", re.sub(r"[\d,]+ bytes", "SIZE bytes", settled(built)))
    golden(EXPECTED / "verify.txt", settled(verified))
