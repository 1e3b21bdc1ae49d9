from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from vmm.errors import DriverError
from vmm.nics import hotplug
from vmm.opennebula import message
from vmm.policy import NodePolicy
from vmm.spec import Message


def parsed(call: Any) -> Message:
    return message.parse(call.action, call.argv, call.stdin, NodePolicy())


def test_the_captured_attach_and_detach_are_about_the_marked_nic(
    call: Callable[[str], Any],
) -> None:
    for start in ("mock-all-actions/009", "mock-all-actions/014", "mock-all-actions/070"):
        asked = parsed(call(start))
        found = hotplug.nic(asked)
        assert found is not None
        assert (found.attach, found.host_name) == (True, "one-4-1")
        assert found.mac == asked.arguments[1]


def test_an_alias_has_an_address_and_is_no_nic(call: Callable[[str], Any]) -> None:
    asked = parsed(call("mock-all-actions/043"))
    assert asked.vm.aliases == ("02:00:0a:62:00:0e",)
    assert [nic.guest_name for nic in asked.vm.nics] == ["eth0"]
    of_alias = replace(asked, arguments=("one-4", asked.vm.aliases[0].upper()))
    assert hotplug.nic(of_alias) is None


def test_another_address_than_any_nics_is_refused(call: Callable[[str], Any]) -> None:
    asked = parsed(call("mock-all-actions/009"))
    with pytest.raises(DriverError, match="no NIC with the address 02:00:00:00:00:99; nothing was"):
        hotplug.nic(replace(asked, arguments=("one-4", "02:00:00:00:00:99")))
    unmarked = tuple(replace(nic, attach=False) for nic in asked.vm.nics)
    with pytest.raises(DriverError, match="no NIC marked with ATTACH"):
        hotplug.nic(replace(asked, arguments=(), vm=replace(asked.vm, nics=unmarked)))
