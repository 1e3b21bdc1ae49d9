"""What the guest's tests are written with: a shell, containers, the collector's readings."""
