"""The cgroups of a container, and the limits in them."""
