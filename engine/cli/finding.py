"""Finds the workspace from the current folder upwards, but never one that another user put there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .command import CannotRunError

WORKSPACE_FILE: Final = "decisor.yaml"
TRUSTED: Final = "DECISOR_TRUSTED_FOLDERS"


def nearest_workspace(start: Path, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The nearest folder from `start` upwards that holds decisor.yaml.

    Raises CannotRunError when another user owns it, as git does: anyone who can write to a parent folder could
    otherwise decide what the commands read and which servers they use.
    """
    for folder in (start, *start.parents):
        if (folder / WORKSPACE_FILE).is_file():
            _check_owner(folder, environ)
            return folder
    return None


def _check_owner(folder: Path, environ: Mapping[str, str]) -> None:
    owners = {(folder / name).stat().st_uid for name in ("", WORKSPACE_FILE)}
    if owners <= _own_users(environ) or _is_trusted(folder, environ.get(TRUSTED, "")):
        return
    raise CannotRunError(
        f"`{folder / WORKSPACE_FILE}` was found, but another user owns it or its folder: if you trust them, name the"
        f" workspace (`-C {folder}`, for `check` without -C), or list it in {TRUSTED}"
    )


def _own_users(environ: Mapping[str, str]) -> set[int]:
    """The ids of users whose files are trusted: the current user and, under sudo, the user who called it."""
    user = os.geteuid()
    caller = environ.get("SUDO_UID", "")
    return {user, int(caller)} if user == 0 and caller.isascii() and caller.isdecimal() else {user}


def _is_trusted(folder: Path, listed: str) -> bool:
    """Whether the folders listed in the environment, separated by `:`, include this one; `*` stands for all."""
    real = os.path.realpath(folder)
    return any(each == "*" or (each and os.path.realpath(each) == real) for each in listed.split(os.pathsep))
