"""Whole recorded machines, held against a plain reading of the same files.

No figure is written down here: a capture that is renewed (`scripts/vm capture`) is held to itself.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collector.clock import SystemClock
from collector.cycle import Collector, CollectorSettings
from collector.model import samples

CAPTURES = Path(__file__).parents[2] / "captures"
RECORDED = sorted(CAPTURES.glob("debian*-v2"))


@dataclass
class Machine:
    """A recorded machine and what the collector tells of it."""

    root: Path
    manifest: dict[str, Any]
    told: list[tuple[str, dict[str, str], float]]

    def of(self, metric: str, **labels: str) -> list[float]:
        return [
            value
            for name, have, value in self.told
            if name == metric and labels.items() <= have.items()
        ]

    def cgroup(self, container: str) -> Path:
        return self.root / f"sys/fs/cgroup/lxc.payload.{container}"

    def number(self, container: str, file: str, key: str = "") -> int:
        """A file's only number, or that of its line `key`."""
        lines = (self.cgroup(container) / file).read_text("ascii").splitlines()
        words = (line.split() for line in lines)
        return next(int(word[-1]) for word in words if not key or word[0] == key)

    def written(self, container: str) -> dict[str, int]:
        """Bytes written by device, as io.stat has them."""
        text = (self.cgroup(container) / "io.stat").read_text("ascii")
        counted = [re.match(r"(\S+) .*wbytes=(\d+)", line) for line in text.splitlines()]
        return {found[1]: int(found[2]) for found in counted if found}

    def root_device(self, container: str) -> str:
        """major:minor of what is mounted at the container's /."""
        table = self.root / f"proc/{self.manifest['containers'][container]}/mountinfo"
        rows = [line.split() for line in table.read_text("utf-8").splitlines()]
        return next(row[2] for row in rows if row[4] == "/")


def test_there_is_a_recorded_machine() -> None:
    assert RECORDED


@pytest.fixture(params=RECORDED, ids=lambda path: path.name)
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    root: Path = request.param
    manifest = json.loads((root / "manifest.json").read_text("utf-8"))
    collector = Collector(CollectorSettings("h", root, root / "ds", (root / "lxc",)), SystemClock())
    found = [(s.metric, dict(s.labels), s.value) for s in samples(collector.read())]
    errors = dict(collector.stats.last_error)
    collector.settle(60)
    collector.close()
    assert errors == {}
    yield Machine(root, manifest, found)


def test_all_its_containers_are_found(machine: Machine) -> None:
    names = {have["container"] for _, have, _ in machine.told if "container" in have}
    assert names == set(machine.manifest["containers"])
    assert machine.manifest["cgroup"] == "v2"


def test_a_container_is_told_by_lxcs_cgroup(machine: Machine) -> None:
    """Also where its systemd has moved into a scope below, which holds a part of it only."""
    for name in machine.manifest["containers"]:
        usage = machine.number(name, "cpu.stat", "usage_usec")
        assert machine.of("lxc_cpu_usage_seconds_total", container=name) == [usage / 1e6]
        current = machine.number(name, "memory.current")
        assert machine.of("lxc_memory_usage_bytes", container=name) == [current]
        assert machine.of("lxc_pids", container=name) == [machine.number(name, "pids.current")]


def test_the_systemd_container_is_more_than_its_inits_scope(machine: Machine) -> None:
    scope = (machine.cgroup("one-12") / "init.scope/memory.current").read_text("ascii")
    assert machine.of("lxc_memory_usage_bytes", container="one-12")[0] > int(scope)


def test_the_frozen_one_had_an_oom_kill_under_its_limits(machine: Machine) -> None:
    assert machine.of("lxc_state", container="one-8", state="frozen") == [1]
    kills = machine.number("one-8", "memory.events", "oom_kill")
    assert kills > 0
    assert machine.of("lxc_memory_oom_kills_total", container="one-8") == [kills]
    assert machine.of("lxc_cpu_limit_cores", container="one-8") == [0.2]
    assert machine.of("lxc_memory_limit_bytes", container="one-8") == [64 << 20]
    assert machine.of("lxc_pids_limit", container="one-8") == [100]


@pytest.mark.parametrize(
    ("container", "kind", "source"),
    [
        ("one-7", "lvm", "vg-one-0/lv-one-7-0"),
        ("one-9", "rbd", "one/one-9-0"),
        ("one-10", "lvm", "vg-one-0/lv-one-10-0"),
    ],
)
def test_what_is_stacked_is_told_once_by_the_name_its_owner_knows(
    machine: Machine, container: str, kind: str, source: str
) -> None:
    number = machine.root_device(container)
    device = (machine.root / f"sys/dev/block/{number}").resolve().name
    (info,) = [
        have
        for name, have, _ in machine.told
        if name == "lxc_disk_info" and have["container"] == container and have["device"] == device
    ]
    assert (info["kind"], info["source"]) == (kind, source)
    written = machine.written(container)
    told = machine.of("lxc_disk_written_bytes_total", container=container, device=device)
    assert told == [written[number]]
    assert told[0] >= 20 << 20


@pytest.mark.parametrize("container", ["one-7", "one-10"])
def test_what_lies_below_a_volume_is_not_told_again(machine: Machine, container: str) -> None:
    number, written = machine.root_device(container), machine.written(container)
    below = sum(written.values()) - written[number]
    assert below >= 20 << 20, "io.stat counts the same bytes at every layer"
    told = machine.of("lxc_disk_written_bytes_total", container=container)
    assert sum(told) <= written[number] + written.get("254:0", 0)


def test_the_image_of_ceph_is_told(machine: Machine) -> None:
    size = (machine.root / "sys/bus/rbd/devices/0/size").read_text("ascii")
    labels = {"container": "one-9", "pool": "one", "image": "one-9-0"}
    assert machine.of("lxc_rbd_size_bytes", **labels) == [int(size)]
    assert machine.of("lxc_rbd_mapped", **labels) == [1]
