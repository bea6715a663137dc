"""The node kind `table`."""
