"""The page on rulesets: every block is compiled without findings, and every kind of node and hit policy has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from engine.api import load_workspace
from engine.nodes.table.document import HIT_POLICIES
from tests.doc_pages import DOCS, ROOT, blocks

PAGE = blocks((DOCS / "rulesets.md").read_text("utf-8"))
SURROUNDINGS = next(block.text for block in PAGE if block.info.startswith("yaml title="))
FRAGMENTS = [block.text for block in PAGE if block.info == "yaml"]
HEADER = """apiVersion: v1
kind: Ruleset
name: {name}
context:
  channel: {{type: keyword, values: [web, email]}}
output: {{{output}}}
start: {start}
nodes:
"""
OUTPUTS = {"content": "type: keyword", "contents": "type: keyword, list: true", "points": "type: integer"}


def _ruleset(name: str, nodes: str) -> str:
    start = nodes.split(":", maxsplit=1)[0]
    output = ", ".join(f"{word}: {{{kind}}}" for word, kind in OUTPUTS.items() if f"{word}: " in nodes)
    return (
        HEADER.format(name=name, start=start, output=output)
        + re.sub("^", "  ", nodes, flags=re.MULTILINE).rstrip()
        + "\n"
    )


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_every_example_compiles_without_findings(tmp_path: Path, fragment: str) -> None:
    files = {
        "decisor.yaml": "name: shop\n",
        "schemas/all.yaml": SURROUNDINGS,
        "models/churn.onnx": "",
        "rules/example.yaml": _ruleset("example", fragment),
        "rules/other.yaml": _ruleset("other", "show: {output: {content: context.channel}}\n"),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    loaded = load_workspace(tmp_path)
    assert [finding.message for finding in loaded.findings] == []


def test_every_kind_of_node_and_every_hit_policy_has_an_example() -> None:
    nodes = [node for text in FRAGMENTS for node in yaml.safe_load(text).values()]
    kinds = {path.parent.name for path in (ROOT / "engine" / "nodes").glob("*/node.py")}
    assert kinds <= {key for node in nodes for key in node}
    assert {node["table"]["hit"] for node in nodes if "table" in node} == set(HIT_POLICIES)
