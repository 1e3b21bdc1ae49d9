"""Bridges, veths, bonds and loops of this machine's kernel add nothing to the host's sums."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.busybox import run

from collector.hardware import disks, nics

pytestmark = pytest.mark.host

ROOT = Path("/")


@pytest.fixture
def made() -> Iterator[list[str]]:
    """A bridge with one end of a veth pair in it, and an ifb, all of this test's own."""
    tag = f"nx{os.getpid():x}"[:10]
    with ExitStack() as undo:
        for name, *kind in (
            (f"{tag}b", "bridge"),
            (f"{tag}v", "veth", "peer", "name", f"{tag}w"),
            (f"{tag}i", "ifb"),
        ):
            run("ip", "link", "add", name, "type", *kind)
            undo.callback(run, "ip", "link", "delete", name)
        run("ip", "link", "set", f"{tag}v", "master", f"{tag}b")
        yield [f"{tag}{end}" for end in "bvwi"]


def test_only_hardware_counts(made: list[str]) -> None:
    found = nics(ROOT)
    assert set(made) <= set(os.listdir("/sys/class/net"))
    assert not set(made) & set(found)
    assert "lo" not in found


def test_of_disks_neither_loops_nor_memory() -> None:
    found = disks(ROOT)
    assert found
    assert not [name for name in found if name.startswith(("loop", "zram", "ram", "dm-", "md"))]
