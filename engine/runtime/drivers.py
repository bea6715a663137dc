"""The three drivers: they run the same steps and differ only in how needs are answered.

Steps are a generator that yields tuples of needs and returns the decision. A driver groups needs by kind and time
limit, asks the port for each group once, and turns whatever goes wrong into the declared fallback: no port, a deadline
that has passed before or after asking, an exception, another number of answers (what an answer says is checked where it
is used, `record`). The asyncio driver asks a port that blocks in a thread, and leaves it there when its time is over.
Deadlines are absolute, in monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from functools import partial
from inspect import isawaitable, iscoroutine
from itertools import islice
from typing import Any, TypeAlias, TypeVar

from .needs import Got, Need, Status, fallback_of
from .ports import Answers, Port, Ports

Value = TypeVar("Value")
Steps: TypeAlias = Generator[tuple[Need, ...], tuple[Got, ...], Value]
Group: TypeAlias = list[Need]

TOGETHER = 1_000  # decisions whose needs a batch gathers
FOREVER = float("inf")


def drive(steps: Steps[Value], ports: Ports, deadline: float = FOREVER) -> Value:
    """The decision, answering needs one decision at a time."""
    try:
        needs = next(steps)
        while True:
            answers = answer(needs, ports, deadline)
            needs = steps.send(tuple([answers[need] for need in needs]))
    except StopIteration as stop:
        value: Value = stop.value
        return value


async def drive_async(steps: Steps[Value], ports: Ports, deadline: float = FOREVER) -> Value:
    """Like `drive`, inside an event loop: kinds of needs are answered concurrently, late answers cancelled."""
    try:
        needs = next(steps)
        while True:
            answers = await answer_async(needs, ports, deadline)
            needs = steps.send(tuple([answers[need] for need in needs]))
    except StopIteration as stop:
        value: Value = stop.value
        return value


def drive_batch(
    many: Iterable[Steps[Value]], ports: Ports, deadline: float = FOREVER, together: int = TOGETHER
) -> Iterator[Value]:
    """The decisions in their order; needs of up to `together` at a time are gathered into one call a kind."""
    waiting = iter(many)
    while chunk := list(islice(waiting, together)):
        yield from _drive_chunk(chunk, ports, deadline)


def _drive_chunk(chunk: list[Steps[Value]], ports: Ports, deadline: float) -> list[Value]:
    done: dict[int, Value] = {}
    asked: dict[int, tuple[Need, ...]] = {}
    for index, steps in enumerate(chunk):
        _advance(index, steps, None, asked, done)
    while asked:
        distinct = tuple(dict.fromkeys([need for needs in asked.values() for need in needs]))
        answers = answer(distinct, ports, deadline)
        for index, needs in list(asked.items()):
            del asked[index]
            _advance(index, chunk[index], tuple([answers[need] for need in needs]), asked, done)
    return [done[index] for index in range(len(chunk))]


def _advance(
    index: int,
    steps: Steps[Value],
    answers: tuple[Got, ...] | None,
    asked: dict[int, tuple[Need, ...]],
    done: dict[int, Value],
) -> None:
    try:
        asked[index] = next(steps) if answers is None else steps.send(answers)
    except StopIteration as stop:
        done[index] = stop.value


def answer(needs: Sequence[Need], ports: Ports, deadline: float) -> dict[Need, Got]:
    """An answer to each need; each port is called once per kind and time limit."""
    answers: dict[Need, Got] = {}
    for group in _groups(needs):
        port, limit = _question(group, ports, deadline)
        answers.update(_fallbacks(group, "unavailable" if port is None else "timeout"))
        if port is None or limit <= ports.clock():
            continue
        try:
            given = port.answer(group, limit)
        except TimeoutError:
            continue
        except Exception:  # noqa: BLE001 - whatever a client raises, the decision goes on with the fallback
            answers.update(_fallbacks(group, "error"))
        else:
            if ports.clock() <= limit:
                answers.update(_match_answers(group, given))
    return answers


async def answer_async(needs: Sequence[Need], ports: Ports, deadline: float) -> dict[Need, Got]:
    """As `answer`, all groups at the same time."""
    groups = list(_groups(needs))
    if len(groups) == 1:
        return await _answer_group(groups[0], ports, deadline)
    import asyncio  # 20 ms that only this driver needs

    found: dict[Need, Got] = {}
    for answers in await asyncio.gather(*[_answer_group(group, ports, deadline) for group in groups]):
        found.update(answers)
    return found


async def _answer_group(group: Group, ports: Ports, deadline: float) -> dict[Need, Got]:
    import asyncio  # as in `answer_async`

    port, limit = _question(group, ports, deadline)
    if port is None:
        return _fallbacks(group, "unavailable")
    left = limit - ports.clock()
    if left <= 0:
        return _fallbacks(group, "timeout")
    try:
        async with asyncio.timeout(left):
            threads = ports.threads_of(type(group[0]))
            ask = partial(port.answer, group, limit)
            given: Answers = ask() if threads is None else await threads.run(ask)
            if isawaitable(given):
                given = await given
    except TimeoutError:
        return _fallbacks(group, "timeout")
    except Exception:  # noqa: BLE001 - as in `answer`
        return _fallbacks(group, "error")
    return _match_answers(group, given) if ports.clock() <= limit else _fallbacks(group, "timeout")


def _groups(needs: Sequence[Need]) -> Iterator[Group]:
    groups: dict[tuple[type, int], Group] = {}
    for need in needs:
        groups.setdefault((type(need), need.timeout), []).append(need)
    yield from groups.values()


def _question(group: Group, ports: Ports, deadline: float) -> tuple[Port[Any] | None, float]:
    """The port, if there is one, and the time by which the group wants its answers."""
    return ports.of(type(group[0])), min(deadline, ports.clock() + group[0].timeout / 1000)


def _fallbacks(group: Group, status: Status) -> dict[Need, Got]:
    return {need: fallback_of(need, status) for need in group}


def _match_answers(group: Group, given: Any) -> dict[Need, Got]:
    """The answers, if they are as many as the needs; a synchronous driver cannot await those of an asyncio port."""
    if iscoroutine(given):
        given.close()
    if not isinstance(given, Sequence) or len(given) != len(group):
        return _fallbacks(group, "error")
    return dict(zip(group, given, strict=True))


class TapeError(ValueError):
    """The tape was not recorded by this ruleset over this input."""


def replay(steps: Steps[Value], tape: Sequence[Mapping[str, Any]]) -> Value:
    """The decision again, every answer read from its tape. Raises TapeError when the tape does not belong to it."""
    entries = iter(tape)
    try:
        needs = next(steps)
        while True:
            needs = steps.send(_read_answers(needs, entries))
    except StopIteration as stop:
        if next(entries, None) is not None:
            raise TapeError("the tape goes on where the decision ends") from None
        value: Value = stop.value
        return value


def _read_answers(needs: Sequence[Need], entries: Iterator[Mapping[str, Any]]) -> tuple[Got, ...]:
    found = []
    for need in needs:
        entry = next(entries, None)
        if entry is None or (entry["kind"], entry["name"]) != (need.kind, need.name):
            raise TapeError(f"the tape has no answer of {need.kind} {need.name} at this place")
        found.append(Got(entry["value"], entry["status"], entry["version"]))
    return tuple(found)
