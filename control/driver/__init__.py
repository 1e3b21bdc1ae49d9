"""What OpenNebula and LXC start to act on a container: actions and hooks."""
