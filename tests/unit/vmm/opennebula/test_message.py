import base64
from collections.abc import Callable
from typing import Any

import pytest

from vmm.errors import DriverError, SpecError
from vmm.opennebula import message
from vmm.policy import NodePolicy
from vmm.spec import Disk, DiskKind, Limits, Nic, VmSpec

POLICY = NodePolicy()
GIB = 1 << 30
IMAGE = "/var/lib/one//datastores/1/03b69d0f38f578cdc698139f068162dd"


def test_every_captured_call_is_understood(calls: list[Any]) -> None:
    assert len(calls) == 64
    for call in calls:
        found = message.parse(call.action, call.argv, call.stdin, POLICY)
        assert found.vm.name in {"one-1", "one-2", "one-3", "one-4", "one-6"}, call.name
        assert found.vm.root is not None, call.name


def test_a_captured_deploy(call: Callable[[str], Any]) -> None:
    found = call("mock-all-actions/006")
    vm = message.parse("deploy", found.argv, found.stdin, POLICY).vm
    home = "/var/lib/one/datastores/0/4"
    assert vm == VmSpec(
        vmid=4,
        limits=Limits(cpu=0.5, memory_bytes=64 << 20, vcpu=1),
        datastore_id=0,
        disks=(
            Disk(
                disk_id=0,
                kind=DiskKind.IMAGE,
                source=f"{home}/disk.0",
                mount_point="/",
                size_bytes=64 << 20,
                datastore_id=1,
                image=IMAGE,
            ),
            Disk(1, DiskKind.CONTEXT, f"{home}/disk.1", "/context", readonly=True),
        ),
        nics=(Nic(0, "onebr0", "one-4-0", "eth0", "02:00:0a:62:00:0d", driver="bridge"),),
        lcm_state=2,
    )


def test_a_captured_attach_marks_what_it_is_about(call: Callable[[str], Any]) -> None:
    nic = call("mock-all-actions/009")
    found = message.parse("attach_nic", nic.argv, nic.stdin, POLICY)
    assert [n.host_name for n in found.vm.nics if n.attach] == ["one-4-1"]


def test_captured_life_cycle_states_tell_a_suspend_from_a_stop(call: Callable[[str], Any]) -> None:
    states = []
    for name in ("031-suspend", "036-stop"):
        found = call(f"mock-all-actions/{name}")
        parsed = message.parse("save", found.argv, found.stdin, POLICY)
        states.append(parsed.vm.lcm_state)
    assert states == [6, 5]  # SAVE_SUSPEND, SAVE_STOP


def test_a_resize_carries_the_new_values(call: Callable[[str], Any]) -> None:
    found = call("mock-all-actions/024")
    limits = message.parse("resize", found.argv, found.stdin, POLICY).vm.limits
    assert limits == Limits(cpu=1.0, memory_bytes=128 << 20, vcpu=2)


def test_exec_keeps_the_command(call: Callable[[str], Any]) -> None:
    found = call("mock-all-actions/030")
    assert message.parse("exec", found.argv, found.stdin, POLICY).arguments == ("uname -a",)


@pytest.mark.parametrize(
    "stdin",
    [
        b"",
        b"   ",
        b"<VM>",
        b"not xml & not base64",
        base64.b64encode(b"not xml"),
        b"<VM/>",
        b"<OTHER/>",
        b"<VMM_DRIVER_ACTION_DATA/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><VM><ID>&a;</ID></VM>',
        b'<?xml version="1.0" encoding="nonsense"?><VM/>',
        b"<VM>\x00</VM>",
        b"<VM>\xff\xfe</VM>",
        b"<" * 100,
    ],
)
def test_what_is_no_message_is_refused(stdin: bytes) -> None:
    with pytest.raises(SpecError):
        message.parse("deploy", ["f", "h", "7", "h"], stdin, POLICY)


def test_a_message_without_end_is_refused() -> None:
    with pytest.raises(SpecError, match="larger than"):
        message.parse("deploy", ["f", "h", "7", "h"], b"<" * (message.MAX_BYTES + 1), POLICY)


def test_the_arguments_must_be_about_the_message(call: Callable[[str], Any]) -> None:
    found = call("mock-all-actions/048")
    with pytest.raises(SpecError, match=r"/VM/ID: 4 is not 5"):
        message.parse("shutdown", ["one-4", "h", "5", "h"], found.stdin, POLICY)
    with pytest.raises(SpecError, match=r"one-4 is not one-40"):
        message.parse("shutdown", ["one-40", "h", "4", "h"], found.stdin, POLICY)
    with pytest.raises(SpecError, match=r"/VMM_DRIVER_ACTION_DATA/DEPLOY_ID"):
        foreign = found.stdin.replace(b"<DEPLOY_ID>one-4<", b"<DEPLOY_ID>my-one-4<", 1)
        message.parse("shutdown", ["one-4", "h", "4", "h"], foreign, POLICY)


