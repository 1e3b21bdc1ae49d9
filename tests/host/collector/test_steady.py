"""A steady collector starts no process, gains no descriptor and makes no new layout."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.busybox import VETH, Busybox
from support.children import child

pytestmark = pytest.mark.host

CYCLES = 20
CHILD = f"""
import os, sys
from pathlib import Path
from collector.clock import SystemClock
from collector.cycle import Collector, CollectorSettings

def ours(cycle):
    return [row for row in cycle.rows if "-steady" in row.entity.name]

def files():
    links = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink("/proc/self/fd/" + fd))
        except FileNotFoundError:
            continue
    return sorted(link for link in links if "-steady" in link)

collector = Collector(CollectorSettings("here", lxc_paths=(Path(sys.argv[1]),)), SystemClock())
for _ in range(3):
    collector.read()
print("ready", flush=True)
sys.stdin.readline()
before = files()
layouts = [row.columns for row in ours(collector.read())]
for _ in range({CYCLES}):
    cycle = collector.read()
same = all(row.columns is columns for row, columns in zip(ours(cycle), layouts, strict=True))
print(same, files() == before, len(layouts), flush=True)
sys.stdin.readline()
"""
SCARCE = """
import os, resource, sys
from pathlib import Path
from collector.clock import SystemClock
from collector.cycle import Collector, CollectorSettings
from collector.model import samples
collector = Collector(CollectorSettings("here", lxc_paths=(Path(sys.argv[1]),)), SystemClock())
limit = len(os.listdir("/proc/self/fd")) + 80
running = len([n for n in os.listdir("/sys/fs/cgroup/freezer") if n.startswith("lxc.payload.")])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
cycle = collector.read()
whole = {"lxc_pids", "lxc_network_receive_bytes_total", "lxc_memory_usage_bytes"}
told = [s.metric for s in samples(cycle)]
some = 0 < told.count("lxc_pids") < running
print(set(collector.stats.errors) == {"cycle"}, whole <= set(told), some)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
cycle = collector.read()
print(sum(s.metric == "lxc_info" and "-steady" in str(s.labels) for s in samples(cycle)))
"""


@pytest.fixture(scope="module")
def containers(busybox: Busybox) -> Iterator[Path]:
    """Where five containers with a NIC run."""
    made = busybox.start_many([f"steady{n}" for n in range(5)], *VETH)
    yield busybox.lxc_path
    for container in made:
        busybox.destroy(container)


def test_no_fork_no_exec_and_nothing_gained(containers: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with child(
        [sys.executable, "-I", "-c", CHILD, str(containers)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reading:
        assert reading.stdout.readline() == "ready\n"
        calls = "trace=fork,vfork,clone,clone3,execve,execveat,pread64"
        strace = ["strace", "-f", "-p", str(reading.pid), "-o", str(trace), "-e", calls]
        with child(strace, stderr=subprocess.PIPE, text=True) as tracer:
            # Not when it is the tracer: calls are told once it has also interrupted the process.
            assert " attached" in tracer.stderr.readline()
            reading.stdin.write("\n")
            reading.stdin.flush()
            found = reading.stdout.readline().split(maxsplit=2)
            tracer.send_signal(signal.SIGINT)
            tracer.wait(60)
    assert found == ["True", "True", "5\n"]
    called = [line for line in trace.read_text().splitlines() if "(" in line]
    read = [line for line in called if " pread64(" in line]
    assert len(read) >= CYCLES * 5 * 10, "strace did not see the reading"
    started = [line for line in called if " pread64" not in line and "CLONE_THREAD" not in line]
    assert started == []


def test_a_soft_limit_of_open_files_is_raised(containers: Path) -> None:
    code = (
        "import resource; from collector.limits import raise_open_files;"
        "print(raise_open_files(), *resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    done = subprocess.run(
        ["bash", "-c", f"ulimit -Sn 256; exec {sys.executable} -I -c '{code}'"],
        capture_output=True,
        text=True,
        check=True,
    )
    problem, soft, hard = done.stdout.split()
    assert problem == "None"
    assert soft == hard != "256"


def test_too_few_descriptors_cost_what_they_must_and_no_more(containers: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", SCARCE, str(containers)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "True", "True", "5"]
