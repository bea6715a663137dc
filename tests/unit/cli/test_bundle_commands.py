"""Exit codes and messages of build, verify, plan, graph and explain."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.bundle.envelope import open_envelope, seal
from engine.cli.app import main

BEFORE = Path(__file__).parents[2] / "golden" / "cli" / "before"
PROFILES = Path(__file__).parents[2] / "golden" / "cli" / "profiles.jsonl"
NOW = ["--now", "2026-03-01T09:30:00Z"]

Told = tuple[int, str, str]
Run = Callable[..., Told]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command: the exit code, what it printed, what it said on standard error."""

    def command(*arguments: str | Path) -> Told:
        code = main([str(each) for each in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace outside of any repository."""
    shutil.copytree(BEFORE, tmp_path / "shop")
    return tmp_path / "shop"


@pytest.fixture
def bundle(shop: Path, tmp_path: Path, run: Run) -> Path:
    """The shop's bundle, unsigned."""
    assert run("build", "-C", shop, "-o", tmp_path / "shop.bundle", "--sequence", "5")[0] == 0
    return tmp_path / "shop.bundle"


@pytest.fixture
def keys(tmp_path: Path, run: Run) -> tuple[Path, Path]:
    assert run("keygen", tmp_path / "key")[0] == 0
    return tmp_path / "key", tmp_path / "key.pub"


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def test_a_workspace_with_errors_is_not_built_and_says_why(shop: Path, tmp_path: Path, run: Run) -> None:
    edit(shop / "segments" / "segments.yaml", "field: spend", "field: spent")
    code, _, said = run("build", "-C", shop, "-o", tmp_path / "x.bundle")
    assert code == 1
    assert "`spent` is not a field" in said
    assert not (tmp_path / "x.bundle").exists()


def test_failing_tests_stop_a_build_unless_they_are_let_pass(shop: Path, tmp_path: Path, run: Run) -> None:
    edit(shop / "rules" / "offers.test.yaml", "reason: rest", "reason: other")
    code, _, said = run("build", "-C", shop, "-o", tmp_path / "x.bundle")
    assert (code, "1 test failed" in said) == (1, True)
    assert not (tmp_path / "x.bundle").exists()
    code, told, _ = run("build", "-C", shop, "-o", tmp_path / "x.bundle", "--allow-failing-tests")
    assert (code, "1 of 1 test failed" in told) == (0, True)
    assert dict(open_envelope((tmp_path / "x.bundle").read_bytes()).about.tests) == {"failed": 1, "passed": 0}


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--expires", "tomorrow"], "--expires: expected an instant"),
        (["--expires", "2020-01-01T00:00:00Z"], "lies in the past"),
        (["--sequence", "-1"], "--sequence -1: expected"),
        (["--sign", "missing.key"], "`missing.key` cannot be read"),
    ],
)
def test_options_that_cannot_be_are_usage_errors(
    arguments: list[str], said: str, shop: Path, tmp_path: Path, run: Run
) -> None:
    code, _, told = run("build", "-C", shop, "-o", tmp_path / "x.bundle", *arguments)
    assert code == 2
    assert said in told
    assert not (tmp_path / "x.bundle").exists()


def test_a_place_that_cannot_be_written_is_said(shop: Path, tmp_path: Path, run: Run) -> None:
    code, _, told = run("build", "-C", shop, "-o", tmp_path / "missing" / "x.bundle")
    assert (code, "cannot be written" in told) == (2, True)
    assert run("build", "-C", tmp_path, "-o", tmp_path / "x.bundle")[0] == 2


def test_revision_and_sequence_come_from_git(shop: Path, tmp_path: Path, run: Run) -> None:
    git(shop, "init", "-q")
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "one")
    git(shop, "commit", "-q", "--allow-empty", "-m", "two")
    assert run("build", "-C", shop, "-o", tmp_path / "x.bundle")[0] == 0
    about = open_envelope((tmp_path / "x.bundle").read_bytes()).about
    assert about.sequence == 2
    assert about.revision is not None
    assert not about.revision.endswith("+dirty")
    edit(shop / "segments" / "segments.yaml", "value: 500", "value: 501")
    assert run("build", "-C", shop, "-o", tmp_path / "x.bundle")[0] == 0
    assert str(open_envelope((tmp_path / "x.bundle").read_bytes()).about.revision).endswith("+dirty")


def test_a_signature_is_verified_by_the_key_that_is_given(
    shop: Path, tmp_path: Path, keys: tuple[Path, Path], bundle: Path, run: Run
) -> None:
    signed = tmp_path / "signed.bundle"
    assert run("build", "-C", shop, "-o", signed, "--sign", keys[0])[0] == 0
    code, told, _ = run("verify", signed, "--key", keys[1], "--require-signature")
    assert (code, "which is one of the given keys" in told) == (0, True)
    assert "not verified" in run("verify", signed)[1]
    code, told, _ = run("verify", bundle, "--key", keys[1])
    assert (code, "signed by nobody, expected the given key" in told) == (1, True)


