"""Open vSwitch for a test, without a service manager: its database and switch, ended at the end."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.installation import run

RUN = Path("/run/openvswitch")
"""Where `ovs-vsctl` looks for the database."""
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


@contextmanager
def running() -> Iterator[None]:
    """The host's own Open vSwitch where one runs, else one that ends with the block."""
    if _answers():
        yield
        return
    # Where the kernel has no such module, bridges are of the datapath in user space.
    subprocess.run(["modprobe", "-q", "openvswitch"], check=False)
    RUN.mkdir(exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="nxve-ovs-", dir="/var/tmp"))
    controls = [f"{directory}/{name}.ctl" for name in ("switch", "database")]
    database, common = f"{directory}/conf.db", ("--detach", "--no-chdir", "--log-file=/dev/null")
    run("ovsdb-tool", "create", database, SCHEMA)
    remote = f"--remote=punix:{RUN}/db.sock"
    pidfiles = [f"--pidfile={control}.pid" for control in controls]
    run("ovsdb-server", database, remote, pidfiles[1], f"--unixctl={controls[1]}", *common)
    try:
        run("ovs-vsctl", "--no-wait", "init")
        run("ovs-vswitchd", pidfiles[0], f"--unixctl={controls[0]}", *common)
        try:
            yield
        finally:
            run("ovs-appctl", "-t", controls[0], "exit", "--cleanup")
    finally:
        run("ovs-appctl", "-t", controls[1], "exit")
        deadline = time.monotonic() + 60
        while any(directory.glob("*.pid")) and time.monotonic() < deadline:
            time.sleep(0.05)  # they answer, and end a moment later
        shutil.rmtree(directory)


def _answers() -> bool:
    ask = ["ovs-vsctl", "--timeout=20", "show"]
    return subprocess.run(ask, capture_output=True, check=False).returncode == 0


@contextmanager
def bridge(name: str) -> Iterator[str]:
    """A bridge of the switch that runs."""
    datapath = "system" if Path("/sys/module/openvswitch").exists() else "netdev"
    run("ovs-vsctl", "add-br", name, "--", "set", "bridge", name, f"datapath_type={datapath}")
    yield name
    run("ovs-vsctl", "del-br", name)
