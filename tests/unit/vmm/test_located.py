from dataclasses import replace
from pathlib import Path

import pytest

from vmm.errors import DriverError, NotFound
from vmm.located import HostPaths, located
from vmm.policy import NodePolicy
from vmm.spec import Disk, DiskKind, DiskType, Limits, VmSpec


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Datastores 0 (system) with VM 7 in it, and 1 (images)."""
    (tmp_path / "ds/0/7").mkdir(parents=True)
    (tmp_path / "ds/0/70").mkdir()
    (tmp_path / "ds/1").mkdir()
    (tmp_path / "ds/0/7/disk.0").touch()
    (tmp_path / "ds/0/70/disk.0").touch()
    (tmp_path / "ds/1/image").touch()
    (tmp_path / "secret").touch()
    return tmp_path


def found(root: Path, policy: NodePolicy | None = None, **disk: object) -> Disk:
    source = f"{root}/ds//0/7/disk.0"
    one = replace(Disk(0, DiskKind.IMAGE, source, "/", datastore_id=1), **disk)  # type: ignore[arg-type]  # fields by name
    vm = VmSpec(7, Limits(1.0, 1 << 20), 0, (one,))
    chosen = policy or NodePolicy(datastores=f"{root}/ds")
    return located(vm, chosen, HostPaths()).disks[0]


def link(path: Path, target: Path | str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def test_a_plain_image_is_where_it_is(root: Path) -> None:
    assert found(root).source == f"{root}/ds/0/7/disk.0"


def test_an_image_linked_from_its_datastore_is_followed(root: Path) -> None:
    link(root / "ds/0/7/disk.0", root / "ds/1/image")
    assert found(root).source == f"{root}/ds/1/image"


@pytest.mark.parametrize(
    "target", ["{}/secret", "../70/disk.0", "../../../secret", "{}/ds/0/70/disk.0"]
)
def test_nothing_outside_is_followed(root: Path, target: str) -> None:
    link(root / "ds/0/7/disk.0", target.format(root))
    with pytest.raises(DriverError, match="outside of"):
        found(root)


def test_the_datastore_of_another_image_is_outside(root: Path) -> None:
    link(root / "ds/0/7/disk.0", root / "ds/1/image")
    with pytest.raises(DriverError, match="outside of"):
        found(root, datastore_id=None)


def test_a_link_of_a_parent_directory_is_resolved_too(root: Path) -> None:
    (root / "ds/0/7/disk.0").unlink()
    (root / "ds/0/7").rmdir()
    link(root / "ds/0/7", root / "ds/0/70")
    with pytest.raises(DriverError, match="outside of"):
        found(root)


def test_a_missing_image_says_where(root: Path) -> None:
    (root / "ds/0/7/disk.0").unlink()
    with pytest.raises(NotFound, match=r"disk 0 of one-7: .*/disk\.0 does not exist"):
        found(root)


def test_a_loop_of_links_is_an_error_with_its_path(root: Path) -> None:
    link(root / "ds/0/7/disk.0", "disk.0")
    with pytest.raises(DriverError, match=r"/disk\.0: "):
        found(root)


def test_a_missing_image_datastore_matters_only_for_links_into_it(root: Path) -> None:
    (root / "ds/1/image").unlink()
    (root / "ds/1").rmdir()
    assert found(root).source == f"{root}/ds/0/7/disk.0"


class Linked(HostPaths):
    """The host's paths, with datastore 0 being a symlink that `owner` made."""

    def __init__(self, owner: int) -> None:
        self._owner = owner

    def link_owner(self, path: str) -> int | None:
        return None if super().link_owner(path) is None else self._owner


@pytest.mark.parametrize(
    ("owner", "listed", "taken"), [(0, False, True), (9869, False, False), (9869, True, True)]
)
def test_a_linked_datastore_is_roots_or_the_configurations(
    root: Path, owner: int, listed: bool, taken: bool
) -> None:
    (root / "ds/0").rename(root / "big")
    link(root / "ds/0", root / "big")
    targets = (f"{root}/big",) if listed else ()
    policy = NodePolicy(datastores=f"{root}/ds", datastore_targets=targets)
    vm = VmSpec(7, Limits(1.0, 1), 0, (Disk(0, DiskKind.IMAGE, f"{root}/ds/0/7/disk.0", "/"),))
    if taken:
        assert located(vm, policy, Linked(owner)).disks[0].source == f"{root}/big/7/disk.0"
    else:
        with pytest.raises(DriverError, match="that root did not make"):
            located(vm, policy, Linked(owner))


def test_what_is_no_file_is_left_alone(root: Path) -> None:
    assert found(root, type=DiskType.RBD, source="/nowhere").source == "/nowhere"
    assert found(root, kind=DiskKind.SWAP, source="/nowhere").source == "/nowhere"
