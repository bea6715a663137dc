"""What the outside must offer the interpreter: small protocols, implemented elsewhere and wired by service and CLI.

A port answers needs of one kind. `Ports` finds it by the type of need, so nothing here lists the kinds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from .needs import Got, Need
from .writes import Outcome, Write

if TYPE_CHECKING:
    from .threads import Threads

Answers: TypeAlias = "Sequence[Got] | Awaitable[Sequence[Got]]"
"""One answer per need, in their order; awaitable where only the asyncio driver calls the port."""

Outcomes: TypeAlias = "Sequence[Outcome] | Awaitable[Sequence[Outcome]]"
"""As many as writes were handed over, in their order; awaitable as `Answers` are."""

Asked_contra = TypeVar("Asked_contra", bound=Need, contravariant=True)

THREADS = 16  # for one port that blocks


class Port(Protocol[Asked_contra]):
    """Answers needs of one kind; the need's class defines the form of the values."""

    @property
    def blocks(self) -> bool:
        """Whether `answer` blocks its thread; the asyncio driver then calls it in another thread."""

    def answer(self, needs: Sequence[Asked_contra], deadline: float) -> Answers:
        """An answer to each need in their order, before `deadline` (monotonic seconds)."""


class WritePort(Protocol):
    """Carries out the writes of decisions."""

    @property
    def blocks(self) -> bool:
        """As for a `Port`."""

    def carry_out(self, writes: Sequence[Write], deadline: float) -> Outcomes:
        """The outcome of each write, in their order; one call may have the writes of many decisions.

        The decision's own record comes last. A write that is repeated, as its decision's id shows, must change nothing.
        """


class Assigner(Protocol):
    """Assigns units to arms; pure."""

    def assign(
        self, experiment: str, unit: str | None, now: str, sticky: Mapping[str, Any] | None = None
    ) -> tuple[str | None, str, int]:
        """The arm or None, the reason and the phase's number."""

    def explain(self, experiment: str, unit: str, now: str) -> dict[str, Any]:
        """The numbers behind the assignment."""


class SegmentMatcher(Protocol):
    """Matches a canonical profile against segments."""

    def holds(self, segment: str, profile: Mapping[str, Any], now: str) -> bool:
        """Whether the profile is in one segment."""

    def match(self, profile: Mapping[str, Any], now: str) -> Collection[str]:
        """All segments that the profile is in."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The available ports: those for needs, by the type of need that they answer, and the one for writes.

    Needs without a port are answered with the declared fallback; without `writes`, nothing is carried out. `clock`
    gives the monotonic seconds that deadlines are compared with; if it stands still, nothing is late. Raises
    TypeError for a port that does not say whether it blocks.
    """

    by_need: Mapping[type[Need], Port[Any]] = field(default_factory=dict)
    writes: WritePort | None = None
    clock: Callable[[], float] = monotonic
    threads_of_writes: Threads | None = field(init=False, repr=False, compare=False)
    """The threads in which an event loop carries out writes; None if the port does not block."""
    _threads: Mapping[type[Need], Threads] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Give each blocking port its own threads, so that a port that hangs takes none from the others."""
        threads = {need: _threads_of(port, need.kind) for need, port in self.by_need.items()}
        object.__setattr__(self, "_threads", {need: own for need, own in threads.items() if own is not None})
        own = None if self.writes is None else _threads_of(self.writes, "writes")
        object.__setattr__(self, "threads_of_writes", own)

    def of(self, need: type[Need]) -> Port[Any] | None:
        """The port that answers a type of need."""
        return self.by_need.get(need)

    def threads_of(self, need: type[Need]) -> Threads | None:
        """The threads in which an event loop calls the port; None for a port that does not block."""
        return self._threads.get(need)


def _threads_of(port: Port[Any] | WritePort, name: str) -> Threads | None:
    """Threads for a port that blocks; None for one that does not."""
    if not isinstance(getattr(port, "blocks", None), bool):
        raise TypeError(f"the port of `{name}` does not say whether it blocks; give it `blocks`")
    if not port.blocks:
        return None
    from .threads import Threads  # costs the import of the runtime, and only a port that blocks needs them

    return Threads(THREADS)
