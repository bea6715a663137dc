"""A workspace that another user has laid in a folder above is not used by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.cli.command import CannotRunError
from engine.cli.finding import TRUSTED, nearest_workspace
from tests.unit.cli.conftest import Decisor

OTHER = 4_000_000_000


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """We are somebody else than whoever has made the files."""
    monkeypatch.setattr(os, "geteuid", lambda: OTHER)


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize("command", ["list", "check", "doctor", "up", "down", "fmt"])
def test_a_workspace_of_another_user_is_refused_with_a_way_to_use_it(
    shop: Path, command: str, decisor: Decisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop / "rules")
    done = decisor(command)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"decisor: `{shop / 'decisor.yaml'}` was found, but another user owns it or its folder: if you trust them,"
        f" name the workspace (`-C {shop}`, for `check` without -C), or list it in {TRUSTED}\n"
    )


@pytest.mark.usefixtures("stranger")
def test_a_workspace_that_is_named_or_trusted_is_used(
    shop: Path, decisor: Decisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop / "rules")
    assert decisor("list", "-C", shop).code == 0
    assert decisor("check", shop).code == 0
    assert decisor("check", ".").code == 2
    for trusted in (str(shop), f"/elsewhere:{shop}/", "*", f":{shop}/rules/.."):
        monkeypatch.setenv(TRUSTED, trusted)
        assert decisor("list").code == 0
        assert decisor("check", ".").code == 0
    for trusted in ("", ":", str(shop.parent), "/elsewhere"):
        monkeypatch.setenv(TRUSTED, trusted)
        assert decisor("list").code == 2


def test_under_sudo_the_workspaces_of_root_and_of_the_caller_are_ours(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = str(shop.stat().st_uid)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert nearest_workspace(shop, {"SUDO_UID": owner}) == shop
    monkeypatch.setattr(os, "geteuid", lambda: OTHER)
    for environ in ({"SUDO_UID": owner}, {"SUDO_UID": f"-{owner}"}, {"SUDO_UID": ""}):
        with pytest.raises(CannotRunError, match="another user owns it"):
            nearest_workspace(shop, environ)
