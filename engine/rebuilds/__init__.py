"""Rebuilds: membership is built again alongside the sets that serve, and switched in at once.

`lease` prevents two rebuilds of one segment at a time, `population` finds who matches the conditions, `staging`
compares that with the current members and builds the next set, `switching` makes that set the one that serves, and
`mover` turns the differences into transitions afterwards. `rebuild` runs them all.
"""
