"""Reads the host's containers and remembers what it read."""
