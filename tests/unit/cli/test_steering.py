"""A workspace whose texts would steer a terminal, or a log that reads commands from lines: no command repeats them."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from engine.bundle.envelope import About
from engine.bundle.read import acceptance_of, read_bundle
from engine.bundle.write import pack, write_bundle
from tests.unit.cli.conftest import FILES, Decisor, write
from tests.unit.cli.test_app import ENVIRONMENT, PROGRAM

EVIL = r"a\e[31mX\a\r\e]0;title\a\u202e\u009b31m\n::error::b"  # as YAML and JSON write it
WITHIN = r"a\e[31mX\a\e]0;title\a\u202e\u009b31m"  # in an expression
PLACES = {
    "segments/vips.yaml": {
        "description: Spent 500 or more.": f'description: "{EVIL}"',
        "owner: growth": f'owner: "{EVIL}"',
        "tags: [spring]": f'tags: ["{EVIL}"]',
    },
    "segments/vips.test.yaml": {
        "name: big spenders are in": f'name: "{EVIL}"',
        "profile: {spend: 500.0}": f'profile: {{spend: 5.0, country: "{EVIL[:20]}"}}',
    },
    "rules/hero.yaml": {
        "\"'thanks'\"": f"\"'{WITHIN}'\"",
        "in_segment('vips')": f"in_segment('vips') and profile.country != '{WITHIN}'",
    },
}
STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|^[^\\S\n]*::(?!error file=|warning file=)", re.MULTILINE
)  # GitHub takes an indented `::error::`, too

COMMANDS = [
    "check",
    "check --format github",
    "check --format json",
    "list",
    "list owner:x",
    "explain vips",
    "explain vips --target sql:postgres",
    "explain odd",
    "explain hero",
    "compile odd --target english",
    "compile odd --target sql:duckdb",
    "graph hero",
    "graph vips",
    "graph hero --format dot",
    "test",
    "test --missing",
    "test --format junit",
    "test -k [31m",
    "plan --against earlier.bundle",
    "plan --against earlier.bundle --format md",
    "fmt --diff",
    "fix --diff",
    "build -o steering.bundle",
    "verify steering.bundle",
    "no\x1b[31msuch\x9bcommand",
    "explain no\x1b[31m\x9bsuch",
    "check no\x1b[31m\x9bsuch",
]


@pytest.fixture
def steering(shop: Path, decisor: Decisor) -> Path:
    assert decisor("build", "-o", "earlier.bundle").code == 0
    files = dict(FILES)
    for name, changes in PLACES.items():
        for before, after in changes.items():
            assert before in files[name]
            files[name] = files[name].replace(before, after)
    odd = (
        f'apiVersion: v1\nkind: Segment\nname: odd\nconditions: [{{field: country, operator: in, value: ["{EVIL}"]}}]\n'
    )
    write(shop, {**files, "segments/odd.yaml": odd})
    done = decisor("check")
    assert (done.code, done.out) == (0, "")
    return shop


@pytest.mark.usefixtures("steering")
def test_no_command_prints_what_steers(decisor: Decisor) -> None:
    for command in COMMANDS:
        done = decisor(*command.split(" "))
        for text in (done.out, done.err):
            found = STEERING.search(text)
            assert found is None, (command, text[max(0, found.start() - 200) : found.end() + 50])


@pytest.mark.parametrize(
    "command, comment",
    [("fmt --diff", "# plain"), ("fix --diff", "# a\x1b[2J\x9bb\u202ec\u2028::error::d\r::error::e")],
)
def test_a_difference_shows_changes_without_what_steers(
    shop: Path, decisor: Decisor, command: str, comment: str
) -> None:
    (shop / "segments" / "odd.yaml").write_bytes(
        f"apiVersion: v1\nkind: Segment\nname: odd\n{comment}\nownr:    growth\n"
        "description: |2\n    ::error::f\n  ::error::g\nconditions: [segment: vips]\n".encode()
    )
    done = decisor(*command.split(" "))
    assert "--- a/segments/odd.yaml\n" in done.out
    assert not STEERING.search(done.out + done.err), done.out


def test_a_file_whose_name_steers_is_not_read_and_is_told_without(shop: Path, decisor: Decisor) -> None:
    for name in ("a\x1b[31m.yaml", "b\n::error::x.yaml", "c\u202e.test.yaml"):
        (shop / "segments" / name).write_text("x: 1\n")
    (shop / "segments" / "d\nd").mkdir()
    (shop / "segments" / "d\nd" / "e.yaml").write_text("x: 1\n")
    done = decisor("check", "--format", "json")
    assert [each["code"] for each in json.loads(done.out)["findings"]] == ["Y064"] * 4
    for form in ("text", "github"):
        done = decisor("check", "--format", form)
        assert done.code == 1
        assert not STEERING.search(done.out)


def test_a_bundle_does_not_say_who_signed_it(shop: Path, decisor: Decisor) -> None:
    assert decisor("build", "-o", "a.bundle").code == 0
    raw = (shop / "a.bundle").read_bytes()
    program = read_bundle(shop / "a.bundle", acceptance_of([], require=False), "2026-03-01T00:00:00.000Z").program
    claim = f"x\nsigned by {'0' * 64}, which is one of the given keys\x1b[2J"
    write_bundle(shop / "b.bundle", pack(program, About("shop", 0, claim)))
    assert (shop / "b.bundle").read_bytes() != raw
    done = decisor("verify", "b.bundle")
    assert done.code in {0, 1}
    assert not any(line.startswith("signed by") for line in done.out.splitlines())
    assert not STEERING.search(done.out + done.err)


def test_a_terminal_gets_no_control_characters_but_our_colours(steering: Path) -> None:
    (steering / "segments" / "odd.yaml").write_text("kind: Segment\nbogus: 1\n")
    for arguments in (["list", "--format", "json"], ["check"]):
        ours, theirs = pty.openpty()
        environment = {**ENVIRONMENT, "TERM": "xterm"}
        environment.pop("NO_COLOR", None)
        with subprocess.Popen([*PROGRAM, *arguments], env=environment, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            shown = b"".join(iter(lambda: _read(ours), b""))  # noqa: B023 - it is called here
            process.wait(60)
        os.close(ours)
        text = shown.decode().replace("\r\n", "\n")
        assert "bogus" in text or '"documents"' in text
        assert not STEERING.search(re.sub(r"\x1b\[[\d;]*m", "", text))
        assert ("\x1b[" in text) == (arguments == ["check"])


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other end is closed
        return b""
