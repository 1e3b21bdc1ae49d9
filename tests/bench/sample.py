"""What `nebulxc sample` costs as a process, against an empty Python and lxc-info over all.

Run as root: `.venv/bin/python tests/bench/sample.py [--containers 50] [--runs 15]`. Medians of CPU
time (user and system, children included) and of wall time; the ratios are to the empty Python.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.busybox import VETH, Busybox, Container

_ENTRY = Path(sys.executable).parent / "nebulxc"
Cost = tuple[float, float]
"""CPU ms, wall ms."""


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--containers", type=int, default=50)
    arguments.add_argument("--runs", type=int, default=15)
    chosen = arguments.parse_args()
    with Busybox("nxbs") as busybox:
        containers = busybox.start_many(map(str, range(chosen.containers)), *VETH)
        commands = {
            "empty python": lambda: quiet(sys.executable, "-I", "-c", "pass"),
            "nebulxc version": lambda: quiet(str(_ENTRY), "version"),
            "nebulxc sample --json": lambda: quiet(str(_ENTRY), "sample", "--json"),
            f"lxc-info of {chosen.containers}": lambda: lxc_info(containers),
        }
        costs = measured(commands, chosen.runs)
    base_cpu, base_wall = costs["empty python"]
    print(f"{'':<24}{'CPU ms':>9}{'ratio':>8}{'wall ms':>10}{'ratio':>8}")
    for name, (cpu, wall) in costs.items():
        print(f"{name:<24}{cpu:>9.1f}{cpu / base_cpu:>8.1f}{wall:>10.1f}{wall / base_wall:>8.1f}")
    return 0


def measured(commands: dict[str, Callable[[], None]], runs: int) -> dict[str, Cost]:
    """The median costs; the commands take turns, so that another load hits all of them."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            found[name].append(cost(command))
    return {
        name: (
            statistics.median(cpu for cpu, _ in costs),
            statistics.median(wall for _, wall in costs),
        )
        for name, costs in found.items()
    }


def cost(command: Callable[[], None]) -> Cost:
    """What one run takes."""
    before, began = os.times(), time.monotonic()
    command()
    after, wall = os.times(), time.monotonic() - began
    cpu = (after.children_user + after.children_system) - (
        before.children_user + before.children_system
    )
    return cpu * 1000, wall * 1000


def quiet(*argv: str) -> None:
    """Run a command without its output."""
    subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def lxc_info(containers: list[Container]) -> None:
    """One process each, as scripts do."""
    for container in containers:
        quiet("lxc-info", "-P", str(container.lxc_path), "-n", container.name)


if __name__ == "__main__":
    raise SystemExit(main())
