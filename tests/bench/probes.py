"""What OpenNebula's probes and the resident client cost, against an empty Python.

Run as root: `.venv/bin/python tests/bench/probes.py [--containers 10,100,200] [--runs 15]
[--client 100] [--seconds 125] [--deaths 30]`. Starts that many real busybox containers named
one-N with a NIC each, and an agent. Each probe then runs as OpenNebula runs it, by its script, in
turns with `python3 -I -c pass`; strace counts the processes that it starts. Beside --client of
them the client runs at monitord's default periods towards a stand-in, then some are killed.
"""

import argparse
import os
import resource
import signal
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from agent import agent, spent_s
from support.busybox import VETH, Busybox, Container, until
from support.monitord import Monitord

import im_probes
from collector.brief import newest
from collector.store import FILE_NAME
from control import entries

OURS = Path(im_probes.__file__).parent
PROBES = OURS / "remotes/im/nebulxc-probes.d"
CONFIGURATION = Path(__file__).parents[1] / "opennebula/im/monitord-client.stdin.raw.xml"
FIRST_VMID = 7_210_000
START = (
    "import sys; from pathlib import Path; from control.monitoring import monitord; "
    "base = Path(sys.argv[1]); "
    "sys.exit(monitord.main(sys.argv[2:], base / 'nebulxc.toml', base / 'locks', base))"
)
CREATING = "fork,vfork,clone,clone3"
Cost = tuple[float, float]
"""CPU ms, wall ms."""


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--containers", default="10,100,200")
    arguments.add_argument("--runs", type=int, default=15)
    arguments.add_argument("--client", type=int, default=100)
    arguments.add_argument("--seconds", type=float, default=125.0)
    arguments.add_argument("--deaths", type=int, default=30)
    chosen = arguments.parse_args()
    with (
        Busybox("nxbp") as busybox,
        tempfile.TemporaryDirectory() as directory,
        agent(Path(directory)),
    ):
        base = Path(directory)
        scripts = installed(base)
        containers: list[Container] = []
        print(f"{'':<20}{'N':>5}{'CPU ms':>9}{'ratio':>8}{'wall ms':>10}{'ratio':>8}   started")
        for count in map(int, chosen.containers.split(",")):
            containers += started(busybox, len(containers), count)
            until(lambda n=count: seen(base) >= n, "all in the store")
            probes(scripts, count, chosen.runs)
            if count == chosen.client:
                with Monitord() as monitord:
                    resident(base, monitord, count, chosen.seconds)
                    deaths(monitord, containers[: chosen.deaths])
                    call_client(base, "stop")
                for container in containers[: chosen.deaths]:
                    container.stop()
                    container.start()
    return 0


def installed(base: Path) -> dict[str, list[str]]:
    """The probes' scripts with an entry of their own, which reads the configuration in `base`."""
    entry = base / "nebulxc-probe"
    paths = [sysconfig.get_path("purelib"), str(OURS.parent)]
    call = f"main(config={str(base / 'nebulxc.toml')!r})"
    entry.write_text(entries.script("control.monitoring.probe", sys.executable, paths, call))
    entry.chmod(0o755)
    found = {}
    for script in sorted(path for path in PROBES.glob("*/*/*") if os.access(path, os.X_OK)):
        place = base / str(script.relative_to(PROBES)).replace("/", "-")
        place.write_text(script.read_text().replace("/opt/nebulxc/bin/nebulxc-probe", str(entry)))
        place.chmod(0o755)
        name = str(script.relative_to(PROBES).parent)
        found[name if name not in found else f"{name} places"] = [str(place), "lxc", "1", "host"]
    return found


def started(busybox: Busybox, first: int, until_: int) -> list[Container]:
    """Containers number `first` to `until_`, running."""
    defined = [
        busybox.define(f"one-{FIRST_VMID + number}", *VETH, exact=True)
        for number in range(first, until_)
    ]
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(Container.start, defined))


def seen(base: Path) -> int:
    """How many of our containers the agent's last cycle has."""
    found = newest(str(base / "store" / FILE_NAME), ("container",), rates=False)
    return (
        sum(each.name.startswith(f"one-{FIRST_VMID // 1000}") for each in found.entities)
        if found
        else 0
    )


