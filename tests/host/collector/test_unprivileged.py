"""An inventory needs no privilege: a probe of another user watches containers start and end."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from support.busybox import Busybox, Container
from support.children import child

pytestmark = pytest.mark.host

NOBODY = 65534
CHILD = """
import os, select, sys, time
from pathlib import Path
from collector.cgroupfs import Hierarchies
from collector.inventory import Inventory

root = Path("/")
inventory = Inventory(root, Hierarchies.mounted(root).primary, ())
inventory.refresh(time.monotonic())
name = sys.argv[1]

def find():
    inventory.refresh(time.monotonic())
    return [f for f in inventory.running.values() if f.name.text == name]

(found,) = find()
init = os.pidfd_open(found.init_pid)
print(os.geteuid(), found.name.lxc_path, flush=True)
print("ended", bool(select.select([init], [], [], 60)[0]), flush=True)
deadline = time.monotonic() + 60
while find() and time.monotonic() < deadline:
    select.select([inventory.fileno()], [], [], 1)
print("gone", not find(), flush=True)
"""


def test_another_user_sees_a_container_and_its_end(
    busybox: Busybox, lxc_container: Callable[..., Container]
) -> None:
    container = lxc_container("watched")
    # As lxc-create leaves it: nobody else may look for the configuration.
    (busybox.lxc_path / container.name).chmod(0o700)
    with child(
        [sys.executable, "-I", "-c", CHILD, container.name],
        stdout=subprocess.PIPE,
        text=True,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
    ) as watching:
        assert watching.stdout.readline() == f"{NOBODY} {busybox.lxc_path}\n"
        container.stop()
        assert watching.stdout.read() == "ended True\ngone True\n"
