from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from engine.diagnostics import Finding, Span

HERE = Span("segments/vip.yaml", 3, 5, 3, 9)


def test_severity_comes_from_the_code() -> None:
    assert Finding("Y010", "m", HERE).severity == "warning"
    assert Finding("Y020", "m", HERE).severity == "error"


def test_given_severity_stays() -> None:
    assert Finding("Y010", "m", HERE, severity="error").severity == "error"


def test_undeclared_code_is_a_bug() -> None:
    with pytest.raises(LookupError, match="Y999"):
        Finding("Y999", "m", HERE)


def test_finding_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(Finding("Y010", "m", HERE), "code", "Y020")  # noqa: B010 - an assignment would not pass the type checker


def test_fingerprint_stays_when_lines_and_words_change() -> None:
    finding = Finding("Y010", "m", HERE, resource="segment/vip", path=("conditions", 0))
    moved = replace(finding, message="n", span=Span("segments/other.yaml", 9, 1, 9, 2), label="l")
    assert moved.fingerprint == finding.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"code": "Y020"},
        {"resource": "segment/other"},
        {"path": ("conditions", 1)},
        {"path": ("conditions", "0")},
        {"path": ("conditions",)},
        {"path": ("conditions0",)},
    ],
    ids=str,
)
def test_fingerprint_tells_code_resource_and_path_apart(change: dict[str, object]) -> None:
    finding = Finding("Y010", "m", HERE, resource="segment/vip", path=("conditions", 0))
    assert replace(finding, **change).fingerprint != finding.fingerprint  # type: ignore[arg-type] # one of three types


def test_fingerprint_without_resource_tells_files_apart() -> None:
    finding = Finding("Y010", "m", HERE)
    assert replace(finding, span=replace(HERE, file="x.yaml")).fingerprint != finding.fingerprint


def test_fingerprint_is_the_same_in_every_process() -> None:
    finding = Finding("Y010", "m", HERE, resource="segment/vip", path=("conditions", 0))
    assert finding.fingerprint == "00e6d200737da6255c58c0e346befa18"
