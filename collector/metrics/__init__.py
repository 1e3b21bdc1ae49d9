"""Which metrics there are: one file each, listed in the tables at the end.

To add one: write `collector/metrics/NAME.py` with its `Metric` definitions and a `GROUP`, and add
the line to CONTAINER, HOST or SELF below. docs/metrics.md is generated from these tables.
"""

from collector.container import Container
from collector.group import Group
from collector.machine import Machine
from collector.metrics import (
    cpu,
    filesystem,
    host_cpu,
    host_disks,
    host_filesystems,
    host_memory,
    host_network,
    host_pressure,
    host_volume_groups,
    io,
    memory,
    network,
    own,
    pids,
    pressure,
    rbd,
    state,
)
from collector.model import Metric
from collector.stats import Stats

CONTAINER: dict[str, Group[Container]] = {
    "state": state.GROUP,
    "cpu": cpu.GROUP,
    "memory": memory.GROUP,
    "io": io.GROUP,
    "network": network.GROUP,
    "pressure": pressure.GROUP,
    "pids": pids.GROUP,
    "filesystem": filesystem.GROUP,
    "rbd": rbd.GROUP,
}
"""Opened once per generation of each running container."""

HOST: dict[str, Group[Machine]] = {
    "host_cpu": host_cpu.GROUP,
    "host_memory": host_memory.GROUP,
    "host_pressure": host_pressure.GROUP,
    "host_disks": host_disks.GROUP,
    "host_filesystems": host_filesystems.GROUP,
    "host_volume_groups": host_volume_groups.GROUP,
    "host_network": host_network.GROUP,
    "rbd": rbd.HOST_GROUP,
}
"""Opened once, for the host."""

SELF: dict[str, Group[Stats]] = {
    "own": own.GROUP,
}
"""Opened once, for the collector itself."""


def definitions() -> dict[str, Metric]:
    """Every metric there is, by name."""
    tables = (CONTAINER, HOST, SELF)
    groups = [group for table in tables for group in table.values()]
    return {metric.name: metric for group in groups for metric in group.metrics}
