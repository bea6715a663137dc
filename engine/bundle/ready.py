"""A bundle made ready to run, whatever it holds: all that is generated of it is generated before the first request."""

from __future__ import annotations

from collections.abc import Callable

from ..ir.codec import DecodeError
from ..ir.program import Program
from ..runtime.loaded import Runtime
from .envelope import BundleRefusedError
from .read import OpenBundle

Make = Callable[[Program, str], Runtime]


def made_ready(bundle: OpenBundle, make: Make = Runtime) -> Runtime:
    """The runtime of a bundle, every function of it made. Raises BundleRefusedError for what cannot run.

    A bundle comes from outside and a signature says nothing of its sense, so whatever goes wrong here is the bundle's
    fault and never an error of the process that was offered it.
    """
    try:
        runtime = make(bundle.program, bundle.digest)
        runtime.prepare()
    except DecodeError as problem:
        raise BundleRefusedError(f"the bundle cannot be made ready: {problem}") from None
    except Exception as problem:
        raise BundleRefusedError(
            f"the bundle cannot be made ready: a part is not what it must be ({type(problem).__name__})"
        ) from problem
    return runtime
