"""Loop devices, and mounts in the namespaces of containers."""
