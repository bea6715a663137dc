"""Pictures of rule graphs and of what segments rest on: one value, written as Mermaid, DOT or SVG."""

from __future__ import annotations
