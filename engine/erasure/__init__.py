"""Erasure: a person is removed from every place that holds something of them, and each place proves it by a count."""
