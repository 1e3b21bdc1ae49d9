"""What the guest's tests are written with: a shell, containers (boxes), the collector's readings."""
