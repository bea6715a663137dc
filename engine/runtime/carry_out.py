"""Carries out the writes of decisions once the answers are known, in one call of the port.

A decision stands whether or not its writes succeed. The decision records the outcome of each write.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from inspect import isawaitable, iscoroutine
from typing import Any

from .decision import Decision, DecisionRecord
from .ports import Outcomes, Ports
from .writes import OUTCOMES, Outcome, Write

WRITE_SECONDS = 0.1  # the limit for the port


def writes_of(decision: Decision) -> list[Write]:
    """The writes of a decision, followed by the decision itself for the log."""
    return [*decision.writes, DecisionRecord(decision.decision_id, decision.now, decision)]


def carry_out(decisions: Sequence[Decision], ports: Ports, deadline: float) -> list[Decision]:
    """The decisions with the outcomes of their writes; unchanged without a port for writes."""
    port = ports.writes
    if port is None or not decisions:
        return list(decisions)
    writes = [write for decision in decisions for write in writes_of(decision)]
    limit = min(deadline, ports.clock() + WRITE_SECONDS)
    if limit <= ports.clock():
        return _with_outcomes(decisions, _all("timeout", writes))
    try:
        given = port.carry_out(writes, limit)
    except TimeoutError:
        return _with_outcomes(decisions, _all("timeout", writes))
    except Exception:  # noqa: BLE001 - whatever a client raises, the decision stands
        return _with_outcomes(decisions, _all("error", writes))
    return _with_outcomes(decisions, _check_outcomes(given, writes))


async def carry_out_async(decision: Decision, ports: Ports, deadline: float) -> Decision:
    """Like `carry_out`, inside an event loop: a port that blocks is called in a thread."""
    port = ports.writes
    if port is None:
        return decision
    import asyncio  # 20 ms that only the asyncio driver needs

    writes = writes_of(decision)
    limit = min(deadline, ports.clock() + WRITE_SECONDS)
    left = limit - ports.clock()
    outcomes = _all("timeout", writes)
    if left > 0:
        call, threads = partial(port.carry_out, writes, limit), ports.threads_of_writes
        try:
            async with asyncio.timeout(left):
                given: Outcomes = call() if threads is None else await threads.run(call)
                if isawaitable(given):
                    given = await given
            outcomes = _check_outcomes(given, writes)
        except TimeoutError:
            pass  # as it was assumed
        except Exception:  # noqa: BLE001 - as in `carry_out`
            outcomes = _all("error", writes)
    return _with_outcomes([decision], outcomes)[0]


def _all(outcome: Outcome, writes: Sequence[Write]) -> list[Outcome]:
    return [outcome] * len(writes)


def _check_outcomes(given: Any, writes: Sequence[Write]) -> list[Outcome]:
    """The port's outcomes, if they are as many as the writes and each is one; nothing awaits them here."""
    if iscoroutine(given):
        given.close()
    if isinstance(given, Sequence) and len(given) == len(writes) and all(each in OUTCOMES for each in given):
        return list(given)
    return _all("error", writes)


def _with_outcomes(decisions: Sequence[Decision], outcomes: Sequence[Outcome]) -> list[Decision]:
    """Each decision with the outcomes of its own writes."""
    noted, start = [], 0
    for decision in decisions:
        end = start + len(decision.writes) + 1
        noted.append(decision._replace(carried=tuple(outcomes[start:end])))
        start = end
    return noted
