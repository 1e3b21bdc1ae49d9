"""Hooks that take long: on a loaded host, or while storage keeps them waiting, any of them may."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.busybox import until
from support.installation import Images, Installation, nic, own, run

from vmm import boot
from vmm.lxc import liblxc
from vmm.spec import VmSpec

pytestmark = pytest.mark.host

HOOK = """
import os, sys, time
if sys.argv[1] == {kind!r}:
    {wait}
from control.driver.hook import main
raise SystemExit(main())
"""


def slowed(installation: Installation, kind: str, wait: str) -> None:
    """From now on hooks of this kind do `wait`, a line of Python, before anything else."""
    path = installation.base / "hook.py"
    path.write_text(HOOK.format(kind=kind, wait=wait))
    installation.hook.write_text(f'#!/bin/sh\nexec {sys.executable} -I {path} "$@"\n')


@pytest.fixture
def vm(installation: Installation, images: Images, bridge: str) -> VmSpec:
    made = installation.vm(own(1), root=images.busybox(), nics=(nic(own(1), 0, bridge),))
    installation.do("deploy", made)
    return made


def test_a_start_by_hand_comes_after_all_of_the_stop_before_it(
    installation: Installation, vm: VmSpec
) -> None:
    """LXC says STOPPED before it runs the last hook, which takes NICs away and records the end."""
    gate = installation.base / "gate"
    gate.touch()
    slowed(installation, "post-stop", f"while os.path.exists({str(gate)!r}): time.sleep(0.01)")
    lxc = ("-P", installation.policy.lxc, "-n", vm.name)
    installation.attach(vm, "poweroff", check=False)
    until(lambda: "STOPPED" in run("lxc-info", "-s", *lxc), "LXC to call it stopped")
    with subprocess.Popen(["lxc-start", *lxc]) as start:
        for kind in ("post-stop", "pre-start"):
            until(lambda kind=kind: _runs(installation, kind), f"the {kind} hook")
        gate.unlink()
        assert start.wait(200) == 0
    container = installation.container(vm)
    assert container.init() is not None
    assert boot.ended(container.state) == ""
    assert Path(f"/sys/class/net/{vm.nics[0].host_name}/master").exists()


def _runs(installation: Installation, kind: str) -> bool:
    return any(kind in line for line in installation.traces()["processes"])


@pytest.mark.slow
def test_a_reboot_is_waited_for_though_lxc_answers_nobody(
    installation: Installation, vm: VmSpec
) -> None:
    """The container is there, but LXC's monitor waits for the hook."""
    before = installation.container(vm).init()
    slowed(installation, "start-host", f"time.sleep({liblxc.SECONDS + 2})")
    installation.do("reboot", vm)
    assert installation.container(vm).init() not in (None, before)
    assert installation.do("poll", vm) == "STATE=a"
