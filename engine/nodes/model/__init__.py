"""The node kind `model`."""
