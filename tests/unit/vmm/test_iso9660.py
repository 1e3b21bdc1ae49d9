"""Images made by genisoimage, as OpenNebula's context is, read back; and damaged ones."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmm.storage import iso9660
from vmm.storage.iso9660 import Damaged, Entry

LONG = "a-name-that-is-much-longer-than-any-of-iso-9660-may-be " * 4 + "end"
FILES = {
    "context.sh": b"ETH0_IP='10.0.0.1'\n",
    "empty": b"",
    "sub/dir/Mixed Case.TXT": b"x" * 5000,
    f"sub/{LONG}": b"long",
    "sub/\u00fcml\u00e4ut": b"utf-8",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("tree")
    for name, data in FILES.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(data)
    (top / "empty").chmod(0o755)
    (top / "link").symlink_to("/etc/shadow")
    return top


def _image(tree: Path, *options: str) -> bytes:
    path = tree.parent / "image.iso"
    command = ["genisoimage", "-quiet", "-o", str(path), "-V", "CONTEXT", *options, str(tree)]
    subprocess.run(command, check=True, capture_output=True)
    return path.read_bytes()


@pytest.fixture(scope="module")
def image(tree: Path) -> bytes:
    return _image(tree, "-J", "-joliet-long", "-R", "-input-charset", "utf-8")


def test_every_file_by_its_own_name(image: bytes) -> None:
    found = {entry.path: entry for entry in iso9660.entries(image)}
    files = {path: entry.data for path, entry in found.items() if not entry.is_directory}
    assert files == FILES
    assert found["empty"].mode == 0o755
    assert found["context.sh"].mode == 0o644
    assert found["sub/dir"] == Entry("sub/dir", 0o755, is_directory=True, data=b"")


def test_a_directory_comes_before_what_it_holds(image: bytes) -> None:
    seen = {""}
    for entry in iso9660.entries(image):
        assert str(Path(entry.path).parent).removeprefix(".") in seen
        if entry.is_directory:
            seen.add(entry.path)


def test_without_rock_ridge_names_are_lower_case(tree: Path) -> None:
    names = {entry.path for entry in iso9660.entries(_image(tree, "-iso-level", "2"))}
    assert "context.sh" in names


@pytest.mark.parametrize("cut", [0, 100, 40_000, 50_000])
def test_a_cut_image_is_damaged(image: bytes, cut: int) -> None:
    with pytest.raises(Damaged):
        list(iso9660.entries(image[:cut]))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_changed_byte_is_read_or_damaged(image: bytes, data: st.DataObject) -> None:
    """Never another error, never a path that leaves the tree, never without end."""
    changed = bytearray(image)
    for _ in range(data.draw(st.integers(1, 20))):
        at = data.draw(st.integers(16 * 2048, len(image) - 1))
        changed[at] = data.draw(st.integers(0, 255))
    try:
        paths = [entry.path for entry in iso9660.entries(bytes(changed))]
    except Damaged:
        return
    assert not any(part in ("", ".", "..") for path in paths for part in path.split("/"))
