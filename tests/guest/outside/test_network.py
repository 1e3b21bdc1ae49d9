"""The machine and its cluster live where nothing leads out."""

import json

import pytest
from vm.ceph import POOL
from vm.process import run
from vm.session import Session
from vm.settings import CEPH_IP

pytestmark = pytest.mark.guest

OUTSIDE = "192.0.2.1"
"""An address of documentation: whatever answers is our own."""


def test_the_namespace_has_a_loopback_alone(machine: Session) -> None:
    name = machine.instance.namespace
    links = json.loads(run("ip", "-n", name, "-j", "link"))
    assert [link["ifname"] for link in links] == ["lo"]
    assert run("ip", "-n", name, "route", "show", "default") == ""


def test_the_guest_reaches_its_cluster_and_nothing_else(machine: Session) -> None:
    assert machine.guest.run(f"rbd --id oneadmin ls {POOL}").returncode == 0
    for address, reached in ((f"{CEPH_IP}/6789", True), (f"{OUTSIDE}/80", False)):
        ask = f"timeout 60 bash -c ': < /dev/tcp/{address}'"
        assert (machine.guest.run(ask, check=False).returncode == 0) is reached, address
