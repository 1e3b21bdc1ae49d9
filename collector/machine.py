"""The host itself, as the groups of host metrics are given it."""

from dataclasses import dataclass
from pathlib import Path

from collector.devices import Devices


@dataclass(frozen=True, slots=True)
class Machine:
    """`root` holds proc/ and sys/; `devices` knows the block devices, refreshed every cycle."""

    root: Path
    devices: Devices
