"""The running machine as the tests that drive it from outside see it."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# the machine's own package lives beside the tests
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from boxes.shell import until
from boxes.watching import Shown, Watch
from vm.session import Session
from vm.settings import GUEST_CHECKOUT, GUEST_PYTHON, RELEASES, Instance

OUTPUT = "/root/results/watch.jsonl"
UNIT = "watch.service"


@pytest.fixture(scope="session")
def machine() -> Session:
    """The machine that `scripts/vm test` started."""
    name, release = os.environ.get("NEBULXC_VM"), os.environ.get("NEBULXC_VM_RELEASE")
    if not name or not release:
        pytest.fail("these tests drive a running machine: use scripts/vm test")
    return Session.attach(Instance(name, RELEASES[release]))


@pytest.fixture
def watch(machine: Session) -> Iterator[Watch]:
    """A collector that reads every second in the guest, as a unit of systemd's."""

    def start() -> None:
        script = f"{GUEST_CHECKOUT}/tests/guest/boxes/watch.py"
        command = f"{GUEST_PYTHON} -I {script} {OUTPUT}"
        machine.guest.run(f"rm -f {OUTPUT}; systemd-run -q --unit={UNIT} {command}")
        until(lambda: machine.guest.run(f"test -s {OUTPUT}", check=False).returncode == 0)

    def lines() -> list[Shown]:
        text = machine.guest.run(f"cat {OUTPUT}").stdout
        whole = text[: text.rfind("\n") + 1]
        return [Shown(**json.loads(line)) for line in whole.splitlines()]

    started = Watch(start, lines)
    started.start()
    yield started
    machine.guest.run(f"systemctl stop {UNIT}; systemctl reset-failed", check=False)
