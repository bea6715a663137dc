"""`decisor keys generate`: creates a key file with a master key and a hash key."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path

from ..command import CLEAN, CannotRunError, Command, reason
from ..files import check_output


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="where the keys go; only its owner can read it")


def _run(options: argparse.Namespace) -> int:
    from ...encryption.key_file import new_key_set, write_new_key_file
    from ...encryption.keyring import KEYS_FILE

    file: Path = options.file
    check_output(file)
    keys = new_key_set()
    try:
        write_new_key_file(file, keys)
    except FileExistsError:
        raise CannotRunError(f"`{file}` already exists; keys are never overwritten") from None
    except OSError as problem:
        raise CannotRunError(f"`{file}` cannot be written: {reason(problem)}") from None
    print(f"{file}: master key {keys.master[0].id}, hash key {keys.hash[0].id}")
    where = shlex.quote(os.path.abspath(file))  # noqa: PTH100 - a link stays a link
    print(f"set {KEYS_FILE}={where} to use it; keep a copy apart from the database's backups")
    return CLEAN


COMMAND = Command(
    "Make a file of keys for encrypted fields: a master key and a hash key.",
    "decisor keys generate customer.keys",
    _configure,
    _run,
)
