"""Segments and decision rules: load a workspace, check it, build a bundle, match profiles, decide."""
