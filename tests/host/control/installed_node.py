"""A node of OpenNebula's from its installation to its removal, as root in a mount namespace.

Run by test_installed_node.py, which made the namespace: what is installed here, below /etc, /opt
and /var, nobody else sees, and it is gone with this process. Cgroups and processes are the host's.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.installation import Images
from support.linking_pip import LinkingPip
from support.messages import message, vm

from control.install import node
from control.install.run import Progress
from control.problem import Problem
from vmm.cgroup.cgroup_tree import CgroupTree

TOP = Path(__file__).parents[3]
VMID = int(sys.argv[1])
NAME = f"one-{VMID}"
SHIMS = Path("/var/tmp/one/vmm/nebulxc")
DISK = Path(f"/var/lib/one/datastores/0/{VMID}/disk.0")
USER = ("setpriv", "--reuid=oneadmin", "--regid=oneadmin", "--init-groups")
ENVIRONMENT = {"HOME": "/var/lib/one", "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/games"}
COPIED, EMPTY = ("/etc",), ("/opt", "/usr/local/bin", "/var/lib/lxc", "/var/log", "/var/tmp")
GRANT = "root:1100000000:536870912"


def run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def take_places() -> None:
    """File systems of our own over all that an installation changes; no systemd to talk to."""
    for place in COPIED:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as copy:
            run("cp", "-a", f"{place}/.", copy)
            run("mount", "-t", "tmpfs", "-o", "mode=0755", "nxid", place)
            run("cp", "-a", f"{copy}/.", place)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as kept:
        run("mount", "--bind", str(TOP), kept)
        for place in (*EMPTY, "/var/lib/nebulxc", "/var/lib/one", "/run/systemd"):
            run("mount", "-t", "tmpfs", "-o", "mode=0755", "nxid", place)
        if not TOP.exists():  # the checkout lies in a place that is covered now
            TOP.mkdir(parents=True)
            run("mount", "--bind", kept, str(TOP))
        run("umount", kept)


def opennebula() -> None:
    """What opennebula-node-lxc, the front-end's sync and a datastore driver leave."""
    for name in ("/etc/subuid", "/etc/subgid"):
        lines = Path(name).read_text().splitlines(keepends=True)
        Path(name).write_text("".join(line for line in lines if line.strip() != GRANT))
    run("useradd", "--system", "--home-dir", "/var/lib/one", "--user-group", "oneadmin")
    SHIMS.parent.mkdir(parents=True)
    shutil.copytree(TOP / "vmm/remotes", SHIMS)
    DISK.parent.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        shutil.copy(Images(Path(directory)).busybox(), DISK)
    run("chown", "-R", "oneadmin:", "/var/lib/one", "/var/tmp/one")


def installed(*, remove: bool = False) -> list[str]:
    """What was done."""
    progress = Progress(print, dry=False)
    steps = node.steps(LinkingPip(), progress.changed)
    progress.uninstall(steps) if remove else progress.install(steps)
    return progress.done


def shim(action: str, stdin: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """One action, as OpenNebula's user."""
    return subprocess.run(
        [*USER, str(SHIMS / action), *words, str(VMID), "node"],
        env=ENVIRONMENT,
        cwd="/",
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def done(action: str, stdin: str, *words: str) -> str:
    answer = shim(action, stdin, *words)
    assert answer.returncode == 0, (action, answer)
    return answer.stdout


def amiss() -> list[str]:
    """What the doctor finds, notes left out."""
    argv = ["/usr/local/bin/nebulxc", "doctor", "--json"]
    said = subprocess.run(argv, check=False, capture_output=True, text=True).stdout
    return [one["what"] for one in json.loads(said) if not one["note"]]


def refused() -> str:
    try:
        installed(remove=True)
    except Problem as problem:
        return str(problem)
    raise AssertionError("it was removed under a running container")


def life() -> None:
    """The whole of it, in order."""
    assert "Nebulxc is not installed on this host" in shim("cancel", "", NAME, "node").stderr
    told = installed()
    for what in (
        f"add {GRANT} to /etc/subuid",
        "add oneadmin to the group nebulxc",
        "create /etc/sudoers.d/nebulxc (0440): oneadmin may run nebulxc-action",
    ):
        assert what in told, told
    assert installed() == []
    assert amiss() == []
    described = vm(VMID, DISK)
    assert done("deploy", described, "/deployment.0", "node") == f"{NAME}\n"
    assert amiss() == []
    before = CgroupTree(NAME).init()
    assert f"{NAME} run under Nebulxc" in refused()
    done("reboot", message(VMID, described), NAME, "node")
    assert CgroupTree(NAME).init() not in (None, before)
    done("shutdown", message(VMID, described), NAME, "node")
    assert CgroupTree(NAME).init() is None
    assert amiss() == []
    assert installed(remove=True)
    assert installed(remove=True) == []
    assert GRANT not in Path("/etc/subuid").read_text()
    assert "nebulxc" not in run("id", "-nG", "oneadmin").split()
    assert os.listdir("/opt") == os.listdir("/usr/local/bin") == []
    assert DISK.exists()


if __name__ == "__main__":
    take_places()
    opennebula()
    try:
        life()
    finally:
        subprocess.run(["lxc-stop", "-k", "-n", NAME], check=False, capture_output=True)
