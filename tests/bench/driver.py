"""What an action costs over bare LXC: deploy, shutdown and cancel over lxc-start and lxc-stop.

Run as root: `.venv/bin/python tests/bench/driver.py [--json] [--runs 10]`. Both start the same
busybox root with the same LXC configuration: bare LXC from a mounted directory and without hooks,
ours from a raw image through the very entry programs of an environment, with the VM as XML on
standard input. Actions are whole processes, the interpreter's start included; deploy's settle
time is 0. Medians of one run, the two taken in turns; what counts is their ratio.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.installation import Images, Installation, run

from control import entries
from vmm.cgroup.cgroup_tree import CgroupTree

VMID = 71190
BARE = f"nxve-bare-{os.getpid()}"
CONFIG = """\
[driver]
settle = "0s"
privileged = "allow"
datastores = "{base}/ds"
state = "{base}/ct"
lxc = "{base}/lxc"
log = "{base}/log"
journal = "{base}/journal.jsonl"
"""
VM = """\
<VM><ID>{vmid}</ID><STATE>3</STATE><LCM_STATE>2</LCM_STATE><TEMPLATE><CPU>1</CPU>
<MEMORY>64</MEMORY><VMID>{vmid}</VMID><DISK><DISK_ID>0</DISK_ID><DISK_TYPE>FILE</DISK_TYPE>
<DRIVER>raw</DRIVER><FORMAT>raw</FORMAT><TYPE>FILE</TYPE><SOURCE>{disk}</SOURCE>
<TARGET>sda</TARGET><READONLY>NO</READONLY></DISK></TEMPLATE><USER_TEMPLATE>
<LXC_UNPRIVILEGED>YES</LXC_UNPRIVILEGED></USER_TEMPLATE><HISTORY_RECORDS><HISTORY>
<OID>{vmid}</OID><SEQ>0</SEQ><HOSTNAME>node</HOSTNAME><DS_ID>0</DS_ID></HISTORY>
</HISTORY_RECORDS></VM>
"""
ENVELOPE = (
    "<VMM_DRIVER_ACTION_DATA><HOST>node</HOST><DEPLOY_ID>{name}</DEPLOY_ID>{vm}"
    "</VMM_DRIVER_ACTION_DATA>"
)
HOOKS = ("pre-start", "start-host", "post-stop")


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds, medians: of the wall clock and of CPU time of the process and its children."""

    wall: float
    cpu: float


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--json", action="store_true", help="print JSON")
    arguments.add_argument("--runs", type=int, default=10, help="times each")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="nxve-bench-", dir="/var/tmp") as directory:
        costs = Bench(Images(Path(directory))).run(given.runs)
    if given.json:
        print(json.dumps({name: asdict(cost) for name, cost in costs.items()}, indent=1))
    else:
        _print(costs)
    return 0


def _print(costs: dict[str, Cost]) -> None:
    over = {
        "deploy": "lxc-start",
        "shutdown": "lxc-stop",
        "cancel": "lxc-stop -k",
        **dict.fromkeys(HOOKS, "python pass"),
    }
    print(f"{'':14}{'wall ms':>9}{'cpu ms':>9}   ratio of wall, of cpu")
    for name, cost in costs.items():
        line = f"{name:14}{cost.wall:9.1f}{cost.cpu:9.1f}"
        if name in over:
            bare = costs[over[name]]
            line += f"   {cost.wall / bare.wall:.1f}x, {cost.cpu / bare.cpu:.1f}x of {over[name]}"
        print(line)


