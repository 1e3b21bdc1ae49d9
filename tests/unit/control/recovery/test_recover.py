"""What is brought back after a boot: decided from records alone."""

from collections.abc import Sequence

import pytest

from collector.mounts import Mount
from control.recovery.recover import Record, file_system, ran, refusal, wanted
from vmm.attempt import OVER, RUNNING, STARTING
from vmm.boot import STOPPED, SUSPENDED, Boot
from vmm.lean.value import replace
from vmm.policy import AfterBoot
from vmm.spec import Disk, DiskKind, DiskType, Limits, Nic, VmSpec

BOOT = Boot("now", "before")


def record(name: str = "one-7", **more: object) -> Record:
    values = {"started_in": "before", "phase": RUNNING, "ended": "", "running": False}
    return Record(name, **{**values, **more})  # type: ignore[arg-type] -- of the test's own making


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, True),
        ({"ended": STOPPED}, False),
        ({"ended": SUSPENDED}, False),
        ({"started_in": "earlier"}, False),
        ({"started_in": "now"}, False),
        ({"started_in": ""}, False),
        ({"phase": STARTING}, False),
        ({"phase": OVER}, False),
        ({"phase": ""}, False),
    ],
)
def test_only_what_ran_until_the_host_went_down(changes: dict[str, str], wanted: bool) -> None:
    assert ran(record(**changes), BOOT) is wanted


def test_without_a_boot_before_nothing_is_known() -> None:
    assert not ran(record(started_in=""), Boot("now"))
    assert not ran(record(), Boot("now"))


@pytest.mark.parametrize("phase", [STARTING, OVER, RUNNING])
def test_what_an_interrupted_recovery_did_not_finish(phase: str) -> None:
    pending = replace(BOOT, pending=("one-7",))
    assert ran(record(started_in="earlier", phase=phase), pending)
    assert not ran(record("one-8", started_in="earlier", phase=phase), pending)
    assert not ran(record(started_in="earlier", phase=phase, ended=STOPPED), pending)


def test_in_the_order_of_numbers_without_what_runs() -> None:
    names = ("one-10", "one-9", "one-100")
    found = [record(name) for name in names] + [record("one-1", running=True)]
    assert wanted(found, BOOT) == ("one-9", "one-10", "one-100")


def mount(point: str, kind: str) -> Mount:
    return Mount(0, "/", point, kind, "source")


HOST = (mount("/", "ext4"), mount("/ds", "nfs4"), mount("/ds/own", "xfs"), mount("/dsx", "btrfs"))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/disk.0", "ext4"),
        ("/ds/0/7/disk.0", "nfs4"),
        ("/ds/own/7/disk.0", "xfs"),
        ("/dsx/disk.0", "btrfs"),
        ("/dsy/disk.0", "ext4"),
    ],
)
def test_the_file_system_of_a_path(path: str, kind: str) -> None:
    assert file_system(path, HOST) == kind


def test_of_two_mounts_on_one_point_the_last_counts() -> None:
    assert file_system("/ds/f", (*HOST, mount("/ds", "ext4"))) == "ext4"


def vm(disks: Sequence[Disk] = (), nics: Sequence[Nic] = ()) -> VmSpec:
    return VmSpec(7, Limits(1, 1 << 26), 0, tuple(disks), tuple(nics))


def disk(source: str, kind: DiskType = DiskType.FILE) -> Disk:
    return Disk(0, DiskKind.IMAGE, source, "/", type=kind)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (disk("/var/disk.0"), ""),
        (disk("/ds/own/disk.0"), ""),
        (disk("/ds/0/disk.0"), "on nfs4, where another host may run it"),
        (disk("/dev/vg-one-0/lv", DiskType.BLOCK), "on block, where another host may run it"),
        (disk("pool/one-1", DiskType.RBD), "on rbd, where another host may run it"),
    ],
)
def test_shared_storage_takes_a_word_of_its_own(found: Disk, why: str) -> None:
    said = refusal(vm([found]), HOST, AfterBoot.START)
    assert why in said
    assert bool(said) == bool(why)
    assert refusal(vm([found]), HOST, AfterBoot.START_SHARED) == ""


def test_an_unknown_file_system_is_not_this_hosts_own() -> None:
    assert "an unknown file system" in refusal(vm([disk("/f")]), (), AfterBoot.START)


def test_swap_is_no_disk_of_a_container() -> None:
    swap = Disk(1, DiskKind.SWAP, "/ds/0/disk.1", "")
    assert refusal(vm([swap]), HOST, AfterBoot.START) == ""


@pytest.mark.parametrize(
    ("driver", "why"),
    [
        ("", ""),
        ("dummy", ""),
        ("bridge", ""),
        ("fw", "(fw)"),
        ("802.1Q", "(802.1Q)"),
        (None, "(an unrecorded one)"),
    ],
)
@pytest.mark.parametrize("after_boot", [AfterBoot.START, AfterBoot.START_SHARED])
def test_no_nic_comes_up_without_its_filters(
    driver: str | None, why: str, after_boot: AfterBoot
) -> None:
    nic = Nic(3, "br0", "one-7-3", "eth3", "02:00:00:00:00:03", driver=driver)
    said = refusal(vm(nics=[nic]), HOST, after_boot)
    assert why in said
    assert bool(said) == bool(why)
