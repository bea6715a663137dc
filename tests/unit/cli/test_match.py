"""`decisor match`: lines in, segments out, broken lines told, memory bounded."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from engine.cli import app
from tests.unit.cli.conftest import Decisor

NOW = "2026-03-01T00:00:00Z"


def lines(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def test_each_profile_gets_its_sorted_segments(shop: Path, decisor: Decisor) -> None:
    profiles = lines(
        {"customer_id": "c-1", "spend": 700, "last_order_at": "2026-02-01T00:00:00Z"},
        {"customer_id": "c-2", "spend": 700, "country": None},
        {"customer_id": "ç-3"},
    )
    done = decisor("match", "--profiles", "-", "--now", NOW, stdin=profiles)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        '{"customer_id": "c-1", "segments": ["active_vips", "vips"]}\n'
        '{"customer_id": "c-2", "segments": ["vips"]}\n'
        '{"customer_id": "ç-3", "segments": []}\n'
    )


def test_the_key_has_the_catalogues_name(shop: Path, decisor: Decisor) -> None:
    for file in ("schemas/catalogue.yaml", "rules/hero.yaml"):
        (shop / file).write_text((shop / file).read_text().replace("customer_id", "user"))
    done = decisor("match", "--profiles", "-", stdin=lines({"user": "u-1"}))
    assert done.out == '{"user": "u-1", "segments": []}\n'


def test_broken_lines_are_told_with_their_number_and_the_rest_goes_on(shop: Path, decisor: Decisor) -> None:
    good = lines({"customer_id": "c-1"}).encode()
    broken = [
        (b"{\n", "expected one JSON object, but column 1 reads: "),
        (b"[]\n", "expected an object, found a list"),
        (b'{"customer_id": "\xff"}\n', "expected UTF-8, found another byte at position 18"),
        (b'{"spend": 5}\n', "`customer_id` is missing; every profile needs its key"),
        (b'{"customer_id": "c", "orders": 5.5}\n', "`orders` expected a whole number without point or exponent"),
        (b'{"customer_id": "c", "spend": NaN}\n', "expected finite numbers, found NaN"),
        (b'{"customer_id": "c", "shoes": 5}\n', "`shoes` is not declared in the catalogue"),
        (b'{"customer_id": "c", "customer_id": "d"}\n', "expected every key once in an object"),
    ]
    done = decisor("match", "--profiles", "-", stdin=good + b"\n" + good.join(raw for raw, _ in broken) + good)
    assert done.code == 1
    assert done.out == '{"customer_id": "c-1", "segments": []}\n' * (len(broken) + 1)
    told = done.err.splitlines()
    assert len(told) == len(broken)
    for index, (line, (_raw, words)) in enumerate(zip(told, broken, strict=True)):
        assert line.startswith(f"standard input:{3 + 2 * index}: {words}"), line


def test_only_so_many_broken_lines_are_told_one_by_one(shop: Path, decisor: Decisor) -> None:
    done = decisor("match", "--profiles", "-", stdin="x\n" * 1_500)
    assert done.code == 1
    assert done.err.count("\n") == 1_001
    assert done.err.endswith("standard input: 500 more problems\n")


def test_events_in_any_order_and_twice_make_the_history(shop: Path, decisor: Decisor) -> None:
    def event(name: str, customer: str, day: int, amount: float) -> dict[str, object]:
        time = f"2026-02-{day:02}T00:00:00Z"
        return {"id": name, "type": "purchase", "customer_id": customer, "time": time, "data": {"amount": amount}}

    once = event("e-1", "c-1", 20, 6)
    (shop / "events.jsonl").write_text(
        lines(event("e-2", "c-2", 25, 6), once, event("e-3", "c-2", 10, 6), once, event("e-4", "c-3", 1, 60), once)
    )
    profiles = lines({"customer_id": "c-1"}, {"customer_id": "c-2"}, {"customer_id": "c-3"})
    done = decisor(
        "match", "--profiles", "-", "--events", "events.jsonl", "--now", "2026-03-04T00:00:00Z", stdin=profiles
    )
    assert (done.code, done.err) == (0, "")
    assert [json.loads(line)["segments"] for line in done.out.splitlines()] == [[], ["buyers"], []]


def test_broken_events_are_told_and_left_out(shop: Path, decisor: Decisor) -> None:
    base = {"id": "e-1", "type": "purchase", "customer_id": "c-1", "time": "2026-02-20T00:00:00Z"}
    (shop / "events.jsonl").write_text(
        lines(
            {**base, "type": "refund"},
            {**base, "data": {"amount": "much"}},
            {**base, "data": {"amount": 60}},
            {**base, "data": {"amount": 61}},
        )
    )
    done = decisor(
        "match", "--profiles", "-", "--events", "events.jsonl", "--now", NOW, stdin=lines({"customer_id": "c-1"})
    )
    assert done.code == 1
    assert done.out == '{"customer_id": "c-1", "segments": ["buyers"]}\n'
    assert done.err.splitlines() == [
        "events.jsonl:1: `type` expected one of purchase, $set",
        "events.jsonl:2: `data.amount` expected a number, found text",
        "events.jsonl:4: an earlier event has the same `id` and other content; both are kept",
    ]


def test_only_the_segments_asked_for_are_matched(shop: Path, decisor: Decisor) -> None:
    profile = lines({"customer_id": "c-1", "spend": 700, "last_order_at": "2026-02-01T00:00:00Z"})
    done = decisor("match", "--profiles", "-", "--now", NOW, "--segment", "vips", stdin=profile)
    assert done.out == '{"customer_id": "c-1", "segments": ["vips"]}\n'
    both = ["--segment", "segment/vips", "--segment", "active_vips"]
    done = decisor("match", "--profiles", "-", "--now", NOW, *both, stdin=profile)
    assert done.out == '{"customer_id": "c-1", "segments": ["active_vips", "vips"]}\n'


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["--profiles", "none.jsonl"], "`none.jsonl` cannot be read: no such file or directory"),
        (["--profiles", "segments"], "`segments` cannot be read: is a directory"),
        (
            ["--profiles", "-", "--events", "-"],
            "--profiles and --events are both `-`; only one of them can be standard input",
        ),
        (["--profiles", "-", "--segment", "vip"], "`vip` is not a segment; did you mean `vips`?"),
        (["--profiles", "-", "--segment", "ruleset/vips"], "`ruleset/vips` is not a segment; segments: "),
        (["--profiles", "-", "--now", "today"], "--now: expected an instant with a zone, as 2026-03-01T09:30:00Z"),
        (["--profiles", "-", "--bundle", "none"], "`none` cannot be read: no such file or directory"),
        (["--profiles", "-", "--bundle", "decisor.yaml"], "`decisor.yaml`: "),
    ],
)
def test_what_cannot_be_run_ends_with_2(arguments: list[str], told: str, shop: Path, decisor: Decisor) -> None:
    done = decisor("match", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"decisor: {told}")


def test_a_bundle_matches_as_its_workspace_does(shop: Path, decisor: Decisor, tmp_path: Path) -> None:
    profiles = lines({"customer_id": "c-1", "spend": 700}, {"customer_id": "c-2"})
    assert decisor("build", "-o", tmp_path / "shop.bundle").code == 0
    there = decisor("match", "--profiles", "-", "--now", NOW, stdin=profiles)
    os.chdir(tmp_path)
    assert decisor("match", "--profiles", "-", "--now", NOW, "--bundle", "shop.bundle", stdin=profiles) == there


def most_memory(arguments: list[str], folder: Path) -> int:
    """Bytes that a command took at most."""
    program = (
        "import resource, sys\nfrom engine.cli.app import main\n"
        "code = main(sys.argv[1:])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\nsys.exit(code)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(app.__file__).parents[2])}
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    scale = 1 if sys.platform == "darwin" else 1_024
    return int(done.stderr.split()[-1]) * scale


@pytest.mark.long
def test_a_large_file_takes_no_more_memory_than_a_small_one(shop: Path) -> None:
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
    many = 100_000
    profile = '{{"customer_id": "c-{0}", "spend": {0}, "country": "{1}"}}\n'
    event = '{{"id": "e-{0}", "type": "purchase", "customer_id": "c-{0}", "time": "2026-02-20T00:00:00Z"}}\n'
    for name, count in (("small", 100), ("large", many)):
        (shop / f"{name}.jsonl").write_text("".join(profile.format(i, "x" * 200) for i in range(count)))
    (shop / "events.jsonl").write_text("".join(event.format(i) for i in range(20_000)))
    small = most_memory(["match", "--profiles", "small.jsonl"], shop)
    large = most_memory(["match", "--profiles", "large.jsonl"], shop)
    assert (shop / "large.jsonl").stat().st_size > 20_000_000
    assert large - small < 6_000_000
    with_events = most_memory(["match", "--profiles", "small.jsonl", "--events", "events.jsonl"], shop)
    assert with_events - small < 45_000_000  # the sorter's cache is 32 MiB


def parquet_of(file: Path, *profiles: dict[str, object]) -> str:
    """The name of a Parquet file of profiles, written as a shop's warehouse would."""
    moment = pa.timestamp("us", "UTC")
    schema = pa.schema([("customer_id", pa.string()), ("spend", pa.float64()), ("last_order_at", moment)])
    parquet.write_table(pa.Table.from_pylist(list(profiles), schema=schema), file)
    return file.name


