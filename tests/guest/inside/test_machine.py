"""The guest is what the rest of the guest's tests count on. A missing capability fails here."""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.guest


def test_only_cgroup_v2_is_mounted() -> None:
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert " - cgroup2 " in mounts
    assert " - cgroup " not in mounts


@pytest.mark.parametrize("controller", ["cpu", "cpuset", "io", "memory", "pids"])
def test_controller_is_there(controller: str) -> None:
    assert controller in Path("/sys/fs/cgroup/cgroup.controllers").read_text("ascii").split()


@pytest.mark.parametrize("resource", ["cpu", "io", "memory"])
def test_pressure_is_accounted(resource: str) -> None:
    text = Path(f"/proc/pressure/{resource}").read_text(encoding="ascii")
    assert text.startswith("some avg10=")


def test_apparmor_is_enforced() -> None:
    assert Path("/sys/module/apparmor/parameters/enabled").read_text("ascii") == "Y\n"
    profiles = Path("/sys/kernel/security/apparmor/profiles").read_text(encoding="utf-8")
    assert "lxc-container-default-cgns (enforce)" in profiles


@pytest.mark.parametrize(
    "module", ["dm_thin_pool", "rbd", "nbd", "btrfs", "xfs", "overlay", "veth"]
)
def test_module_loads(module: str) -> None:
    subprocess.run(["modprobe", module], check=True)


def test_systemd_is_in_charge_and_content() -> None:
    done = subprocess.run(["systemctl", "is-system-running"], capture_output=True, check=False)
    assert done.stdout == b"running\n"


def test_we_are_root() -> None:
    assert os.geteuid() == 0