@pytest.mark.parametrize(
    ("action", "argv", "problem"),
    [
        ("shutdown", ["one-4"], "1 arguments given, 4 expected"),
        ("shutdown", ["one-4", "h", "4", "h", "x"], "5 arguments given"),
        ("shutdown", ["my-one-4", "h", "4", "h"], "DEPLOY_ID"),
        ("shutdown", ["one-04", "h", "4", "h"], "leading zeros"),
        ("shutdown", ["one-4", "h;id", "4", "h"], "HOST"),
        ("attach_nic", ["one-4", "x", "b", "-", "bridge", "one-4-1", "4", "h"], "MAC"),
        ("save", ["one-4", "/a/../b", "h", "4", "h"], "PATH"),
        ("exec_cancel", ["x", "h"], "VMID"),
    ],
)
def test_arguments_of_another_shape_are_refused(action: str, argv: list[str], problem: str) -> None:
    with pytest.raises(DriverError, match=problem):
        message.parse(action, argv, b"<VM/>", POLICY)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", True),
        ("<LXC_UNPRIVILEGED>YES</LXC_UNPRIVILEGED>", True),
        ("<LXC_UNPRIVILEGED>false</LXC_UNPRIVILEGED>", False),
        ("<LXC_UNPRIVILEGED>No</LXC_UNPRIVILEGED>", False),
        ("<LXC_UNPRIVILEGED>nope</LXC_UNPRIVILEGED>", True),
    ],
)
def test_only_no_and_false_ask_for_a_privileged_container(
    parse: Callable[..., VmSpec], user: str, expected: bool
) -> None:
    assert parse(user=user).wants_unprivileged is expected


def test_swap_pinning_and_profiles(parse: Callable[..., VmSpec]) -> None:
    vm = parse(
        user="<LXC_SWAP>1G</LXC_SWAP><LXC_PROFILES> a, b.conf ,a</LXC_PROFILES>",
        limits="<CPU>2.5</CPU><VCPU>4</VCPU><MEMORY>1024</MEMORY>"
        "<NUMA_NODE><CPUS>0,1</CPUS><MEMORY_NODE_ID>0</MEMORY_NODE_ID></NUMA_NODE>"
        "<NUMA_NODE><CPUS>4-5</CPUS><MEMORY_NODE_ID>1</MEMORY_NODE_ID></NUMA_NODE>",
    )
    assert vm.limits == Limits(2.5, GIB, vcpu=4, swap_bytes=GIB, cpus="0,1,4-5", mems="0,1")
    assert vm.profiles == ("a", "b.conf")


@pytest.mark.parametrize(
    ("kwargs", "xpath"),
    [
        ({"limits": "<MEMORY>128</MEMORY>"}, "/VM/TEMPLATE/CPU: missing"),
        ({"limits": "<CPU>1</CPU>"}, "/VM/TEMPLATE/MEMORY: missing"),
        ({"limits": "<CPU>1</CPU><CPU>2</CPU><MEMORY>1</MEMORY>"}, "/VM/TEMPLATE/CPU: given more"),
        ({"limits": "<CPU>x</CPU><MEMORY>1</MEMORY>"}, "/VM/TEMPLATE/CPU: 'x'"),
        ({"limits": "<VMID>8</VMID><CPU>1</CPU><MEMORY>1</MEMORY>"}, "/VM/TEMPLATE/VMID: differs"),
        ({"user": "<LXC_SWAP>lots</LXC_SWAP>"}, "/VM/USER_TEMPLATE/LXC_SWAP"),
        ({"user": "<LXC_PROFILES>../x</LXC_PROFILES>"}, "/VM/USER_TEMPLATE/LXC_PROFILES"),
        (
            {"user": "<LXC_SWAP>1</LXC_SWAP>", "template": "<LXC_SWAP>2</LXC_SWAP>"},
            "/VM/USER_TEMPLATE/LXC_SWAP: differs",
        ),
    ],
)
def test_refusals_name_the_xpath(
    parse: Callable[..., VmSpec], kwargs: dict[str, str], xpath: str
) -> None:
    with pytest.raises(SpecError) as refused:
        parse(**kwargs)
    assert str(refused.value).startswith(xpath)


def test_raw_lines_of_type_lxc_keep_order_and_repetition(parse: Callable[..., VmSpec]) -> None:
    data = "lxc.a = 1\n\n# no\r\nlxc.b=2\nlxc.a = '3'\nnonsense\n"
    vm = parse(
        f"<RAW><TYPE>LXC</TYPE><DATA><![CDATA[{data}]]></DATA></RAW>"
        "<RAW><TYPE>kvm</TYPE><DATA>lxc.c = 4</DATA></RAW>"
    )
    assert [(line.key, line.value) for line in vm.raw] == [
        ("lxc.a", "1"),
        ("lxc.b", "2"),
        ("lxc.a", "'3'"),
        ("nonsense", ""),
    ]


def test_the_latest_history_record_counts(parse: Callable[..., VmSpec]) -> None:
    text = (
        "<VM><ID>7</ID><TEMPLATE><CPU>1</CPU><MEMORY>1</MEMORY></TEMPLATE><HISTORY_RECORDS>"
        "<HISTORY><SEQ>2</SEQ><DS_ID>5</DS_ID></HISTORY>"
        "<HISTORY><SEQ>10</SEQ><DS_ID>6</DS_ID></HISTORY>"
        "<HISTORY><SEQ>9</SEQ><DS_ID>7</DS_ID></HISTORY></HISTORY_RECORDS></VM>"
    )
    vm = message.parse("deploy", ["f", "h", "7", "h"], text.encode(), POLICY).vm
    assert vm.datastore_id == 6


def test_graphics_without_its_password_in_words(parse: Callable[..., VmSpec]) -> None:
    vm = parse(
        "<GRAPHICS><TYPE>VNC</TYPE><PORT>5907</PORT><LISTEN>0.0.0.0</LISTEN>"
        "<PASSWD>s3cret</PASSWD></GRAPHICS>"
    )
    assert vm.graphics is not None
    assert (vm.graphics.type, vm.graphics.port, vm.graphics.listen) == ("vnc", 5907, "0.0.0.0")
    assert "s3cret" not in repr(vm)
