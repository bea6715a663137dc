"""Files made to break a reader: each is a finding, soon, and the others are read as if it were not there."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.effort import within
from tests.unit.cli.conftest import Decisor

EFFORT = 100  # for one file; what is measured is below a tenth of it
HEAD = "apiVersion: v1\nkind: Segment\nname: odd\n"


def text(content: str | bytes) -> Callable[[Path], None]:
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content

    def make(file: Path) -> None:
        file.write_bytes(raw)

    return make


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 12)]
    return "\n".join(lines)


def pipe(file: Path) -> None:
    os.mkfifo(file)


def sock(file: Path) -> None:
    before = Path.cwd()
    os.chdir(file.parent)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(file.name)
    finally:
        os.chdir(before)


def link(target: str) -> Callable[[Path], None]:
    return lambda file: file.symlink_to(target)


HOSTILE: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "deep brackets": (text("[" * 30_000), {"Y040"}),
    "deep braces": (text("{a: " * 30_000), {"Y040"}),
    "deep blocks": (text("".join(f"{' ' * level}a:\n" for level in range(1_000))), {"Y040"}),
    "deep dashes": (text("- " * 30_000 + "a"), {"Y040"}),
    "deep conditions": (
        text(HEAD + "conditions: " + "{not: " * 60 + "{field: spend, operator: exists}" + "}" * 60),
        {"C004"},
    ),
    "alias bomb": (text(bomb()), {"Y042"}),
    "alias in itself": (text("a: &a [*a]"), {"Y030"}),
    "huge scalar": (text("a: " + "x" * 1_000_000), {"Y043"}),
    "huge quoted scalar": (text('a: "' + "x" * 1_000_000), {"Y043", "Y072"}),
    "huge file": (text(b"# " + b"x" * 3_000_000), {"Y041"}),
    "huge key": (text("x" * 1_000_000 + ": 1"), {"Y043", "Y070"}),
    "huge number": (text(HEAD + f"conditions: [{{field: orders, operator: equals, value: {'9' * 60_000}}}]"), {"Y012"}),
    "huge pattern": (
        text(HEAD + f"conditions: [{{field: country, operator: matches, value: '{'(a+)+' * 2_000}'}}]"),
        {"T002"},
    ),
    "many documents": (text("---\na: 1\n" * 11_000), {"Y042"}),
    "many keys": (text("".join(f"k{number}: 1\n" for number in range(120_000))), {"S011"}),
    "many anchors": (text("".join(f"k{number}: &a{number} 1\n" for number in range(50_000))), {"S011"}),
    "duplicate keys": (
        text(HEAD + "name: even\nname: other\n" + "conditions: [{field: spend, operator: exists}]"),
        {"Y020"},
    ),
    "merge key": (text("a: &a {b: 1}\nc: {<<: *a}"), {"Y032"}),
    "python tag": (text("!!python/object/apply:os.system ['true']"), {"Y031"}),
    "binary tag": (text("a: !!binary aGVsbG8="), {"Y031"}),
    "other booleans": (text(HEAD + "owner: NO\ntags: [22:22, 0777, on]\n"), {"Y010"}),
    "bad UTF-8": (text(HEAD.encode() + b"owner: \xff\xfe\x80\n"), {"Y050"}),
    "UTF-16": (text("a: 1".encode("utf-16")), {"Y050"}),
    "lone surrogate": (text("a: \ud800"), {"Y050"}),
    "zero bytes": (text(b"\x00" * 1_000), {"Y052"}),
    "control characters": (text("a: \x07\x1b[31m"), {"Y052"}),
    "reversed text": (text("a: \u202eb"), {"Y054"}),
    "tabs": (text("a:\n\t- b"), {"Y053"}),
    "only quotes": (text("'" * 20_001), {"Y072", "Y070", "S001"}),
    "only colons": (text(": " * 20_000), {"Y021", "Y040", "Y070", "Y022"}),
    "only question marks": (text("? " * 20_000), {"Y040", "Y022", "Y070"}),
    "only ampersands": (text("&a " * 20_000), {"Y070"}),
    "only percent signs": (text("%" * 20_000), {"Y034", "Y074", "Y070"}),
    "only carriage returns": (text("\r" * 500_000), set()),
    "nothing": (text(""), set()),
    "pipe": (pipe, {"Y061"}),
    "socket": (sock, {"Y061"}),
    "device": (link("/dev/zero"), {"Y060"}),
    "link out of the workspace": (link("/etc/passwd"), {"Y060"}),
    "link to nothing": (link("nothing.yaml"), {"Y062"}),
    "link to itself": (link("odd.yaml"), {"Y062"}),
    "link to the root": (link("/"), {"Y060"}),
    "link to the folder above": (link(".."), set()),
    "folder": (Path.mkdir, set()),
}


def codes_of(report: str, file: str) -> set[str]:
    return {each["code"] for each in json.loads(report)["findings"] if each["file"] == file}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_finding_soon(name: str, shop: Path, decisor: Decisor) -> None:
    make, expected = HOSTILE[name]
    decisor("check")  # what is loaded once is not the file's fault
    make(shop / "segments/odd.yaml")
    done = within(EFFORT, lambda: decisor("check", "--format", "json"))
    assert "Traceback" not in done.err
    assert done.code in {0, 1}
    found = codes_of(done.out, "segments/odd.yaml")
    assert (found & expected) if expected else not found, found


def test_all_of_them_together_hide_nothing(shop: Path, decisor: Decisor) -> None:
    for index, (make, _codes) in enumerate(HOSTILE.values()):
        file = shop / f"segments/odd_{index}.yaml"
        make(file)
        if file.is_file() and not file.is_symlink():
            file.write_bytes(file.read_bytes().replace(b"name: odd", f"name: odd_{index}".encode()))
    wrong = HEAD.replace("odd", "wrong") + "conditions: [{field: spnd, operator: exists}]\n"
    (shop / "segments/wrong.yaml").write_text(wrong)
    done = decisor("check", "--format", "json")
    assert done.code == 1
    assert codes_of(done.out, "segments/wrong.yaml") >= {"L001"}
    for index, (name, (_make, codes)) in enumerate(HOSTILE.items()):
        if codes and name not in {"link to itself", "link to nothing"}:
            assert codes_of(done.out, f"segments/odd_{index}.yaml") & codes, name


def test_a_file_name_that_is_not_utf_8_is_told(shop: Path, decisor: Decisor) -> None:
    with open(os.fsencode(shop) + b"/segments/\xff.yaml", "wb") as stream:  # noqa: PTH123 - such a path is bytes
        stream.write(b"a: 1")
    report = json.loads(decisor("check", "--format", "json").out)
    assert [each["code"] for each in report["findings"]] == ["Y064"]


def test_decisor_yaml_itself_may_be_hostile(shop: Path, decisor: Decisor) -> None:
    for content, code in (("[" * 30_000, "Y040"), ("name: a\nname: b\n", "Y020"), ("", "S011"), ("- a", "S001")):
        (shop / "decisor.yaml").write_text(content)
        assert code in codes_of(decisor("check", "--format", "json").out, "decisor.yaml")


def test_a_member_list_from_outside_is_not_read(shop: Path, decisor: Decisor) -> None:
    (shop / "segments/list.yaml").write_text(
        "apiVersion: v1\nkind: MemberList\nname: crew\nfile: passwd\n---\n"
        "apiVersion: v1\nkind: Segment\nname: crew\nconditions: [{list: crew}]\n"
    )
    (shop / "segments/passwd").symlink_to("/etc/passwd")
    done = decisor("check", "--format", "json")
    assert codes_of(done.out, "segments/list.yaml") == {"S024"}
    assert "root:" not in done.out
