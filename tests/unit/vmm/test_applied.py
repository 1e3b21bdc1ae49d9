"""What others than root may know of a container: everything but secrets."""

import json
import os
from pathlib import Path

import pytest

from vmm import applied
from vmm.spec import Disk, DiskKind, Graphics, Limits, Nic, VmSpec
from vmm.state import State

VM = VmSpec(
    7,
    Limits(0.5, 64 << 20),
    0,
    disks=(Disk(0, DiskKind.IMAGE, "/ds/0/7/disk.0", "/", size_bytes=1 << 30),),
    nics=(Nic(0, "br0", "one-7-0", "eth0", "02:00:00:00:00:01"),),
    graphics=Graphics("vnc", 5907, "0.0.0.0", "geheim"),
)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    state = State(str(tmp_path / "one-7"))
    state.create()
    applied.write(state, VM, 1_100_000_000, os.getgid())
    found = applied.read(str(tmp_path), "one-7")
    assert found == json.loads(json.dumps(applied.public(VM, 1_100_000_000)))
    assert (tmp_path / "one-7" / applied.FILE).stat().st_mode & 0o777 == 0o640


def test_who_may_read_it_may_from_the_first_moment_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page reads it whenever it likes."""
    state = State(str(tmp_path / "one-7"))
    state.create()
    done: list[object] = []
    rename = os.rename
    monkeypatch.setattr(os, "fchown", lambda _fd, _uid, gid: done.append(gid))
    monkeypatch.setattr(os, "rename", lambda *names: done.append(rename(*names)))
    applied.write(state, VM, 0, 71)
    assert done == [71, None]
    state.write("other", {})
    assert done == [71, None, None]


def test_no_secret_is_told_and_unlimited_is_absent() -> None:
    told = applied.public(VM, 0)
    assert "geheim" not in json.dumps(told)
    assert told["limits"]["swap_bytes"] is None
    assert (told["unprivileged"], told["first_host_id"]) == (False, None)


def test_what_is_damaged_or_gone_is_unknown(tmp_path: Path) -> None:
    assert applied.read(str(tmp_path), "one-7") is None
    (tmp_path / "one-7").mkdir()
    (tmp_path / "one-7" / applied.FILE).write_text("{")
    assert applied.read(str(tmp_path), "one-7") is None
