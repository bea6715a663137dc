"""The node kind `cap`."""
