"""The node kind `ruleset`."""