def probes(scripts: dict[str, list[str]], count: int, runs: int) -> None:
    """A line per probe: medians, beside the empty Python's of the same rounds."""
    empty = [sys.executable, "-I", "-c", "pass"]
    costs: dict[str, list[Cost]] = {name: [] for name in ("empty python", *scripts)}
    for _ in range(runs):
        for name, argv in {"empty python": empty, **scripts}.items():
            costs[name].append(cost(argv))
    medians = {
        name: (statistics.median(c for c, _ in each), statistics.median(w for _, w in each))
        for name, each in costs.items()
    }
    base_cpu, base_wall = medians["empty python"]
    for name, (cpu, wall) in medians.items():
        processes = processes_of(scripts[name]) if name in scripts else 0
        print(
            f"{name:<20}{count:>5}{cpu:>9.1f}{cpu / base_cpu:>8.2f}{wall:>10.1f}"
            f"{wall / base_wall:>8.2f}{processes:>10}"
        )


def cost(argv: list[str]) -> Cost:
    """What one run takes."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(argv, input=CONFIGURATION.read_bytes(), stdout=subprocess.DEVNULL, check=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu * 1000, wall * 1000


def processes_of(argv: list[str]) -> int:
    """How many processes it starts; a thread is none."""
    traced = subprocess.run(
        ["strace", "-f", "-qq", "-e", f"trace={CREATING}", "-o", "/dev/stderr", *argv],
        input=CONFIGURATION.read_bytes(),
        capture_output=True,
        check=True,
    )
    calls = traced.stderr.decode().splitlines()
    return sum("CLONE_THREAD" not in call for call in calls if "(" in call)


def call_client(base: Path, *words: str, stdin: bytes = b"") -> None:
    """Start or stop the client."""
    argv = [sys.executable, "-c", START, str(base), *words, "lxc", "1", "host"]
    subprocess.run(argv, input=stdin, stdout=subprocess.DEVNULL, check=True)


def resident(base: Path, monitord: Monitord, count: int, seconds: float) -> None:
    """The client's CPU per hour at the default periods, and its memory."""
    stdin = CONFIGURATION.read_bytes().replace(b"4124", b"%d" % monitord.port)
    call_client(base, stdin=stdin.replace(b"<![CDATA[auto]]>", b"127.0.0.1"))
    pid = int((base / "locks/nebulxc-monitord-1.pid").read_text())
    before, began = spent_s(pid), time.monotonic()
    time.sleep(seconds)
    share = (spent_s(pid) - before) / (time.monotonic() - began)
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    kinds: dict[str, int] = {}
    for _, kind, *_ in monitord.messages:
        kinds[kind] = kinds.get(kind, 0) + 1
    print(f"client, {count} containers, {seconds:.0f} s: {share * 3600:.1f} CPU seconds an hour")
    print(f"resident {pages * os.sysconf('SC_PAGE_SIZE') / 1e6:.1f} MB; sent {kinds}")


def deaths(monitord: Monitord, containers: list[Container]) -> None:
    """How long until monitord hears of a container that died."""
    delays = []
    for container in containers:
        marks = (f'ID="{container.name.removeprefix("one-")}"', "POWEROFF")
        os.kill(container.pid, signal.SIGKILL)
        died = time.monotonic()
        until(lambda m=marks: heard(monitord, m), container.name)
        delays.append(heard(monitord, marks) - died)
    delays.sort()
    at = {
        name: delays[min(len(delays) - 1, int(len(delays) * share))]
        for name, share in (("min", 0), ("median", 0.5), ("p95", 0.95), ("max", 1))
    }
    print(
        f"{len(containers)} deaths told after", ", ".join(f"{n} {s:.2f} s" for n, s in at.items())
    )


def heard(monitord: Monitord, marks: tuple[str, ...]) -> float:
    """When a line with all `marks` came, 0 where none did."""
    for at, kind, _, _, _, text in list(monitord.messages):
        lines = text.splitlines() if kind == "STATE_VM" else []
        if any(all(mark in line for mark in marks) for line in lines):
            return at
    return 0.0


if __name__ == "__main__":
    raise SystemExit(main())