def test_damage_age_and_another_workspace_are_refused(shop: Path, bundle: Path, tmp_path: Path, run: Run) -> None:
    damaged = tmp_path / "damaged.bundle"
    damaged.write_bytes(bundle.read_bytes()[:-10])
    code, told, _ = run("verify", damaged)
    assert (code, "it is damaged" in told) == (1, True)
    code, told, _ = run("verify", bundle, "--at-least", "6")
    assert (code, "it is an older bundle" in told) == (1, True)
    assert run("verify", bundle, "--at-least", "5", "--rebuild", shop)[0] == 0
    edit(shop / "segments" / "segments.yaml", "value: 500", "value: 501")
    code, told, _ = run("verify", bundle, "--rebuild", shop)
    assert (code, "another digest" in told) == (1, True)


def test_a_whole_bundle_that_could_not_run_is_refused(bundle: Path, tmp_path: Path, run: Run) -> None:
    envelope = open_envelope(bundle.read_bytes())
    content = json.loads(envelope.content)
    content["program"]["rulesets"]["offer"]["nodes"][0]["otherwise"] = "nowhere"
    (tmp_path / "odd.bundle").write_bytes(seal(content, envelope.about).file_bytes())
    code, told, _ = run("verify", tmp_path / "odd.bundle")
    assert (code, "`audience` leads back or nowhere" in told) == (1, True)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["missing.bundle"], "`missing.bundle` cannot be read: no such file"),
        (["."], "`.` cannot be read"),
        (["x", "--require-signature"], "needs the public key"),
        (["x", "--key", "missing.pub"], "`missing.pub` is not a file"),
    ],
)
def test_what_cannot_be_verified_at_all_is_no_verdict(
    arguments: list[str], said: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, told = run("verify", *arguments)
    assert (code, said in told) == (2, True)


def test_plan_says_with_its_exit_code_whether_anything_changes(shop: Path, bundle: Path, run: Run) -> None:
    assert run("plan", "-C", shop, "--against", bundle, "--exit-code")[0] == 0
    edit(shop / "segments" / "segments.yaml", "description: Spends a lot.", "description: Other words.")
    assert run("plan", "-C", shop, "--against", bundle, "--exit-code")[0] == 0
    edit(shop / "segments" / "segments.yaml", "value: 500", "value: 501")
    assert run("plan", "-C", shop, "--against", bundle, "--exit-code")[0] == 3
    assert run("plan", "-C", shop, "--against", bundle)[0] == 0
    edit(shop / "segments" / "segments.yaml", "field: spend", "field: spent")
    assert run("plan", "-C", shop, "--against", bundle, "--exit-code")[0] == 1


def test_plan_of_a_new_workspace_shows_all_of_it_as_new(shop: Path, run: Run) -> None:
    git(shop, "init", "-q")
    git(shop, "commit", "-q", "--allow-empty", "-m", "empty")
    code, told, _ = run("plan", "-C", shop, *NOW)
    assert code == 0
    assert "everything is new" in told
    assert "+ segment vips  (added)" in told


def test_plan_against_a_broken_revision_goes_on_with_what_compiles(shop: Path, run: Run) -> None:
    edit(shop / "segments" / "segments.yaml", "field: orders", "field: ordres")
    git(shop, "init", "-q")
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "broken")
    edit(shop / "segments" / "segments.yaml", "field: ordres", "field: orders")
    code, told, _ = run("plan", "-C", shop, *NOW)
    assert code == 0
    assert "documents that do not compile there count as new" in told
    assert "+ segment high_value  (added)" in told


def test_plan_without_a_state_to_compare_with_cannot_run(shop: Path, tmp_path: Path, run: Run) -> None:
    code, _, said = run("plan", "-C", shop)
    assert (code, "lies in no git repository" in said) == (2, True)
    git(shop, "init", "-q")
    git(shop, "commit", "-q", "--allow-empty", "-m", "empty")
    code, _, said = run("plan", "-C", shop, "--against", "nope")
    assert (
        code,
        "`nope` is not a commit, branch or tag of this repository; it is not a bundle file either" in said,
    ) == (
        2,
        True,
    )
    (tmp_path / "x.bundle").write_bytes(b"x")
    code, _, said = run("plan", "-C", shop, "--against", tmp_path / "x.bundle")
    assert (code, "is not a bundle of this version" in said) == (2, True)
    assert run("plan", "-C", shop, "--events", "x.jsonl")[0] == 2


