"""A container that outlived its monitor: OpenNebula has it as UNKNOWN, and powers it off hard."""

import json
import os
import signal
from pathlib import Path

import pytest
from support.busybox import until
from support.installation import Images, Installation

from vmm.spec import RawLine

pytestmark = pytest.mark.host

PDEATH = "lxc.monitor.signal.pdeath"


def test_cancel_ends_it(images: Images) -> None:
    installation = Installation(raw_allow=(PDEATH,))
    try:
        before = installation.traces()
        vm = installation.vm(23001, root=images.busybox(), raw=(RawLine(PDEATH, "0"),))
        installation.do("deploy", vm)
        recorded = json.loads((installation.base / "ct/one-23001/monitor.json").read_text())
        init = installation.container(vm).init()
        os.kill(recorded["pid"], signal.SIGKILL)
        until(lambda: not Path(f"/proc/{recorded['pid']}").exists(), "its monitor's end")
        assert installation.container(vm).init() == init is not None
        installation.do("cancel", vm)
        assert installation.container(vm).cgroups.directories() == []
        assert installation.traces() == before
    finally:
        installation.close()
