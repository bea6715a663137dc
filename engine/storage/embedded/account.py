"""The account that a server runs as: the caller's, or instead of root one that the machine already has."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOBODY = "nobody"


class ServerUnavailableError(RuntimeError):
    """A server cannot be started here; the message says what to install, or quotes what the server last printed."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account that a server runs as in place of root."""

    user: int
    group: int


def account_of(*names: str) -> Account | None:
    """For root, the first of the named accounts that exists; None for every other user, who needs no other account."""
    if os.geteuid() != 0:
        return None
    for name in names or (NOBODY,):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise ServerUnavailableError(f"a server must not run as root, and there is no account {' or '.join(names)}")


def owner_of(folder: Path) -> Account | None:
    """For root, the account that owns a folder; None for every other user.

    Raises ServerUnavailableError if the folder is a link or belongs to root.
    """
    if os.geteuid() != 0:
        return None
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid == 0:
        raise ServerUnavailableError(f"`{folder}` is not a folder of the account that its server ran as: move it away")
    return Account(found.st_uid, found.st_gid)


def popen_identity(account: Account | None) -> dict[str, Any]:
    """The arguments to `subprocess` that make a program run as the account."""
    if account is None:
        return {}
    return {"user": account.user, "group": account.group, "extra_groups": []}


def open_to_all(path: Path) -> bool:
    """Whether every account may enter the folder and all of its parents."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def dying_with_parent(command: Sequence[str], signal_name: str) -> list[str]:
    """The command; where Linux offers it, the kernel sends it the signal when the process that starts it ends."""
    return ["setpriv", "--pdeathsig", signal_name, *command] if shutil.which("setpriv") else list(command)