def test_plan_counts_profiles_that_do_not_fit_once_and_goes_on(
    shop: Path, bundle: Path, tmp_path: Path, run: Run
) -> None:
    edit(shop / "segments" / "segments.yaml", "value: 500}", "value: 600}")
    lines = PROFILES.read_text("utf-8").splitlines()
    broken = tmp_path / "profiles.jsonl"
    broken.write_text(
        "\n".join(
            [lines[0], "{", '{"customer_id": "x", "spend": "much"}', '{"customer_id": "y", "shoe": 4}', *lines[2:]]
        )
    )
    code, told, said = run("plan", "-C", shop, "--against", bundle, "--profiles", broken, "--format", "json", *NOW)
    audience = json.loads(told)["audience"]
    assert code == 1
    assert (audience["profiles"], audience["refused"]) == (5, 4)  # c-6 has a field that neither state declares
    assert audience["movements"]["segment/high_value"] == {
        "entering": 0,
        "leaving": 1,
        "rerouted": 0,
        "other_output": 0,
        "entering_examples": [],
        "leaving_examples": ["c-3"],
        "rerouted_examples": [],
    }
    assert said.count("profiles.jsonl:") == audience["refused"]
    assert "much" not in said


def test_plan_with_events_sees_who_is_moved_by_behaviour(shop: Path, bundle: Path, tmp_path: Path, run: Run) -> None:
    edit(shop / "segments" / "segments.yaml", "greater_or_equal, value: 3}", "greater_or_equal, value: 2}")
    profiles, events = tmp_path / "profiles.jsonl", tmp_path / "events.jsonl"
    profiles.write_text('{"customer_id": "c-1"}\n{"customer_id": "c-2"}\n')
    event = {"type": "purchase", "customer_id": "c-2", "data": {"amount": 5.0}}
    written = [{**event, "id": f"e-{day}", "time": f"2026-02-{day}T00:00:00Z"} for day in (10, 20)]
    events.write_text("".join(f"{json.dumps(each)}\n" for each in written))
    arguments = ["plan", "-C", shop, "--against", bundle, "--profiles", profiles, *NOW]
    assert "segment/regulars: +1 enter, such as `c-2`" in run(*arguments, "--events", events)[1]
    assert "no profile changes its segments" in run(*arguments)[1]


def test_a_profile_may_have_fields_that_only_one_state_knows(
    shop: Path, bundle: Path, tmp_path: Path, run: Run
) -> None:
    edit(shop / "schemas" / "catalogue.yaml", "  tags: {type: keyword, list: true}\n", "  shoe: {type: integer}\n")
    profiles = tmp_path / "profiles.jsonl"
    profiles.write_text('{"customer_id": "c-1", "shoe": 42, "tags": ["a"]}\n')
    code, told, said = run("plan", "-C", shop, "--against", bundle, "--profiles", profiles, *NOW)
    assert (code, said) == (0, "")
    assert "Profiles (1 at" in told


@pytest.mark.parametrize("command", ["graph", "explain"])
@pytest.mark.parametrize(
    "name, said",
    [
        ("vip", "did you mean `vips`?"),
        ("segment/vip", "did you mean `segment/vips`?"),
        ("offer", None),
        ("test/offer", None),
        ("zzzzzz", "`decisor list` shows all documents"),
        ("T999", "`T999` is no"),
    ],
)
def test_names_are_found_or_the_nearest_is_told(
    command: str, name: str, said: str | None, shop: Path, run: Run
) -> None:
    code, _, told = run(command, name, "-C", shop)
    assert (code, said is None or said in told) == (0 if said is None else 2, True)


def test_a_name_of_two_kinds_asks_for_the_kind(shop: Path, run: Run) -> None:
    edit(shop / "segments" / "segments.yaml", "name: sleepers", "name: offer")
    edit(shop / "rules" / "offers.yaml", "in_segment('sleepers')", "in_segment('offer')")
    edit(shop / "rules" / "offers.test.yaml", "[sleepers]", "[offer]")
    code, _, said = run("explain", "offer", "-C", shop)
    assert (code, "write `ruleset/offer` or `segment/offer`" in said) == (2, True)
    assert run("explain", "segment/offer", "-C", shop)[1].startswith("segment offer\n")
    assert run("graph", "ruleset/offer", "-C", shop)[1].startswith("flowchart")


@pytest.mark.parametrize(
    "suffix, begin", [("svg", "<svg "), ("dot", "digraph "), ("mmd", "flowchart "), ("txt", "flowchart ")]
)
def test_a_graph_is_written_in_the_format_of_its_file(
    suffix: str, begin: str, shop: Path, tmp_path: Path, run: Run
) -> None:
    file = tmp_path / f"offer.{suffix}"
    assert run("graph", "offer", "-C", shop, "-o", file) == (0, "", "")
    assert file.read_text("utf-8").startswith(begin)
    assert run("graph", "offer", "-C", shop, "-o", tmp_path / "missing" / "x.svg")[0] == 2


def test_a_target_is_for_segments_alone(shop: Path, run: Run) -> None:
    code, _, said = run("explain", "offer", "-C", shop, "--target", "elasticsearch")
    assert (code, "--target applies to segments" in said) == (2, True)
    code, told, _ = run("explain", "regulars", "-C", shop, "--target", "sql:duckdb")
    assert (code, "sql:duckdb cannot express it" in told) == (0, True)
