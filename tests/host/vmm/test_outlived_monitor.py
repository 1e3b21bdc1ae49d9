"""A container that outlived its monitor: OpenNebula has it as UNKNOWN, and powers it off hard."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support import clean
from support.busybox import until
from support.installation import Images, Installation, settled

from vmm.errors import DriverError
from vmm.spec import RawLine, VmSpec

pytestmark = pytest.mark.host

PDEATH = "lxc.monitor.signal.pdeath"
SAVE_SUSPEND, BOOT_STOPPED = 6, 22


@pytest.fixture
def installation() -> Iterator[Installation]:
    with clean.left_clean(Installation(raw_allow=(PDEATH,))) as made:
        yield made


@pytest.fixture
def vm(installation: Installation, images: Images) -> VmSpec:
    """A VM that runs without its monitor."""
    vm = installation.vm(23001, root=images.busybox(), raw=(RawLine(PDEATH, "0"),))
    installation.do("deploy", vm)
    recorded = json.loads((installation.base / "ct/one-23001/monitor.json").read_text())
    init = installation.container(vm).init()
    os.kill(recorded["pid"], signal.SIGKILL)
    until(lambda: not Path(f"/proc/{recorded['pid']}").exists(), "its monitor's end")
    assert installation.container(vm).init() == init is not None
    return vm


def test_cancel_ends_it(installation: Installation, vm: VmSpec) -> None:
    installation.do("cancel", vm)
    assert installation.container(vm).cgroups.directories() == []
    nothing: dict[str, list[str]] = {kind: [] for kind in installation.traces()}
    assert settled(installation, nothing) == nothing


@pytest.mark.parametrize("action", ["deploy", "restore", "reboot", "shutdown", "save"])
def test_what_lxc_cannot_do_is_refused(installation: Installation, vm: VmSpec, action: str) -> None:
    init, traces = installation.container(vm).init(), installation.traces()
    lcm_state = {"save": SAVE_SUSPEND, "restore": BOOT_STOPPED}.get(action)
    with pytest.raises(DriverError) as caught:
        installation.do(action, replace(vm, lcm_state=lcm_state))
    assert caught.value.problem == f"one-23001 runs on (pid {init}), but LXC's monitor of it died"
    assert f"'onevm poweroff --hard' or, on this host, 'kill -9 {init}'" in caught.value.remedy
    assert (installation.container(vm).init(), installation.traces()) == (init, traces)


def test_killed_as_the_refusal_says_it_can_be_deployed(
    installation: Installation, vm: VmSpec
) -> None:
    before = installation.container(vm).init()
    assert before is not None
    os.kill(before, signal.SIGKILL)
    until(lambda: installation.container(vm).init() is None, "its init's end")
    installation.do("deploy", vm)
    assert installation.container(vm).init() not in {None, before}
