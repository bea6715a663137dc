"""The node kind `bandit`."""