def test_a_parquet_file_is_matched_as_lines_are(shop: Path, decisor: Decisor) -> None:
    recently = datetime(2026, 2, 1, tzinfo=UTC)
    file = parquet_of(
        shop / "profiles.parquet",
        {"customer_id": "c-1", "spend": 700.0, "last_order_at": recently},
        {"customer_id": "c-2", "spend": 700.0},
        {"customer_id": "c-3", "spend": float("nan")},
        {"customer_id": "ç-4"},
    )
    event = {
        "id": "e",
        "type": "purchase",
        "customer_id": "ç-4",
        "time": "2026-02-28T00:00:00Z",
        "data": {"amount": 60},
    }
    (shop / "events.jsonl").write_text(lines(event))
    done = decisor("match", "--profiles", file, "--events", "events.jsonl", "--now", NOW)
    assert done.out == (
        '{"customer_id": "c-1", "segments": ["active_vips", "vips"]}\n'
        '{"customer_id": "c-2", "segments": ["vips"]}\n'
        '{"customer_id": "ç-4", "segments": ["buyers"]}\n'
    )
    assert (done.code, done.err) == (1, "profiles.parquet:3: `spend` expected a finite number\n")


def test_sizes_are_printed_for_lines_and_parquet_alike(shop: Path, decisor: Decisor) -> None:
    people: list[dict[str, object]] = [
        {"customer_id": f"c-{spend}", "spend": float(spend)} for spend in (499, 500, 501)
    ]
    parquet_of(shop / "profiles.parquet", *people)
    (shop / "profiles.jsonl").write_text(lines(*people))
    for file in ("profiles.parquet", "profiles.jsonl"):
        done = decisor("match", "--profiles", file, "--count", "--now", NOW, "--segment", "vips", "--segment", "buyers")
        assert done.out == '{"segment": "buyers", "count": 0}\n{"segment": "vips", "count": 2}\n'
        assert (done.code, done.err) == (0, "")


def test_what_is_no_parquet_file_of_this_catalogue_cannot_be_run(shop: Path, decisor: Decisor) -> None:
    (shop / "text.parquet").write_text("customer_id\n")
    pairs = [
        ("text", "`text.parquet`: expected a Parquet file, found something else"),
        ("none", "`none.parquet` cannot"),
    ]
    parquet.write_table(pa.table({"customer_id": ["c"], "spent": [1.0]}), shop / "other.parquet")
    pairs.append(("other", "`other.parquet`: `spent` is not declared in the catalogue; did you mean `spend`?"))
    for name, told in pairs:
        for more in ([], ["--count"]):
            done = decisor("match", "--profiles", f"{name}.parquet", *more)
            assert (done.code, done.out) == (2, "")
            assert done.err.startswith(f"decisor: {told}")
