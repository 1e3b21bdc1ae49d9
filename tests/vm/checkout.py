"""The checkout as one archive: what git knows or would add, as it is now."""

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

from vm.process import run


def files(checkout: Path) -> list[str]:
    """What git knows of or would add, relative to the checkout; also what is deleted meanwhile."""
    listed = run("git", "-C", str(checkout), "ls-files", "-z", "-co", "--exclude-standard")
    return [name for name in listed.split("\0") if name]


def packed(checkout: Path, names: Iterable[str]) -> bytes:
    """An uncompressed tar of these files, root's, without those that are gone.

    Not by tar(1): it refuses when an editor replaces or removes a file while it reads.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in names:
            _add(tar, checkout / name, name)
    return archive.getvalue()


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    try:
        entry = tar.gettarinfo(path, name)
        whole = entry.isreg() or entry.islnk()
        content = path.read_bytes() if whole else b""
    except FileNotFoundError:
        return
    if whole:  # also of several names: each is a file of its own
        entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", len(content)
    entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, "", ""
    tar.addfile(entry, io.BytesIO(content))
