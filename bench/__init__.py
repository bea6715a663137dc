"""Benchmarks against peers; each prints ratios from one run."""
