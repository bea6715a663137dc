"""Expressions at run time: emitted as Python when a bundle is loaded, never walked per request."""

from __future__ import annotations

from .emit import Env, certain, compile_expression, emit, emit_truth
from .evaluate import evaluate_expression
from .facts import Facts

__all__ = ["Env", "Facts", "certain", "compile_expression", "emit", "emit_truth", "evaluate_expression"]
