"""Where embedded servers store their files: folders that their account can enter, sockets with short enough paths."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from .account import Account, ServerUnavailableError, open_to_all
from .folders import open_folder, replace_file, unlink_within
from .marks import is_empty, is_marked, mark
from .state import FOLDER

LONGEST_SOCKET: Final = 103  # bytes of a socket's path: Linux accepts 107, macOS 103
IGNORE: Final = ".gitignore"
PREFIX: Final = "decisor-"
OWN_FOLDER: Final = Path("/var/lib/decisor")  # for root's servers, if their account cannot enter the workspace


def cache_folder() -> Path:
    """The folder outside the checkout where servers are unpacked and tests run theirs.

    PostgreSQL and Elasticsearch do not run as root, so root's cache is a folder that every account can enter.
    """
    if named := os.environ.get("DECISOR_CACHE"):
        folder = Path(named)
    elif os.geteuid() == 0:
        folder = Path("/var/tmp/decisor-cache")  # noqa: S108 - only used when we own it, as checked below
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "decisor"
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    # The owner of a link in its place would decide which programs are started.
    if {folder.stat().st_uid, folder.lstat().st_uid} != {os.geteuid()}:
        raise ServerUnavailableError(f"`{folder}` belongs to another user; name a folder of yours in DECISOR_CACHE")
    return folder


def workspace_folder(root: Path) -> Path:
    """The folder of a workspace's servers, created if need be; git ignores it.

    Raises ServerUnavailableError if a link or another user's folder is in its place.
    """
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    with open_folder(folder) as descriptor:
        os.fchmod(descriptor, 0o700 if os.geteuid() != 0 else 0o711)  # root's servers run as another account
        if not os.path.lexists(folder / IGNORE):
            replace_file(descriptor, IGNORE, b"*\n", 0o644)
    return folder


def server_folder(root: Path, name: str, account: Account | None, *, given: bool = True, adopt: bool = False) -> Path:
    """The folder of one server of a workspace, which its account can enter, or owns if it is `given`.

    Raises ServerUnavailableError if we have not created it, unless `adopt` is set.
    """
    base = workspace_folder(root)
    if account is not None and not open_to_all(base):
        base = OWN_FOLDER / hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
        base.mkdir(mode=0o755, parents=True, exist_ok=True)
        note = base / "workspace"
        note.write_bytes(os.fsencode(root))
    folder = base / name
    folder.mkdir(mode=0o700, exist_ok=True)
    with open_folder(folder, () if account is None else (account.user,)) as descriptor:
        if is_empty(descriptor) or adopt:
            mark(folder, descriptor)
        elif not is_marked(folder, descriptor):
            raise ServerUnavailableError(
                f"`{folder}` was not created by `decisor up` of this account on this machine, and its content decides"
                " what a server runs: move it away, or, if it is yours, take it over with `decisor up --adopt`"
            )
        if account is not None and given:
            os.fchown(descriptor, account.user, account.group)
        elif account is not None:
            os.fchmod(descriptor, 0o711)
    return folder


def socket_folder(usual: Path, name: str, account: Account | None, before: str = "") -> Path:
    """The folder for a socket of that name: the usual one, or a new one in the system's temporary folder.

    A new one is used if the socket's path would be too long, or if libpq would read a comma in it as two servers. It
    gets the name that it had `before`, if that is free.
    """
    if fits(usual / name):
        return usual
    folder = _recreate(before) or Path(tempfile.mkdtemp(prefix=PREFIX, dir=temporary_folder(account)))
    if account is not None:
        os.chown(folder, account.user, account.group, follow_symlinks=False)
    return folder


def remove_socket_folder(folder: Path, sockets: Collection[str]) -> None:
    """Remove a folder that `socket_folder` has created, with those sockets; it stays if it holds anything else."""
    if not _is_temporary(folder):
        return
    with suppress(OSError):
        unlink_within(folder, *sockets, *(f"{each}.lock" for each in sockets))
        folder.rmdir()


def _recreate(before: str) -> Path | None:
    """Create the folder of that name again; None if the name is taken, or nothing can be created there."""
    if not _is_temporary(Path(before)):
        return None
    try:
        Path(before).mkdir(mode=0o700)
    except OSError:
        return None
    return Path(before)


def _is_temporary(folder: Path) -> bool:
    """Whether the folder has one of our names and lies in a temporary folder."""
    parents = {temporary_folder(None), Path("/tmp")}  # noqa: S108 - as below
    return folder.parent in parents and folder.name.startswith(PREFIX)


def fits(path: Path) -> bool:
    """Whether a socket can have this path."""
    return len(os.fsencode(path)) <= LONGEST_SOCKET and "," not in str(path)


def temporary_folder(account: Account | None) -> Path:
    """The parent for temporary folders: the system's, unless the account cannot enter it or its path is too long."""
    usual = Path(tempfile.gettempdir()).resolve()
    suits = fits(usual / "decisor-12345678" / ".s.PGSQL.5432") and (account is None or open_to_all(usual))
    return usual if suits else Path("/tmp")  # noqa: S108 - only the parent; mkdtemp chooses the folder's own name
