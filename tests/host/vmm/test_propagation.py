"""Where / propagates its mounts, as systemd sets it up, no mount of ours gets out either."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.host

TESTS = str(Path(__file__).parents[2])
PROGRAM = f"""
import sys, tempfile
sys.path.insert(0, {TESTS!r})
from pathlib import Path
from support.installation import Images, Installation, data_disk, settled

def shown():
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if "nxve" in line or "/dev/loop" in line]

before = shown()
assert " shared:" in Path("/proc/self/mountinfo").read_text().splitlines()[0], "/ is not shared"
installation = Installation()
try:
    with tempfile.TemporaryDirectory(prefix="nxve-images-", dir="/var/tmp") as directory:
        images = Images(Path(directory))
        traces = installation.traces()
        vms = [
            installation.vm(
                vmid,
                data_disk(1, installation.image(vmid, 1, images.empty())),
                root=images.busybox(),
            )
            for vmid in (71001, 71002)
        ]
        for vm in vms:
            installation.do("deploy", vm)
            assert shown() == before, shown()
            assert "/media/one-disk.1" in installation.attach(vm, "cat", "/proc/mounts")
        installation.do("reboot", vms[0])
        assert shown() == before, shown()
        # The first container's image must not be held by the second one's monitor.
        installation.do("shutdown", vms[0])
        installation.do("cancel", vms[1])
        assert settled(installation, traces) == traces
finally:
    installation.close()
print("done")
"""


def test_where_the_root_is_shared() -> None:
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "shared", sys.executable, "-c", PROGRAM],
        capture_output=True,
        check=False,
        timeout=280,
    )
    assert done.stdout == b"done\n", done.stderr.decode()
