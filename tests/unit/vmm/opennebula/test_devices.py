"""Disks and NICs of a VM, from hand-made templates."""

from collections.abc import Callable

import pytest

from vmm.errors import SpecError
from vmm.spec import Disk, DiskKind, DiskType, Nic, VmSpec

Parse = Callable[..., VmSpec]
HOME = "/var/lib/one/datastores/100/7"


def disk(disk_id: object, **tags: str) -> str:
    inner = "".join(f"<{tag}>{text}</{tag}>" for tag, text in tags.items())
    return f"<DISK><DISK_ID>{disk_id}</DISK_ID>{inner}</DISK>"


def nic(nic_id: object, **tags: str) -> str:
    tags = {"BRIDGE": "br0", "MAC": f"02:00:00:00:00:0{nic_id}", **tags}
    inner = "".join(f"<{tag}>{text}</{tag}>" for tag, text in tags.items())
    return f"<NIC><NIC_ID>{nic_id}</NIC_ID>{inner}</NIC>"


def points(vm: VmSpec) -> dict[int, str]:
    return {found.disk_id: found.mount_point for found in vm.disks}


def test_the_stock_mount_points(parse: Parse) -> None:
    vm = parse(
        disk(0, TARGET="sda")
        + disk(1, TARGET="sdb")
        + disk(10, TARGET="/srv//data/")
        + "<CONTEXT><DISK_ID>2</DISK_ID><TARGET>hda</TARGET></CONTEXT>"
    )
    assert points(vm) == {0: "/", 1: "/media/one-disk.1", 10: "/srv/data", 2: "/context"}
    assert [found.source for found in vm.disks] == [f"{HOME}/disk.{n}" for n in (0, 1, 10, 2)]


@pytest.mark.parametrize(
    ("boot", "root"),
    [("", 0), ("disk12", 12), ("nic0,disk2", 2), ("nic0", 0), ("disk2,disk0", 2)],
)
def test_the_root_is_the_first_disk_to_boot_from(parse: Parse, boot: str, root: int) -> None:
    vm = parse(disk(0) + disk(2) + disk(12) + f"<OS><BOOT>{boot}</BOOT></OS>")
    assert vm.root is not None
    assert vm.root.disk_id == root


def test_swap_is_no_root_and_is_mounted_nowhere(parse: Parse) -> None:
    vm = parse(disk(0, TYPE="swap") + disk(1, TYPE="fs", FS="XFS", SIZE="16"))
    assert points(vm) == {0: "", 1: "/"}
    assert vm.disks[1].kind is DiskKind.VOLATILE
    assert (vm.disks[1].filesystem, vm.disks[1].size_bytes) == ("xfs", 16 << 20)


def test_a_cdrom_is_read_only_and_an_rbd_keeps_its_image(parse: Parse) -> None:
    vm = parse(
        disk(0, DISK_TYPE="RBD", SOURCE="one/one-5")
        + disk(1, TYPE="CDROM", DISK_TYPE="CDROM")
        + disk(2, READONLY="YES", FORMAT="qcow2")
    )
    assert (vm.disks[0].type, vm.disks[0].image) == (DiskType.RBD, "one/one-5")
    assert [found.readonly for found in vm.disks] == [False, True, True]
    assert vm.disks[2].format == "qcow2"


