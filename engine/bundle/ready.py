"""Prepares a bundle to run: everything that is generated from it is generated before the first request."""

from __future__ import annotations

from collections.abc import Callable

from ..ir.codec import DecodeError
from ..ir.program import Program
from ..runtime.loaded import Runtime
from .envelope import BundleRefusedError
from .read import OpenBundle

Make = Callable[[Program, str], Runtime]


def prepare_bundle(bundle: OpenBundle, make: Make = Runtime) -> Runtime:
    """The runtime of a bundle, with all functions generated. Raises BundleRefusedError for a bundle that cannot run.

    A bundle comes from outside, and a signature does not make it sound. So any failure here is the bundle's fault, not
    an error of the process that loads it.
    """
    try:
        runtime = make(bundle.program, bundle.digest)
        runtime.prepare()
    except DecodeError as problem:
        raise BundleRefusedError(f"the bundle cannot be prepared: {problem}") from None
    except Exception as problem:
        raise BundleRefusedError(
            f"the bundle cannot be prepared: a part of it is invalid ({type(problem).__name__})"
        ) from problem
    return runtime
