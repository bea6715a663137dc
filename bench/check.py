"""`decisor check` on 10,000 files of about 1 KB, in process and as a command, against `yaml.CSafeLoader` alone."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from engine.api import load_workspace

FILES, ROUNDS, GOAL = 10_000, 3, 3.0
ROOT = Path(__file__).resolve().parents[1]

CATALOGUE = """\
apiVersion: v1
kind: Profile
name: customer
key: customer_id
fields:
  country: {type: keyword}
  city: {type: keyword}
  tier: {type: keyword}
  tags: {type: keyword, list: true}
  bio: {type: text}
  email: {type: keyword, normalize: lowercase, personal: true, encrypted: {search: equality}}
  lifetime_value: {type: number}
  loyalty_points: {type: integer}
  orders_30d: {type: integer}
  email_opt_in: {type: boolean}
  last_order_at: {type: date}
  birthday: {type: day}
  home: {type: geo_point}
  orders: {type: object, list: true, fields: {sku: {type: keyword}, amount: {type: number}}}
---
apiVersion: v1
kind: EventType
name: purchase
fields: {amount: {type: number}, sku: {type: keyword}}
"""

COUNTRIES = ["US", "CA", "DE", "FR", "JP", "BR", "IN", "GB", "SE", "KR"]
CITIES = ["Lisbon", "Osaka", "Hamburg", "Toronto", "Malmö", "Porto Alegre", "Chennai", "Leeds"]
TIERS = ["bronze", "silver", "gold", "platinum", "diamond"]
WORDS = ["jazz", "vinyl", "sailing", "bread", "chess", "garden", "running", "opera", "climbing", "tea"]
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC"]

Write = Callable[[random.Random], list[str]]


def _flow(text: str) -> list[str]:
    return [f"- {{{text}}}"]


def _block(*lines: str) -> list[str]:
    return [f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]


def _name_part(source: random.Random) -> str:
    return source.choice(CITIES)[:3]


def _expression(source: random.Random) -> list[str]:
    return _flow(f"field: tier, operator: matches, value: '{source.choice(TIERS)[:2]}[a-z]{{2,8}}'")


def _between(source: random.Random) -> list[str]:
    low = source.randrange(10, 5_000)
    return _flow(f"field: lifetime_value, operator: between, value: [{low}, {low + source.randrange(1, 900)}.5]")


def _calendar(source: random.Random) -> list[str]:
    unit = source.choice(["days", "weeks", "months"])
    return _block(
        "field: last_order_at",
        f"operator: within_last_{unit}",
        f"value: {source.randint(1, 24)}",
        f"timezone: {source.choice(ZONES)}",
    )


def _distance(source: random.Random) -> list[str]:
    place = f"lat: {source.uniform(-80, 80):.3f}, lon: {source.uniform(-170, 170):.3f}"
    return _flow(f"field: home, operator: within_distance, value: {{{place}, distance: {source.randint(1, 90)}km}}")


def _one_of(field: str, operators: str, value: Callable[[random.Random], object]) -> Write:
    """A leaf on the field with one of the operators."""
    choices = operators.split()
    return lambda source: _flow(f"field: {field}, operator: {source.choice(choices)}, value: {value(source)}")


def _sampled(values: Sequence[str], count: int, between: str = ", ") -> Callable[[random.Random], str]:
    return lambda source: between.join(source.sample(values, count))


LEAVES: dict[str, list[Write]] = {
    "country": [
        _one_of("country", "equals not_equals", _sampled(COUNTRIES, 1)),
        _one_of("country", "in not_in", lambda source: f"[{_sampled(COUNTRIES, 4)(source)}]"),
    ],
    "city": [
        _one_of("city", "starts_with ends_with substring", _name_part),
        _one_of("city", "like", lambda source: f"'{_name_part(source)}*'"),
    ],
    "tier": [_expression, _one_of("tier", "in not_in", lambda source: f"[{_sampled(TIERS, 2)(source)}]")],
    "lifetime_value": [
        _between,
        _one_of("lifetime_value", "greater_than less_or_equal", lambda source: source.randrange(10, 9_000)),
    ],
    "loyalty_points": [
        _one_of("loyalty_points", "greater_or_equal less_than equals", lambda source: source.randrange(10, 90_000))
    ],
    "tags": [
        _one_of("tags", "contains", _sampled(WORDS, 1)),
        _one_of("tags", "contains_all", lambda source: f"[{_sampled(WORDS, 2)(source)}]"),
    ],
    "bio": [_one_of("bio", "contains contains_all contains_phrase", _sampled(WORDS, 2, " "))],
    "email": [_one_of("email", "equals not_equals", lambda source: f"{_sampled(WORDS, 1)(source)}@example.com")],
    "email_opt_in": [_one_of("email_opt_in", "equals", lambda source: source.choice(["true", "false"]))],
    "orders_30d": [lambda source: _flow(f"field: orders_30d, operator: {source.choice(['exists', 'missing'])}")],
    "last_order_at": [
        _calendar,
        _one_of("last_order_at", "within_last older_than within_next", lambda source: f"{source.randint(1, 400)}d"),
    ],
    "birthday": [_one_of("birthday", "anniversary_within", lambda source: source.randint(0, 30))],
    "home": [_distance],
}


def _flow_only(source: random.Random, field: str) -> str:
    return LEAVES[field][-1](source)[0].removeprefix("- ")


def _leaf(source: random.Random, field: str) -> list[str]:
    return source.choice(LEAVES[field])(source)


def _element(source: random.Random) -> list[str]:
    return [
        "- element:",
        "    of: orders",
        "    all:",
        f"      - {{field: sku, operator: starts_with, value: cd-{source.randrange(1_000)}}}",
        f"      - {{field: amount, operator: greater_than, value: {source.randrange(1, 500)}}}",
    ]


def _events(source: random.Random) -> list[str]:
    measure = source.choice(["count", "sum"])
    field = "field: amount, " if measure == "sum" else ""
    return [
        "- events:",
        "    type: purchase",
        f"    where: [{{field: sku, operator: equals, value: cd-{source.randrange(1_000)}}}]",
        f"    within: {source.randint(2, 90)}d",
        f"    {measure}: {{{field}operator: greater_or_equal, value: {source.randint(2, 12)}}}",
    ]


def segment_text(index: int) -> str:
    """A sound segment of about 1 KB; its conditions are of many operators."""
    source = random.Random(f"segment file {index}")
    lines = [
        "# yaml-language-server: $schema=../schemas/segment.schema.json",
        "apiVersion: v1",
        "kind: Segment",
        f"name: audience_{index:05d}",
        f"description: Customers who like {' and '.join(source.sample(WORDS, 3))}, for the spring campaign.",
        f"owner: {source.choice(['growth', 'crm', 'retention'])}",
        f"tags: [{', '.join(source.sample(WORDS, 2))}]",
        f"createdAt: 2025-{source.randint(1, 12):02d}-15T00:00:00Z",
        "conditions:",
    ]
    fields = source.sample(list(LEAVES), 8)  # each once, so that no two conditions contradict each other
    conditions = [line for field in fields[:5] for line in _leaf(source, field)]
    conditions += ["- any:", *(f"    {line}" for field in fields[5:7] for line in _leaf(source, field))]
    conditions += ["- not:", f"    all: [{_flow_only(source, fields[7])}]"]
    conditions += source.choice([_element, _events])(source)
    lines += [f"  {line}" for line in conditions]
    return "\n".join(lines) + "\n"


def write_workspace(root: Path, files: int) -> None:
    """A workspace with that many segments, each in a file of its own."""
    (root / "decisor.yaml").write_text("name: shop\n", encoding="utf-8")
    for name in ("schemas", "segments"):
        (root / name).mkdir()
    (root / "schemas" / "profile.yaml").write_text(CATALOGUE, encoding="utf-8")
    for index in range(files):
        (root / "segments" / f"audience_{index:05d}.yaml").write_text(segment_text(index), encoding="utf-8")


def run(files: int = FILES, rounds: int = ROUNDS) -> bool:
    """Print the ratios; whether the goal is reached by both ways."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_workspace(root, files)
        size = sum(path.stat().st_size for path in (root / "segments").iterdir()) / files
        return _measured(root, f"{files:,} files of {size:,.0f} bytes", rounds)


def _measured(root: Path, what: str, rounds: int) -> bool:
    ways: dict[str, Callable[[Path], None]] = {"CSafeLoader": _load, "in process": _check, "as a command": _command}
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way(root)
            best[name] = min(best[name], time.perf_counter() - start)
    reached = True
    for name in ("in process", "as a command"):
        ratio = best[name] / best["CSafeLoader"]
        reached &= ratio <= GOAL
        mark = "reached" if ratio <= GOAL else "MISSED"
        print(
            f"check of {what}, {name}: {best[name]:.2f} s, CSafeLoader alone {best['CSafeLoader']:.2f} s, "
            f"ratio {ratio:.2f}, goal ≤ {GOAL:g} {mark}"
        )
    return reached


def _load(root: Path) -> None:
    for path in sorted((root / "segments").iterdir()):
        yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)


def _check(root: Path) -> None:
    loaded = load_workspace(root)
    assert not loaded.findings, loaded.findings[0]


def _command(root: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(
        [sys.executable, "-m", "engine", "check", str(root), "--strict"],
        env={**environment, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    sys.exit(0 if run(options.files, options.rounds) else 1)
