"""Membership built anew beside what serves, and switched in at once.

`lease` keeps two rebuilds of one segment apart, `population` finds who fulfils the conditions, `staging` compares that
with who is a member and builds the next set, `switching` makes it the one that counts, and `mover` turns the
differences into transitions afterwards. `run` is the whole.
"""
