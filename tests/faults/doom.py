"""How a process of a test comes to an end at a place that the test names."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from typing import Any

Steps = Mapping[str, tuple[Any, str]]  # what has a function, and the function's name, by the name of the step


def doom(steps: Steps, point: str, count: int = 1, number: signal.Signals = signal.SIGKILL) -> None:
    """Let the process send itself that signal at the COUNT-th pass of `<step>:before` or `<step>:after`."""
    step, side = point.split(":")
    owner, name = steps[step]
    original: Callable[..., Any] = getattr(owner, name)
    left = count

    def doomed(*arguments: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if (left, side) == (0, "before"):
            os.kill(os.getpid(), number)
        answer = original(*arguments, **options)
        if (left, side) == (0, "after"):
            os.kill(os.getpid(), number)
        return answer

    setattr(owner, name, doomed)
