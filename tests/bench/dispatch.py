"""What a shim costs that only dispatches, to the stock driver or ours, over `python -I -c pass`.

Run: `.venv/bin/python tests/bench/dispatch.py [--json] [--runs 100]`. The stock script and sudo are
stand-ins that end at once, with a message of 10 kB as an argument, as attach_disk gets; so the rows
also hold what starting a shell takes, which the last row shows. Medians, taken in turns.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parents[2]
GOAL = 3.0
PYTHON = "python -I -c pass"


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--json", action="store_true", help="print JSON")
    arguments.add_argument("--runs", type=int, default=100, help="times each")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="nxid-") as directory:
        medians = measure(Path(directory), given.runs)
    if given.json:
        print(json.dumps(medians, indent=1))
        return 0
    print(f"{'':26}{'wall ms':>9}   ratio (goal: at most {GOAL:.0f}x)")
    for name, wall in medians.items():
        print(f"{name:26}{wall:9.2f}   {wall / medians[PYTHON]:.2f}x")
    return 0


def measure(base: Path, runs: int) -> dict[str, float]:
    """Milliseconds of the wall clock, medians, by what was run."""
    commands = dict(_commands(base))
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, argv in commands.items():
            begun = time.perf_counter()
            subprocess.run(
                argv, env={"PATH": f"{base}/bin:/usr/bin"}, stdin=subprocess.DEVNULL, check=True
            )
            times[name].append((time.perf_counter() - begun) * 1000)
    return {name: statistics.median(found) for name, found in times.items()}


def _commands(base: Path) -> Iterator[tuple[str, list[str]]]:
    words = ["one-7", "/x/disk.1", "sdb", "1", "A" * 10_000, "7", "host"]
    yield PYTHON, [sys.executable, "-I", "-c", "pass"]
    for name, installed in (("shim to the stock driver", False), ("shim to ours", True)):
        yield name, [str(_shim(base / ("ours" if installed else "stock"), installed)), *words]
    yield "sh -c :", ["/bin/sh", "-c", ":"]


def _shim(tree: Path, installed: bool) -> Path:
    """The shim in a remotes tree of its own, on a node with or without Nebulxc."""
    driver, shim = tree / "opt/nebulxc-action", tree / "vmm/nebulxc/attach_disk"
    text = (TOP / "vmm/remotes/attach_disk").read_text(encoding="utf-8")
    _executable(shim, text.replace("/opt/nebulxc/bin/nebulxc-action", str(driver)))
    for end in (tree / "vmm/lxc/attach_disk", tree.parent / "bin/sudo"):
        _executable(end, "#!/bin/sh\n")
    if installed:
        _executable(driver, "#!/bin/sh\n")
    return shim


def _executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main())
