"""`decisor keygen`: creates a key pair for signing bundles."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from .command import CLEAN, CannotRunError, Command, reason
from .files import check_output


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, help="where the private key goes; the public key goes next to it as FILE.pub"
    )


def _run(options: argparse.Namespace) -> int:
    from ..bundle.sign import KeyRefusedError, generate_key

    file: Path = options.file
    public_file = file.with_name(file.name + ".pub")
    check_output(file)
    for each in (file, public_file):
        if each.exists():
            raise CannotRunError(f"`{each}` already exists; a key is never overwritten")
    try:
        private, public = generate_key()
        _write(file, private, 0o600)
        _write(public_file, public, 0o644)
    except KeyRefusedError as problem:
        raise CannotRunError(str(problem)) from None
    except FileExistsError as problem:
        raise CannotRunError(f"`{problem.filename}` already exists; a key is never overwritten") from None
    except OSError as problem:
        raise CannotRunError(f"`{problem.filename}` cannot be written: {reason(problem)}") from None
    print(f"{file}: the private key, which signs bundles; keep it secret")
    print(f"{public_file}: the public key; distribute it to everything that verifies bundles")
    return CLEAN


def _write(file: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)


COMMAND = Command("Make an Ed25519 key pair for signing bundles.", "decisor keygen release.key", _configure, _run)
