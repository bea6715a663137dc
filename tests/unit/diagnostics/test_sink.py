from __future__ import annotations

from engine.diagnostics import Finding, Sink, Span


def finding(code: str = "Y020", file: str = "a.yaml", line: int = 1, column: int = 1, message: str = "m") -> Finding:
    return Finding(code, message, Span(file, line, column, line, column + 1))


def test_findings_are_sorted_by_file_place_and_code() -> None:
    wanted = [
        finding(file="a.yaml", line=1, column=2),
        finding(file="a.yaml", line=2, column=1, code="Y010"),
        finding(file="a.yaml", line=2, column=1, code="Y020"),
        finding(file="a.yaml", line=10),
        finding(file="b.yaml"),
    ]
    sink = Sink()
    sink.extend(reversed(wanted))
    assert sink.findings() == wanted


def test_errors_and_warnings_are_counted() -> None:
    sink = Sink()
    sink.extend([finding("Y010"), finding("Y020"), finding("Y020")])
    assert (sink.errors, sink.warnings) == (2, 1)


def test_a_file_keeps_a_bounded_number_and_says_how_many_were_left_out() -> None:
    sink = Sink(per_file=2)
    sink.extend(finding(line=line) for line in range(1, 6))
    sink.add(finding(file="b.yaml"))
    last = [each for each in sink.findings() if each.code == "H001"]
    assert len(sink.findings()) == 4
    assert [(each.message, each.severity) for each in last] == [
        ("`3` more errors in this file left out of this report", "error")
    ]
    assert sink.errors == 6


def test_warnings_do_not_push_errors_out() -> None:
    sink = Sink(per_file=2)
    sink.extend(finding("Y010", line=line) for line in range(1, 9))
    sink.add(finding("Y020"))
    assert "Y020" in {each.code for each in sink.findings()}


def test_a_run_keeps_a_bounded_number() -> None:
    sink = Sink(per_run=5, per_file=3)
    sink.extend(finding(file=f"{index:03}.yaml") for index in range(100))
    left_out = [each.message for each in sink.findings() if each.code == "H001"]
    assert left_out == ["`95` more errors in these files left out of this report"]
    assert sink.errors == 100


def test_room_says_whether_a_finding_would_be_kept() -> None:
    sink = Sink(per_file=1)
    assert sink.room("a.yaml", "error")
    sink.add(finding())
    assert not sink.room("a.yaml", "error")
    assert sink.room("a.yaml", "warning")
    assert sink.room("b.yaml", "error")


def test_counting_is_like_adding_without_room() -> None:
    added, counted = Sink(per_file=1), Sink(per_file=1)
    for sink in (added, counted):
        sink.add(finding())
    added.add(finding(line=2))
    counted.count("a.yaml", "error")
    assert added.findings() == counted.findings()
    assert added.errors == counted.errors == 2


def test_what_one_file_has_too_much_of_takes_no_room_from_others() -> None:
    sink = Sink(per_run=5, per_file=2)
    sink.extend(finding(file="a.yaml", line=line) for line in range(1, 100))
    sink.count("a.yaml", "error", 100)
    sink.add(finding(file="b.yaml"))
    assert "b.yaml" in {each.span.file for each in sink.findings() if each.code == "Y020"}
