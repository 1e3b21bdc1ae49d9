"""Whatever the files of disks and mounts hold: a value or one clear error, nothing else."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.blockstat import block_stat
from collector.diskids import by_driver, by_name
from collector.formats import FormatError
from collector.metrics.host_cpu import cpu_seconds, loads
from collector.metrics.host_memory import memory
from collector.mounts import block_number, disks, parse
from collector.sysfs import BlockDevice, lvm_names, printable
from collector.uevents import block_number as announced

LINES = st.lists(
    st.text(st.sampled_from("0129:/-,= \\01abext4\n\0é"), max_size=60), max_size=6
).map(lambda lines: "\n".join(lines).encode())
ANYTHING = st.one_of(st.binary(max_size=300), LINES)


@given(ANYTHING)
def test_parsers_give_values_or_a_format_error(data: bytes) -> None:
    for parse_file in (block_stat, cpu_seconds, loads, memory):
        with suppress(FormatError):
            assert all(isinstance(value, float) for value in parse_file(data))


@given(ANYTHING)
def test_mount_tables(data: bytes) -> None:
    with suppress(FormatError):
        for disk in disks(list(parse(data)), block_number):
            assert printable(disk.mount.point).encode()


@given(ANYTHING)
def test_announcements(data: bytes) -> None:
    number = announced(b"SUBSYSTEM=block\0" + data)
    assert number is None or all(isinstance(part, int) for part in number)


@given(st.text(max_size=80))
def test_names_of_volumes_and_images(name: str) -> None:
    assert len(lvm_names(name)) >= 1
    for kind in ("lvm", "rbd", "loop"):
        found = by_name(BlockDevice(1, 2, "x", kind, name), 7)
        assert found is None or f"-7-{found}" in name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["disk_id", "device", "diskseq"]), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_the_drivers_file(tmp_path_factory: pytest.TempPathFactory, content: object) -> None:
    path = tmp_path_factory.getbasetemp() / "disks.json"
    path.write_text(json.dumps(content))
    found = by_driver(BlockDevice(7, 0, "loop0", "loop", "", 1), path)
    assert found is None or isinstance(found, str)
