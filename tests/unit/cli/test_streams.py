"""Standard output that nobody reads, that is closed or full: the exit code still says what was found."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.cli.test_app import ENVIRONMENT, PROGRAM


def run_unread(*arguments: str, errors_too: bool = False) -> tuple[int, str]:
    """The exit code of a command whose reader has gone before it begins, and what it says on standard error."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        errors = writer if errors_too else subprocess.PIPE
        done = subprocess.run(
            [*PROGRAM, *arguments], env=ENVIRONMENT, stdout=writer, stderr=errors, text=True, check=False, timeout=120
        )
    finally:
        os.close(writer)
    return done.returncode, done.stderr or ""


@pytest.mark.parametrize("errors_too", [False, True])
def test_findings_are_told_by_the_exit_code_though_nobody_reads(shop: Path, errors_too: bool) -> None:  # noqa: FBT001
    (shop / "segments/odd.yaml").write_text("kind: Segment\nname: odd\n")
    assert run_unread("check", errors_too=errors_too)[0] == 1


@pytest.mark.long
def test_every_kind_of_exit_code_outlives_the_reader(shop: Path) -> None:
    assert run_unread("build", "-o", "one.bundle")[0] == 0
    test = shop / "segments/vips.test.yaml"
    test.write_text(test.read_text().replace("spend: 499.0", "spend: 501.0"))
    assert run_unread("test")[0] == 1
    (shop / "profiles.jsonl").write_text('{"customer_id": "c-1"}\n{"customer_id": 7}\n')
    assert run_unread("match", "--profiles", "profiles.jsonl")[0] == 1
    (shop / "input.jsonl").write_text('{"customer_id": 7}\n')
    assert run_unread("decide", "hero", "--input", "input.jsonl")[0] == 1
    segment = shop / "segments/vips.yaml"
    segment.write_text(segment.read_text().replace("value: 500", "value:   600"))
    assert run_unread("fmt", "--check")[0] == 1
    assert run_unread("plan", "--against", "one.bundle", "--exit-code")[0] == 3
    assert run_unread("verify", "profiles.jsonl")[0] == 1
    assert run_unread("explain", "no_such_name")[0] == 2


def test_nothing_is_said_about_a_reader_that_has_gone(shop: Path) -> None:
    assert shop.is_dir()
    assert run_unread("list") == (0, "")


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&- <&-"])
def test_closed_streams_change_no_exit_code(shop: Path, closed: str) -> None:
    (shop / "segments/odd.yaml").write_text("kind: Segment\nname: odd\n")
    command = f'"$@" check {closed}'
    done = subprocess.run(
        ["sh", "-c", command, "sh", *PROGRAM], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_file_that_is_written_does_not_get_the_number_of_a_closed_stream(shop: Path) -> None:
    command = '"$@" build -o one.bundle >&- && "$@" verify one.bundle'
    done = subprocess.run(
        ["sh", "-c", command, "sh", *PROGRAM], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (shop / "one.bundle").stat().st_size > 0


def test_output_that_cannot_be_written_is_told(shop: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, "list"], env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "decisor: standard output cannot be written: no space left on device\n"
    assert shop.is_dir()
