"""Datastores that do not answer cost a moment and their own figures."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.busybox import until

from collector.datastores import Capacity
from collector.statfs import Worker
from im_probes import resident
from im_probes.resident import Storage


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator["Worker[object]"]:
    """One that is waited for, however late its thread gets its turn."""
    monkeypatch.setattr(resident, "WAIT_S", 120.0)
    made: Worker[object] = Worker(deadline_s=240.0)
    yield made
    made.close()


def test_capacity_and_disks(tmp_path: Path, worker: "Worker[object]") -> None:
    for name in ("0/7", "100/7", "100/8"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "disk.0").write_bytes(b"x" * 4096)
    (tmp_path / "100/7/disk.0").rename(tmp_path / "100/7/disk.1")
    (tmp_path / "100/.monitor").touch()
    storage = Storage(tmp_path, worker)
    location, told = storage.capacity({})
    assert location is not None
    assert [number for number, _ in told] == [100]
    assert storage.disks(frozenset({7}), marked=False) == {7: {(0,): 4096, (1,): 4096}}
    assert storage.disks(frozenset({7}), marked=True) == {7: {(1,): 4096}}


def test_one_that_hangs_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "1").mkdir()
    released = threading.Event()

    def hang(directory: str, _groups: object) -> Capacity:
        if directory.endswith("/0"):
            released.wait(240)
        return Capacity(1, 2, 3)

    monkeypatch.setattr(resident, "monitored", hang)
    storage = Storage(tmp_path, Worker(deadline_s=2.0))
    try:
        told = [(1, Capacity(1, 2, 3))]
        until(lambda: storage.capacity({})[1] == told, "the one that answers")
    finally:
        released.set()
        storage.close()


def test_without_datastores_there_is_nothing(tmp_path: Path, worker: "Worker[object]") -> None:
    storage = Storage(tmp_path / "none", worker)
    assert storage.capacity({}) == (None, [])
    assert storage.disks(frozenset({7}), marked=False) == {}


@pytest.mark.parametrize("mark", ["fs_lvm_ssh\n", ""])
def test_a_volume_group_is_told_where_the_agent_knows_it(
    tmp_path: Path, worker: "Worker[object]", mark: str
) -> None:
    (tmp_path / "100").mkdir()
    if mark:
        (tmp_path / "100/.monitor").write_text(mark)
    storage = Storage(tmp_path, worker)
    assert storage.capacity({})[1] == []
    group = Capacity(1, 3, 2)
    assert storage.capacity({"vg-one-100": group, "vg-one-10": Capacity(0, 0, 0)})[1] == [
        (100, group)
    ]
