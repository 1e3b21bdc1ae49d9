"""Puts Nebulxc on a node as a service, and takes it off again."""
