"""Rule-graph nodes: one folder a kind, with its document shape, its lowering, its checks and its run."""
