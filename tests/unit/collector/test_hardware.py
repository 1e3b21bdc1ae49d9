"""Which disks and NICs are hardware."""

from pathlib import Path

import pytest

from collector.hardware import RECHECK_S, Recheck, disks, nics

HYBRID = Path(__file__).parents[2] / "captures/debian12-6.18-hybrid"


def device(directory: Path, name: str, hardware: bool, hidden: str | None = None) -> None:
    """A disk or NIC in the shape of sysfs, made by hand."""
    (directory / name).mkdir(parents=True)
    if hardware:
        (directory / name / "device").mkdir()
    if hidden is not None:
        (directory / name / "hidden").write_text(hidden + "\n")


def test_of_a_captured_machine_only_the_real_ones() -> None:
    assert disks(HYBRID) == ("vda",)
    assert nics(HYBRID) == ("eth0",)


@pytest.mark.parametrize(
    ("name", "hardware", "hidden", "counts"),
    [
        ("sda", True, "0", True),
        ("nvme0n1", True, None, True),
        ("nvme0c0n1", True, "1", False),
        ("loop0", False, "0", False),
        ("dm-0", False, "0", False),
        ("md127", False, "0", False),
        ("zram0", False, "0", False),
        ("sr0", True, "0", False),
        ("rbd0", True, "0", False),
        ("nbd0", True, "0", False),
        ("cciss!c0d0", True, None, True),
    ],
)
def test_disks(tmp_path: Path, name: str, hardware: bool, hidden: str | None, counts: bool) -> None:
    device(tmp_path / "sys/block", name, hardware, hidden)
    assert disks(tmp_path) == ((name,) if counts else ())


@pytest.mark.parametrize(
    ("name", "hardware"),
    [
        ("eth0", True),
        ("enp3s0", True),
        ("eth0.100", False),
        ("enp3s0.200", False),
        ("bond0", False),
        ("br0", False),
        ("veth1a2b", False),
        ("one-7-0", False),
        ("lo", False),
        ("wan", True),
    ],
)
def test_nics_by_what_is_below_not_by_name(tmp_path: Path, name: str, hardware: bool) -> None:
    device(tmp_path / "sys/class/net", name, hardware)
    assert nics(tmp_path) == ((name,) if hardware else ())


def test_no_sysfs_is_nothing(tmp_path: Path) -> None:
    assert disks(tmp_path) == nics(tmp_path) == ()


def test_rechecks_are_due_at_first_and_then_now_and_then() -> None:
    now = [100.0]
    recheck = Recheck(lambda: now[0])
    assert [recheck.due(), recheck.due()] == [True, False]
    now[0] += RECHECK_S
    assert [recheck.due(), recheck.due()] == [True, False]