@pytest.mark.parametrize(
    ("template", "place"),
    [
        (disk("x"), "/VM/TEMPLATE/DISK[1]/DISK_ID"),
        (disk("../1"), "/VM/TEMPLATE/DISK[1]/DISK_ID"),
        (disk(0) + disk(0), "/VM/TEMPLATE/DISK[2]/DISK_ID: 0 is the id of another"),
        (disk(0) + "<CONTEXT><DISK_ID>0</DISK_ID></CONTEXT>", "/VM/TEMPLATE/CONTEXT/DISK_ID"),
        (disk(0) + disk(1, TARGET="/a") + disk(2, TARGET="//a/"), "/VM/TEMPLATE/DISK[3]: /a is"),
        (disk(0) + disk(1, TARGET="/context") + "<CONTEXT><DISK_ID>2</DISK_ID></CONTEXT>", "/VM"),
        (disk(0) + disk(1, TARGET="/../etc"), "/VM/TEMPLATE/DISK[2]/TARGET"),
        (disk(0) + disk(1, TARGET="/a b"), "/VM/TEMPLATE/DISK[2]/TARGET"),
        (disk(0) + disk(1, TARGET="/a\nlxc.x = y"), "/VM/TEMPLATE/DISK[2]/TARGET"),
        (disk(0) + disk(1, TARGET="/proc"), "/VM/TEMPLATE/DISK[2]/TARGET"),
        (disk(0, FORMAT="vmdk"), "/VM/TEMPLATE/DISK[1]/FORMAT"),
        (disk(0, DISK_TYPE="GLUSTER"), "/VM/TEMPLATE/DISK[1]/DISK_TYPE"),
        (disk(0, READONLY="perhaps"), "/VM/TEMPLATE/DISK[1]/READONLY"),
        (disk(0, SIZE="-1"), "/VM/TEMPLATE/DISK[1]/SIZE"),
        (disk(0, SOURCE="a'b"), "/VM/TEMPLATE/DISK[1]/SOURCE"),
        (disk(0) + "<OS><BOOT>disk1</BOOT></OS>", "/VM/TEMPLATE/OS/BOOT"),
        (disk(0, TYPE="swap") + "<OS><BOOT>disk0</BOOT></OS>", "/VM/TEMPLATE/OS/BOOT"),
        (disk(0) + "<CONTEXT/><CONTEXT/>", "/VM/TEMPLATE/CONTEXT: given 2 times"),
    ],
)
def test_disks_that_are_refused(parse: Parse, template: str, place: str) -> None:
    with pytest.raises(SpecError) as refused:
        parse(template)
    assert str(refused.value).startswith(place)


def test_nics_are_named_by_their_id(parse: Parse) -> None:
    vm = parse(
        nic(0, TARGET="one-7-0") + nic(3, MTU="9000", BRIDGE_TYPE="openvswitch", VN_MAD="802.1Q")
    )
    assert vm.nics == (
        Nic(0, "br0", "one-7-0", "eth0", "02:00:00:00:00:00", driver=""),
        Nic(3, "br0", "one-7-3", "eth3", "02:00:00:00:00:03", 9000, "openvswitch", "802.1Q"),
    )


@pytest.mark.parametrize(
    ("template", "place"),
    [
        (nic(0, TARGET="one-7-1"), "/VM/TEMPLATE/NIC[1]/TARGET: 'one-7-1' is not one-7-0"),
        (nic(0, TARGET="eth0"), "/VM/TEMPLATE/NIC[1]/TARGET"),
        (nic(0, BRIDGE="a" * 16), "/VM/TEMPLATE/NIC[1]/BRIDGE"),
        (nic(0, BRIDGE="br0\nlxc.hook.pre-start = /x"), "/VM/TEMPLATE/NIC[1]/BRIDGE"),
        (nic(0, BRIDGE=""), "/VM/TEMPLATE/NIC[1]/BRIDGE: missing"),
        (nic(0, MAC="02:00"), "/VM/TEMPLATE/NIC[1]/MAC"),
        (nic(0, MTU="1"), "/VM/TEMPLATE/NIC[1]/MTU"),
        (nic(0) + nic(0, MAC="02:00:00:00:00:09"), "/VM/TEMPLATE/NIC[2]/NIC_ID"),
        (nic(0) + nic(1, MAC="02:00:00:00:00:00"), "/VM/TEMPLATE/NIC[2]/MAC"),
        (nic(1234567890), "/VM/TEMPLATE/NIC[1]/NIC_ID: 'one-7-1234567890' is longer"),
    ],
)
def test_nics_that_are_refused(parse: Parse, template: str, place: str) -> None:
    with pytest.raises(SpecError) as refused:
        parse(template)
    assert str(refused.value).startswith(place)


def test_an_alias_is_no_nic(parse: Parse) -> None:
    alias = nic(1).replace("NIC>", "NIC_ALIAS>", 1).replace("</NIC>", "</NIC_ALIAS>")
    assert [found.nic_id for found in parse(nic(0) + alias).nics] == [0]


def test_a_vm_without_disks_has_no_root(parse: Parse) -> None:
    assert parse("").root is None
    assert parse("").disks == ()


def test_a_disk_knows_whether_it_is_the_root() -> None:
    assert Disk(0, DiskKind.IMAGE, "/x", "/").is_root