class Bench:
    """One installation, one VM, and a bare twin of it."""

    def __init__(self, images: Images) -> None:
        self.installation = Installation()
        self.base = self.installation.base
        disk = self.installation.image(VMID, 0, images.busybox())
        self.config = self.base / "nebulxc.toml"
        self.config.write_text(CONFIG.format(base=self.base))
        self.vm = VM.format(vmid=VMID, disk=disk)
        self.action = self.base / "action"
        self._program(self.action, "control.driver.action", f"main(config={str(self.config)!r})")
        self._program(self.installation.hook, "control.driver.hook", "main()")
        self.name = f"one-{VMID}"
        self.bare = self.base / "bare"
        shutil.copytree(images.root(), self.bare / "root", symlinks=True)
        for path in (self.bare, self.bare / "root"):
            path.chmod(0o711)
        self.twin = self.installation.vm(VMID + 1, root=images.busybox())
        self.times: dict[str, list[Cost]] = {}

    def run(self, runs: int) -> dict[str, Cost]:
        """The medians, by what was measured."""
        try:
            self._twin()
            for _ in range(runs):
                self._round()
            self._hooks(runs)
        finally:
            self.close()
        return {
            name: Cost(
                statistics.median(cost.wall for cost in costs),
                statistics.median(cost.cpu for cost in costs),
            )
            for name, costs in self.times.items()
        }

    def close(self) -> None:
        """End what is left. LXC's monitor is not always able to remove its own cgroup."""
        run("lxc-stop", "-P", str(self.bare), "-n", BARE, "-k", check=False)
        CgroupTree(BARE).remove(10)
        self.installation.close()

    def _round(self) -> None:
        lxc = ("-P", str(self.bare), "-n", BARE)
        for stop, ours in ((("lxc-stop",), "shutdown"), (("lxc-stop", "-k"), "cancel")):
            self._timed("lxc-start", lambda: run("lxc-start", *lxc))
            self._timed(" ".join(stop), lambda stop=stop: run(stop[0], *lxc, *stop[1:]))
            self._timed("deploy", lambda: self._act("deploy", self.vm))
            self._timed(ours, lambda ours=ours: self._act(ours, self._envelope()))
        self._timed("python pass", lambda: run(sys.executable, "-I", "-c", "pass"))

    def _timed(self, name: str, work: Callable[[], object]) -> None:
        before, begun = _cpu(), time.perf_counter()
        work()
        wall = (time.perf_counter() - begun) * 1000
        self.times.setdefault(name, []).append(Cost(wall, _cpu() - before))

    def _hooks(self, runs: int) -> None:
        """More lives, whose hooks are timed by the processes that run them."""
        self._hook_shims()
        for _ in range(runs):
            self.installation.do("deploy", self.twin)
            self.installation.do("cancel", self.twin)
            for hook in HOOKS:
                told = self.base / f"{hook}.times"
                wall, cpu = map(float, told.read_text().split())
                told.unlink()  # a hook that is killed the next time must not be told by this
                self.times.setdefault(hook, []).append(Cost(wall, cpu))

    def _act(self, action: str, message: str) -> None:
        words = {"deploy": ("/deployment.0", "node")}.get(action, (self.name, "node"))
        done = subprocess.run(
            [str(self.action), action, *words, str(VMID), "node"],
            input=message.encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()

    def _envelope(self) -> str:
        return ENVELOPE.format(name=self.name, vm=self.vm)

    def _twin(self) -> None:
        """The configuration of our own container, without hooks, over a plain directory."""
        self._act("deploy", self.vm)
        text = (self.base / f"ct/{self.name}/config").read_text()
        self._act("cancel", self._envelope())
        lines = [
            line
            for line in text.splitlines()
            if not line.startswith(("lxc.hook", "lxc.rootfs.path", "lxc.log", "lxc.console"))
        ]
        (self.bare / BARE).mkdir()
        lines.append(f"lxc.rootfs.path = dir:{self.bare}/root")
        lines.append("lxc.rootfs.options = idmap=container")  # ours is mapped by its hook
        (self.bare / BARE / "config").write_text("\n".join(lines) + "\n")

    def _program(self, path: Path, module: str, call: str) -> None:
        """What an environment has as the entry of this module, but for what it calls."""
        environment = Path(sys.prefix)
        paths = [str(self.base), *entries.packages(environment, environment)]
        path.write_text(entries.script(module, sys.executable, paths, call))
        path.chmod(0o755)

    def _hook_shims(self) -> None:
        """Have each hook tell at its end what it took since the shell began to start it.

        It must stay LXC's own child, which is how it knows the monitor: so it times itself.
        """
        hook = self.installation.hook
        (self.base / "timed.py").write_text(TIMED_HOOK.format(base=self.base))
        self._program(hook, "control.driver.hook", "__import__('timed').main(main)")
        text = hook.read_text()
        hook.write_text(text.replace("\n", "\nBEGUN=$(date +%s%N)\nexport BEGUN\n", 1))


TIMED_HOOK = """
import os, sys

def main(hook):
    code = hook()
    import resource, time
    wall = (time.time_ns() - int(os.environ["BEGUN"])) / 1e6
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(part.ru_utime + part.ru_stime for part in used) * 1000
    with open(f"{base}/{{sys.argv[1]}}.times", "w") as file:
        file.write(f"{{wall}} {{cpu}}")
    return code
"""


def _cpu() -> float:
    """CPU milliseconds of this process's ended children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


if __name__ == "__main__":
    assert os.geteuid() == 0, "containers need root"
    sys.exit(main())
