"""What actions on a running container cost, as whole processes, over `python -I -c pass`.

Run as root: `.venv/bin/python tests/bench/actions.py [--json] [--runs 10]`. Each action is a
process of its own, the interpreter's start included, with OpenNebula's message on standard input:
NICs attached and detached, suspend and resume, a command begun and one cancelled, the context
renewed. The guest is busybox, so what it does itself takes no time. Medians, taken in turns.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).parent.parent)  # beside this file, `vmm` is another bench

from support.installation import Images, Installation, nic, run  # noqa: E402 - after the path is right

VMID = 71490
NAME = f"one-{VMID}"
BRIDGE = f"nxhab{os.getpid()}"
PYTHON = "python -I -c pass"
CONFIG = """\
[driver]
settle = "0s"
datastores = "{base}/ds"
state = "{base}/ct"
lxc = "{base}/lxc"
log = "{base}/log"
journal = "{base}/journal.jsonl"
"""
VM = """\
<VM><ID>{vmid}</ID><STATE>3</STATE><LCM_STATE>{lcm_state}</LCM_STATE><TEMPLATE><CPU>1</CPU>
<MEMORY>64</MEMORY><VMID>{vmid}</VMID><DISK><DISK_ID>0</DISK_ID><TYPE>FILE</TYPE>
<TARGET>sda</TARGET></DISK><CONTEXT><DISK_ID>1</DISK_ID><TARGET>sdb</TARGET></CONTEXT>{nics}
</TEMPLATE><USER_TEMPLATE/><HISTORY_RECORDS><HISTORY><SEQ>0</SEQ><DS_ID>0</DS_ID></HISTORY>
</HISTORY_RECORDS></VM>
"""
NIC = """\
<NIC><NIC_ID>{nic_id}</NIC_ID><BRIDGE>{bridge}</BRIDGE><MAC>{mac}</MAC>
<TARGET>{name}</TARGET><ATTACH>{attach}</ATTACH></NIC>
"""
ENVELOPE = (
    "<VMM_DRIVER_ACTION_DATA><HOST>node</HOST><DEPLOY_ID>{name}</DEPLOY_ID>{vm}"
    "</VMM_DRIVER_ACTION_DATA>"
)
ENTRY = (
    "from pathlib import Path; from control.driver.action import main; "
    "raise SystemExit(main(config=Path({config!r})))"
)
RUNNING, SAVE_SUSPEND, BOOT_SUSPENDED = 3, 6, 21
CHECKPOINT = f"/var/lib/one/datastores/0/{VMID}/checkpoint"
TAIL = (str(VMID), "node")
ADDED = nic(VMID, 1, BRIDGE)
STEPS = (
    ("attach_nic", (NAME, ADDED.mac, BRIDGE, "-", "bridge", ADDED.host_name, *TAIL), RUNNING),
    ("prereconfigure", (NAME, "sdb", *TAIL), RUNNING),
    ("reconfigure", (NAME, "sdb", f"/var/lib/one/datastores/0/{VMID}/disk.1", *TAIL), RUNNING),
    ("detach_nic", (NAME, ADDED.mac, *TAIL), RUNNING),
    ("save", (NAME, CHECKPOINT, "node", *TAIL), SAVE_SUSPEND),
    ("restore", (CHECKPOINT, "node", NAME, *TAIL), BOOT_SUSPENDED),
    ("exec", (*TAIL, "sleep 1000"), RUNNING),
    ("exec_cancel", TAIL, RUNNING),
    ("poll", (NAME, "node", *TAIL), RUNNING),
)


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--json", action="store_true", help="print JSON")
    arguments.add_argument("--runs", type=int, default=10, help="times each")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="nxha-bench-", dir="/var/tmp") as directory:
        medians = Bench(Images(Path(directory))).run(given.runs)
    if given.json:
        print(json.dumps(medians, indent=1))
        return 0
    print(f"{'':18}{'wall ms':>9}   ratio")
    for name, wall in medians.items():
        print(f"{name:18}{wall:9.1f}   {wall / medians[PYTHON]:.1f}x")
    return 0


class Bench:
    """One installation and one running VM."""

    def __init__(self, images: Images) -> None:
        self.installation = Installation()
        self.config = self.installation.base / "nebulxc.toml"
        self.config.write_text(CONFIG.format(base=self.installation.base))
        self.installation.image(VMID, 0, images.busybox())
        self.installation.image(VMID, 1, images.context({"context.sh": "ETH0_IP=10.0.0.2\n"}))

    def run(self, runs: int) -> dict[str, float]:
        """Milliseconds of the wall clock, medians, by what was run."""
        times: dict[str, list[float]] = {}
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        try:
            self._act("deploy", ("/deployment.0", "node", *TAIL), self._vm(RUNNING, added=False))
            for _ in range(runs):
                self._round(times)
        finally:
            self.installation.close()
            run("ip", "link", "del", BRIDGE)
        return {name: statistics.median(found) for name, found in times.items()}

    def _round(self, times: dict[str, list[float]]) -> None:
        begun = time.perf_counter()
        run(sys.executable, "-I", "-c", "pass")
        times.setdefault(PYTHON, []).append((time.perf_counter() - begun) * 1000)
        for action, words, lcm_state in STEPS:
            message = ENVELOPE.format(name=NAME, vm=self._vm(lcm_state, added=True))
            begun = time.perf_counter()
            self._act(action, words, message)
            times.setdefault(action, []).append((time.perf_counter() - begun) * 1000)

    def _act(self, action: str, words: tuple[str, ...], message: str) -> None:
        entry = ENTRY.format(config=str(self.config))
        done = subprocess.run(
            [sys.executable, "-I", "-c", entry, action, *words],
            input=message.encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"{action}: {done.stderr.decode()}"

    def _vm(self, lcm_state: int, *, added: bool) -> str:
        nics = [(nic(VMID, 0, BRIDGE), "NO"), *([(ADDED, "YES")] if added else [])]
        text = "".join(
            NIC.format(
                nic_id=one.nic_id, bridge=BRIDGE, mac=one.mac, name=one.host_name, attach=attach
            )
            for one, attach in nics
        )
        return VM.format(vmid=VMID, lcm_state=lcm_state, nics=text)


if __name__ == "__main__":
    assert os.geteuid() == 0, "containers need root"
    sys.exit(main())
