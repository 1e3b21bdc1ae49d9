"""What the doors to the kernel refuse and translate, as far as that needs no root."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vmm import process
from vmm.actions import ACTIONS
from vmm.errors import DriverError, NotFound
from vmm.mounting import inside, loop, mounts
from vmm.opennebula.arguments import SHAPES
from vmm.storage import MAPPERS

ROOT = Path(__file__).parents[3]
OWN = f"x{os.getpid()}"
"""What another run of these tests on this machine does not have."""


def test_every_action_and_mapper_has_its_file() -> None:
    assert _modules("vmm/actions") == set(ACTIONS)
    assert set(ACTIONS) <= set(SHAPES)
    others = {"context", "filesystem", "formatting", "iso9660", "mapper", "probe"}
    assert _modules("vmm/storage") - others == set(MAPPERS)


def _modules(folder: str) -> set[str]:
    return {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__"}


def test_a_hook_imports_nothing_slow() -> None:
    """Three hooks run per start: what they import is part of every deploy."""
    program = f"import sys; sys.path.append({str(ROOT)!r}); import control.driver.hook, vmm.hooks"
    program += ", vmm.nics.hot_nics, vmm.mounting.inside, vmm.nics.network, vmm.storage.filesystem"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"{program}; print(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    )
    slow = {
        "dataclasses", "inspect", "subprocess", "pathlib", "msgspec", "lxc", "pyroute2",
        "asyncio", "logging", "shutil", "tempfile", "xml", "sqlite3", "datetime", "typing",
        "json", "re", "enum", "signal", "contextlib", "collections", "functools",
    }  # fmt: skip
    assert slow & set(done.stdout.split()) == set()


def test_an_image_is_opened_only_as_a_file_of_its_real_path(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    image = tmp_path / "real/disk.0"
    image.write_bytes(b"x")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/link").symlink_to("disk.0")
    os.mkfifo(tmp_path / "real/fifo")
    fd = loop.open_image(str(image), readonly=True)
    assert loop.identity(fd) == (image.stat().st_dev, image.stat().st_ino)
    os.close(fd)
    for name in ("link/disk.0", "real/link"):
        with pytest.raises(DriverError, match=r"cannot open the image .*: Too many levels of symb"):
            loop.open_image(str(tmp_path / name), readonly=True)
    with pytest.raises(NotFound, match="there is no image"):
        loop.open_image(str(tmp_path / "real/none"), readonly=True)
    for name in ("real/fifo", "real"):
        with pytest.raises(DriverError, match="is not a regular file"):
            loop.open_image(str(tmp_path / name), readonly=True)


def test_a_holder_is_known_by_our_record_even_when_its_path_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "loop3/loop"
    device.mkdir(parents=True)
    (tmp_path / "loop4").mkdir()
    (tmp_path / "sda").mkdir()
    image = tmp_path / "disk.0"
    image.touch()
    which = (image.stat().st_dev, image.stat().st_ino)
    (device / "backing_file").write_text(f"{image}\n")
    (tmp_path / "loop3/diskseq").write_text("12\n")
    monkeypatch.setattr(loop, "SYSFS", str(tmp_path))

    assert loop.attached() == {"loop3": str(image)}
    assert loop.holder(which, {}) == "loop3"
    assert loop.holder((1, 1), {}) is None
    image.rename(tmp_path / "moved")
    assert loop.holder(which, {}) is None
    assert loop.holder(which, {("loop3", 12): which}) == "loop3"
    assert loop.holder(which, {("loop3", 11): which}) is None
    assert loop.wait_free(which, {("loop3", 12): which}, 0.05) == "loop3"


def children() -> set[int]:
    """Of this very process: a browser that other tests left open has children of its own."""
    fields = {pid: process.stat_fields(pid) for pid in process.descendants(os.getpid())}
    ours = str(os.getpid())
    return {pid for pid, found in fields.items() if found and found[process.STAT_PPID] == ours}


def test_a_childs_answer_and_its_errors_come_back() -> None:
    others = children()
    assert inside.ask_child(lambda: "RUNNING", 60, "asking") == "RUNNING"
    assert inside.ask_child(lambda: "", 60, "asking") == ""

    def refuses() -> str:
        raise DriverError("it is busy", "wait")

    def breaks() -> str:
        raise ValueError("odd")

    def dies() -> str:
        os._exit(3)

    def hangs() -> str:
        while True:
            os.read(os.pipe()[0], 1)

    for work, said in (
        (refuses, "^it is busy; wait$"),
        (breaks, "^ValueError: odd$"),
        (dies, "^asking failed: it died$"),
        (hangs, "^asking took longer than 0 s$"),
    ):
        with pytest.raises(DriverError, match=said):
            inside.ask_child(work, 60 if work is not hangs else 0.2, "asking")
    assert children() <= others


def test_a_process_is_itself_only_with_its_start_time() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        started = process.start_time(child.pid)
        assert started
        assert child.pid in process.descendants(os.getpid())
        with process.held(child.pid, started + 1) as pidfd:
            assert pidfd is None
        with process.held(child.pid, started) as pidfd:
            assert pidfd is not None
            assert not process.ended(pidfd, 0)
            process.kill(pidfd)
            assert process.ended(pidfd, 60)
            process.kill(pidfd)
    for gone in (-1, 0, child.pid):
        with process.held(gone) as pidfd:
            assert pidfd is None
    assert process.start_time(child.pid) is None


def test_found_by_what_it_was_started_with() -> None:
    with subprocess.Popen(["sleep", "600"], env={"NXVE": f"{OWN}-1"}) as child:
        assert process.with_variable("NXVE", f"{OWN}-1") == [child.pid]
        assert process.with_variable("NXVE", OWN) == []
        child.kill()


def test_found_in_the_middle_of_an_execve_too(tmp_path: Path) -> None:
    """There it shows no environment: without waiting, one look in twelve does not find it."""
    again = tmp_path / "again"
    again.write_text('#!/bin/sh\nexec "$0"\n')
    again.chmod(0o755)
    with subprocess.Popen([again], env={"NXVE": f"{OWN}-2"}) as child:
        found = [process.with_variable("NXVE", f"{OWN}-2") for _ in range(300)]
        child.kill()
    assert found == [[child.pid]] * 300


def test_an_empty_environment_is_not_waited_for() -> None:
    with subprocess.Popen(["sleep", "600"], env={}) as child:
        began = time.monotonic()
        assert child.pid not in process.with_variable("NXVE", f"{OWN}-3")
        assert time.monotonic() - began < process.EXECVE_SECONDS
        child.kill()


def test_a_mount_that_fails_names_its_source_and_what_the_kernel_said() -> None:
    with pytest.raises(DriverError, match="cannot mount nothing as nxve: No such device"):
        mounts.make("nxve", "nothing")


def test_nothing_mounted_is_nothing_to_unmount(tmp_path: Path) -> None:
    assert not mounts.unmount(str(tmp_path / "none"))
