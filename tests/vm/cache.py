"""Things that are made once and found again by the hash of what they were made from."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vm.settings import CACHE


def key(*parts: str | bytes | Path) -> str:
    """A short name for these inputs; a Path stands for its content."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part
        raw = content.encode() if isinstance(content, str) else content
        digest.update(b"%d:" % len(raw) + raw)
    return digest.hexdigest()[:12]


def made(name: str, make: Callable[[Path], None], *, fresh: bool = False) -> Path:
    """The cached path `name`, made by `make(path)` when it is not there.

    Made beside its place and renamed: what has its final name is complete. A second process
    that wants the same thing waits for the first.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    target, unfinished = CACHE / name, CACHE / f"{name}.unfinished"
    with locked(CACHE / f"{name}.lock"):
        if fresh:
            remove(target)
        if not target.exists():
            remove(unfinished)
            try:
                make(unfinished)
                unfinished.rename(target)
            finally:
                remove(unfinished)
    os.utime(target)  # when it was last wanted, for `forget_old`
    return target


def forget_old(prefix: str, keep: int) -> None:
    """Remove all but the `keep` most recently wanted paths that begin with `prefix`."""
    found = [
        path
        for path in CACHE.glob(f"{prefix}*")
        if path.suffix not in {".lock", ".unfinished"} and not _in_use(path)
    ]
    for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)[keep:]:
        remove(path)
        path.with_name(f"{path.name}.lock").unlink(missing_ok=True)


def _in_use(path: Path) -> bool:
    return any(link.resolve() == path for link in CACHE.glob("run/*/image"))


def remove(path: Path) -> None:
    """Delete a file or a whole tree, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold an exclusive lock; BlockingIOError when it is taken and `wait` is off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
