"""A container as LXC knows it: its configuration, and the ways to ask LXC for something."""
