"""Where embedded servers keep their things: folders that their account can enter, sockets with short enough paths."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from .account import Account, ServerUnavailableError, open_to_all
from .folders import opened, unlink_within, write_anew
from .marks import is_empty, is_marked, mark
from .state import FOLDER

LONGEST_SOCKET: Final = 103  # bytes of a socket's path: Linux takes 107, macOS 103
IGNORE: Final = ".gitignore"
PREFIX: Final = "decisor-"
OWN_FOLDER: Final = Path("/var/lib/decisor")  # of root's servers, where the workspace is closed to their account


def cache_folder() -> Path:
    """The folder outside the checkout where servers are unpacked, and those of tests run.

    PostgreSQL and Elasticsearch do not run as root, so root's is a folder that every account can enter.
    """
    if named := os.environ.get("DECISOR_CACHE"):
        folder = Path(named)
    elif os.geteuid() == 0:
        folder = Path("/var/tmp/decisor-cache")  # noqa: S108 - only used when we own it, as checked below
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "decisor"
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    # Whoever has made the link in its place says where what is started lies.
    if {folder.stat().st_uid, folder.lstat().st_uid} != {os.geteuid()}:
        raise ServerUnavailableError(f"`{folder}` belongs to another user; name a folder of yours in DECISOR_CACHE")
    return folder


def workspace_folder(root: Path) -> Path:
    """The folder of a workspace's servers, made if need be; git does not look into it.

    Raises ServerUnavailableError where a link or another's folder is in its place.
    """
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    with opened(folder) as descriptor:
        os.fchmod(descriptor, 0o700 if os.geteuid() != 0 else 0o711)  # root's servers run as another account
        if not os.path.lexists(folder / IGNORE):
            write_anew(descriptor, IGNORE, b"*\n", 0o644)
    return folder


def server_folder(root: Path, name: str, account: Account | None, *, given: bool = True, adopt: bool = False) -> Path:
    """The folder of one server of a workspace, which its account can enter, or is `given`.

    Raises ServerUnavailableError where we have not made it, unless it is to be adopted.
    """
    base = workspace_folder(root)
    if account is not None and not open_to_all(base):
        base = OWN_FOLDER / hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
        base.mkdir(mode=0o755, parents=True, exist_ok=True)
        note = base / "workspace"
        note.write_bytes(os.fsencode(root))
    folder = base / name
    folder.mkdir(mode=0o700, exist_ok=True)
    with opened(folder, () if account is None else (account.user,)) as descriptor:
        if is_empty(descriptor) or adopt:
            mark(folder, descriptor)
        elif not is_marked(folder, descriptor):
            raise ServerUnavailableError(
                f"`{folder}` was not made by `decisor up` of this account on this machine, and its content says what a"
                " server runs: move it away, or, where it is yours, take it over with `decisor up --adopt`"
            )
        if account is not None and given:
            os.fchown(descriptor, account.user, account.group)
        elif account is not None:
            os.fchmod(descriptor, 0o711)
    return folder


def socket_folder(usual: Path, name: str, account: Account | None, before: str = "") -> Path:
    """The folder for a socket of that name: the usual one, or a new one in the system's temporary folder.

    The new one is taken where the socket's path would be too long, or where a comma would tell libpq of two servers. It
    has the name that it had `before`, where that is free.
    """
    if fits(usual / name):
        return usual
    folder = _made_again(before) or Path(tempfile.mkdtemp(prefix=PREFIX, dir=temporary_folder(account)))
    if account is not None:
        os.chown(folder, account.user, account.group, follow_symlinks=False)
    return folder


def remove_socket_folder(folder: Path, sockets: Collection[str]) -> None:
    """Remove a folder that `socket_folder` has made, with those sockets; anything else in it, and it stays."""
    if not _is_temporary(folder):
        return
    with suppress(OSError):
        unlink_within(folder, *sockets, *(f"{each}.lock" for each in sockets))
        folder.rmdir()


def _made_again(before: str) -> Path | None:
    """The folder of that name, made anew; None where something has its name, or nothing can be made there."""
    if not _is_temporary(Path(before)):
        return None
    try:
        Path(before).mkdir(mode=0o700)
    except OSError:
        return None
    return Path(before)


def _is_temporary(folder: Path) -> bool:
    """Whether that is a name of ours in a temporary folder."""
    parents = {temporary_folder(None), Path("/tmp")}  # noqa: S108 - as below
    return folder.parent in parents and folder.name.startswith(PREFIX)


def fits(path: Path) -> bool:
    """Whether a socket can have that path."""
    return len(os.fsencode(path)) <= LONGEST_SOCKET and "," not in str(path)


def temporary_folder(account: Account | None) -> Path:
    """The folder for temporary ones: the usual one, unless it is closed to the account or too long for a socket."""
    usual = Path(tempfile.gettempdir()).resolve()
    suits = fits(usual / "decisor-12345678" / ".s.PGSQL.5432") and (account is None or open_to_all(usual))
    return usual if suits else Path("/tmp")  # noqa: S108 - only the parent; mkdtemp makes the folder's own name
