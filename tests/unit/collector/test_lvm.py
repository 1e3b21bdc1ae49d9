"""Volume groups by what lvm2 2.03.16 wrote, beside what its vgs said of them."""

import lzma
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import lvm
from collector.lvm import Area, LvmError, VolumeGroup, checksum, volume_group
from collector.volumegroups import Texts, group_at

CAPTURES = Path(__file__).parents[2] / "captures/lvm2-2.03.16"
STRIPED, ROUND = "striped-on-two", "text-in-two-pieces"
VGS_OF_ROUND = ("vg-one-101", 82, 66060288, 50200576)
MIB = 1 << 20


def device(name: str) -> bytes:
    """The first bytes of a physical volume."""
    return lzma.decompress((CAPTURES / f"{name}.xz").read_bytes())


def group_of(data: bytes) -> VolumeGroup | None:
    return group_at(lambda offset, size: data[offset : offset + size], Texts())


def text_of(name: str) -> bytes:
    data = device(name)
    (area,) = lvm.areas(data[: lvm.LABEL_BYTES]) or ()
    place = lvm.text_place(data[area.offset :][: lvm.HEADER_BYTES], area)
    assert place is not None
    return b"".join(data[offset:][:size] for offset, size in place.pieces)


def test_the_capacity_is_that_of_vgs() -> None:
    found = group_of(device(STRIPED))
    assert found is not None
    assert (found.name, found.seqno) == ("vg-one-100", 5)
    # An older text beside this one holds a third volume, of a pool that failed.
    assert (found.size, found.free) == (515899392, 432013312)


def test_a_text_that_goes_on_at_the_areas_start() -> None:
    data = device(ROUND)
    (area,) = lvm.areas(data[: lvm.LABEL_BYTES]) or ()
    place = lvm.text_place(data[area.offset :][: lvm.HEADER_BYTES], area)
    assert place is not None
    assert [offset for offset, _ in place.pieces][1] == area.offset + lvm.HEADER_BYTES
    found = group_of(data)
    assert found is not None
    assert (found.name, found.seqno, found.size, found.free) == VGS_OF_ROUND


def test_a_text_is_read_once() -> None:
    data, asked = device(STRIPED), []

    def read(offset: int, size: int) -> bytes:
        asked.append(size)
        return data[offset : offset + size]

    texts = Texts()
    assert group_at(read, texts) == group_at(read, texts)
    assert asked == [2048, 512, len(text_of(STRIPED)), 2048, 512]


def test_what_is_no_physical_volume() -> None:
    assert lvm.areas(b"") is None
    assert lvm.areas(bytes(2048)) is None
    assert lvm.areas(device(STRIPED)[512:1024]) is None, "a label out of its place"


def test_one_in_no_group_yet() -> None:
    data = bytearray(device(STRIPED))
    header = data[4096 : 4096 + 512]
    struct.pack_into("<Q", header, 40, 0)
    struct.pack_into("<I", header, 0, checksum(bytes(header[4:])))
    data[4096 : 4096 + 512] = header
    assert group_of(bytes(data)) is None


@pytest.mark.parametrize("at", [512 + 60, 4096 + 41, 12800 + 700])
def test_one_wrong_byte_is_noticed(at: int) -> None:
    data = bytearray(device(STRIPED))
    data[at] ^= 1
    with pytest.raises(LvmError, match="checksum"):
        group_of(bytes(data))


def group(volumes: str) -> bytes:
    """A group of two volumes of 100 extents of 4 MiB, shaped as lvm2 writes them."""
    pvs = "".join(f'pv{n} {{\nid = "p{n}"\npe_count = 100\n}}\n' for n in (0, 1))
    return (
        'vg {\nid = "a"\nseqno = 3\nextent_size = 8192\n# a comment { "\n'
        f"physical_volumes {{\n{pvs}}}\nlogical_volumes {{\n{volumes}}}\n}}\nversion = 1\n\0"
    ).encode()


def volume(name: str, extents: int, more: str) -> str:
    return f"{name} {{\nsegment1 {{\nextent_count = {extents}\n{more}\n}}\n}}\n"


