"""The command line run inside the test process, and a small shop to run it on."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.cli.app import main
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer


class Done(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


Decisor = Callable[..., Done]

FILES = {
    "decisor.yaml": "name: shop\n",
    "schemas/catalogue.yaml": """\
apiVersion: v1
kind: Profile
name: customer
key: customer_id
fields:
  country: {type: keyword}
  spend: {type: number}
  orders: {type: integer}
  last_order_at: {type: date}
---
apiVersion: v1
kind: EventType
name: purchase
fields: {amount: {type: number}}
""",
    "segments/vips.yaml": """\
apiVersion: v1
kind: Segment
name: vips
description: Spent 500 or more.
owner: growth
tags: [spring]
conditions: [{field: spend, operator: greater_or_equal, value: 500}]
---
apiVersion: v1
kind: Segment
name: active_vips
conditions: [{segment: vips}, {field: last_order_at, operator: within_last, value: 90d}]
---
apiVersion: v1
kind: Segment
name: buyers
conditions: [{events: {type: purchase, within: 30d, sum: {field: amount, operator: greater_than, value: 10}}}]
""",
    "segments/vips.test.yaml": """\
apiVersion: v1
kind: Test
name: vips
now: "2026-03-01T00:00:00Z"
cases:
  - {name: big spenders are in, profile: {spend: 500.0}, expect: {in_segments: [vips]}}
  - {name: others are not, profile: {spend: 499.0}, expect: {not_segments: [vips]}}
""",
    "rules/hero.yaml": """\
apiVersion: v1
kind: Ruleset
name: hero
context: {channel: {type: keyword, values: [web, email]}}
event: purchase
output: {content: {type: keyword}, amount: {type: number}}
start: who
nodes:
  who:
    switch:
      - {when: "in_segment('vips')", then: trial}
      - {when: "in_segment('buyers')", then: thanks}
    otherwise: plain
  trial: {experiment: split, arms: {control: plain, treatment: bold}}
  thanks: {output: {content: "'thanks'", amount: event.data.amount}}
  plain: {output: {content: "'welcome'", amount: "null"}}
  bold: {output: {content: "'WELCOME'", amount: "null"}}
---
apiVersion: v1
kind: Experiment
name: split
unit: customer_id
arms: {control: {weight: 50%}, treatment: {weight: 50%}}
""",
}


def write(root: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop's folder, which is the current one."""
    root = tmp_path / "shop"
    write(root, FILES)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def decisor(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Decisor:
    """Runs a command with these arguments, and with that text or those bytes as standard input."""

    def run(*arguments: object, stdin: str | bytes = "") -> Done:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), "utf-8"))
        capsys.readouterr()
        code = main([str(each) for each in arguments])
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch, wheel_database: Database, valkey_empty: RedisServer) -> None:
    """Servers with nothing in them, named in the environment, which names nothing else of ours."""
    for name in [name for name in os.environ if name.startswith("DECISOR_") and name != "DECISOR_CACHE"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DECISOR_POSTGRES_URL", wheel_database.url)
    monkeypatch.setenv("DECISOR_REDIS_URL", valkey_empty.url)
