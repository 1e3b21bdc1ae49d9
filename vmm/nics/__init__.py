"""A container's NICs."""