@pytest.mark.parametrize(
    ("volumes", "used"),
    [
        ("", 0),
        (volume("a", 10, 'stripes = [\n"pv0", 0\n]'), 10),
        (volume("a", 10, 'stripes = ["pv0", 0, "pv1", 0]'), 10),
        (volume("a", 10, 'mirrors = ["pv0", 0, "pv1", 0]'), 20),
        (
            volume("r", 10, 'type = "raid1"\nraids = ["r_m0", "r_0"]')
            + volume("r_m0", 1, 'stripes = ["pv0", 0]')
            + volume("r_0", 10, 'stripes = ["pv0", 1]'),
            11,
        ),
        (
            volume("thin", 90, 'type = "thin"\nthin_pool = "pool"')
            + volume("pool", 10, 'type = "thin-pool"\npool = "pool_tdata"')
            + volume("pool_tdata", 10, 'stripes = ["both", 0]')
            + volume("both", 10, 'stripes = ["pv0", 0]'),
            10,
        ),
        (volume("e", 10, 'type = "error"'), 0),
    ],
)
def test_extents_in_use_are_those_on_physical_volumes(volumes: str, used: int) -> None:
    found = volume_group(group(volumes))
    assert (found.size, found.free) == (200 * 4 * MIB, (200 - used) * 4 * MIB)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"version = 1\n",
        b"a {\n}\nb {\n}\n",
        b'vg {\nid = "a',
        b"vg {\nid = [1, 2",
        b"vg {\nid = \n}",
        b"vg {\nid\n}",
        b"} {",
        b"a {" * 100,
        group("").replace(b"vg {", b"../vg {"),
        group("").replace(b"seqno = 3", b"seqno = x"),
        group("").replace(b"seqno = 3", b"seqno = " + b"9" * 5000),
        group(volume("a", 201, 'stripes = ["pv0", 0]')),
    ],
)
def test_another_text_is_one_clear_error(text: bytes) -> None:
    with pytest.raises(LvmError):
        volume_group(text)


@given(st.binary(max_size=4096))
def test_any_first_sectors(data: bytes) -> None:
    with suppress(LvmError):
        lvm.areas(data)


@given(st.binary(max_size=480), st.integers(0, 3))
def test_any_label(body: bytes, number: int) -> None:
    """Past the checksum, which only chance would get right."""
    sector = bytearray(512)
    struct.pack_into("<8sQ", sector, 0, b"LABELONE", number)
    sector[20 : 20 + len(body)] = body
    sector[24:32] = b"LVM2 001"
    struct.pack_into("<I", sector, 16, checksum(bytes(sector[20:])))
    with suppress(LvmError):
        for area in lvm.areas(bytes(512 * number) + bytes(sector)) or ():
            assert area != Area(0, 0)


@given(st.integers(0, 1 << 64), st.integers(0, 1 << 64), st.integers(0, 3))
def test_any_place_of_a_text(offset: int, size: int, flags: int) -> None:
    header = bytearray(device(STRIPED)[4096 : 4096 + 512])
    area = Area(*struct.unpack_from("<QQ", header, 24))
    struct.pack_into("<QQII", header, 40, offset % 2**64, size % 2**64, 0, flags)
    struct.pack_into("<I", header, 0, checksum(bytes(header[4:])))
    with suppress(LvmError):
        place = lvm.text_place(bytes(header), area)
        for start, length in place.pieces if place else ():
            assert area.offset + 512 <= start < start + length <= area.offset + area.size


SIGNS = st.sampled_from('{}[]=,"#\\\n')
NAMES = st.sampled_from(
    ("7", "-1", "id", "seqno", "extent_size", "extent_count", "pe_count", '"pv0"')
)
SECTIONS = st.sampled_from(
    ("vg", "physical_volumes", "logical_volumes", "pv0", "stripes", "mirrors")
)
WORDS = SIGNS | NAMES | SECTIONS


@given(st.binary(max_size=300) | st.lists(WORDS, max_size=60).map(lambda w: " ".join(w).encode()))
def test_any_text(text: bytes) -> None:
    with suppress(LvmError):
        assert volume_group(text).free >= 0


@given(st.data())
def test_a_text_with_anything_in_it(data: st.DataObject) -> None:
    text = text_of(STRIPED)
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 40))
    with suppress(LvmError):
        found = volume_group(text[:at] + data.draw(st.binary(max_size=20)) + text[at + cut :])
        assert 0 <= found.free <= found.size
