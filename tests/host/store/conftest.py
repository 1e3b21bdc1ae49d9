"""Stores in directories that other users may enter, and small file systems that fill up."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.model import Column, Cycle, Entity, Row, Stamp
from collector.store import FILE_NAME
from collector.store.sqlite import SqliteWriter, StoreSettings

COLUMNS = (Column("lxc_work_total"),)
WHO = Entity("container", "one-1", (("container", "one-1"),))
START_MS = 1_800_000_000_000


class Clock:
    """A clock that stands still: retention has nothing to do here."""

    def now(self) -> Stamp:
        return Stamp(START_MS, 10**9, "boot-1")


def cycle(number: int, width: int = 1) -> Cycle:
    """The cycle whose counters all say `number`; `width` of them, for tests that need bulk."""
    columns = COLUMNS if width == 1 else tuple(Column(f"lxc_bulk_{n}_total") for n in range(width))
    stamp = Stamp(START_MS + number * 5_000, 10**9 * (1 + number * 5), "boot-1")
    return Cycle(stamp, (Row(WHO, 1, columns, [float(number)] * len(columns)),))


@pytest.fixture
def make_cycle() -> Callable[..., Cycle]:
    return cycle


@pytest.fixture
def open_writer() -> Iterator[Callable[..., SqliteWriter]]:
    """`open_writer(path, **settings)`; every writer is closed when the test ends."""
    assert os.geteuid() == 0, "host tests need root: run them with sudo"
    opened: list[SqliteWriter] = []

    def start(path: Path, **settings: int | str | None) -> SqliteWriter:
        settings.setdefault("free_reserve_bytes", 0)
        opened.append(SqliteWriter(path, StoreSettings(**settings), Clock()))  # type: ignore[arg-type] -- keywords of a test
        return opened[-1]

    yield start
    for writer in opened:
        writer.close()


@pytest.fixture
def open_base() -> Iterator[Path]:
    """A directory that anybody may pass through, as /var/lib is (pytest's own are 0700)."""
    base = Path(tempfile.mkdtemp(prefix="nxst-"))
    base.chmod(0o711)
    yield base
    shutil.rmtree(base)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0755", "nxst", disk], check=True)
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.fixture
def store_path(open_base: Path) -> Path:
    return open_base / "store" / FILE_NAME
