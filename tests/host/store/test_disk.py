"""A disk that is full or read-only: cycles wait in memory, in order, and every loss is said."""

import errno
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.store import FILE_NAME, Span
from collector.store.sqlite import SqliteReader

pytestmark = pytest.mark.host

BULK = 200


def fill(disk: Path) -> Path:
    """A file that takes all that is left."""
    filler = disk / "filler"
    try:
        with filler.open("ab", buffering=0) as stream:
            while True:
                stream.write(b"x" * 4096)
    except OSError as error:
        assert error.errno == errno.ENOSPC
    return filler


def values_read(path: Path) -> list[float]:
    (found,) = SqliteReader(path).series("container", "one-1", "lxc_bulk_0_total", Span(0, 2**52))
    return [point.value for point in found.points]


def append(writer: Any, make_cycle: Callable[..., Any], first: int, last: int) -> list[int]:
    return [writer.append(make_cycle(n, BULK)) for n in range(first, last + 1)]


def test_full_then_freed(
    small_disk: Path, open_writer: Any, make_cycle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = small_disk / "store" / FILE_NAME
    writer = open_writer(path)
    assert append(writer, make_cycle, 1, 10) == list(range(1, 11))
    filler = fill(small_disk)
    given = append(writer, make_cycle, 11, 300)
    stored = max(10, *given)
    assert given[-1] == 0, "the disk was never full"
    assert writer.pending_cycles() == 300 - stored
    assert SqliteReader(path).latest().seq == stored
    assert caplog.text.count("is on a full disk: free some space; collection goes on") == 1
    filler.unlink()
    assert append(writer, make_cycle, 301, 301) == [301]
    assert (writer.pending_cycles(), writer.lost_cycles()) == (0, 0)
    assert values_read(path) == [float(n) for n in range(1, 302)]
    assert "takes cycles again; 0 lost" in caplog.text


def test_memory_is_bounded_and_the_loss_is_counted(
    small_disk: Path, open_writer: Any, make_cycle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = small_disk / "store" / FILE_NAME
    writer = open_writer(path, pending_bytes=100_000)
    append(writer, make_cycle, 1, 5)
    filler = fill(small_disk)
    stored = max(5, *append(writer, make_cycle, 6, 400))
    kept = writer.pending_cycles()
    assert 0 < kept <= 100_000 / (8 * BULK)
    assert writer.lost_cycles() == 400 - stored - kept
    filler.unlink()
    append(writer, make_cycle, 401, 401)
    expected = [*range(1, stored + 1), *range(401 - kept, 402)]
    assert values_read(path) == [float(n) for n in expected]
    assert f"takes cycles again; {writer.lost_cycles()} lost" in caplog.text


def test_started_on_a_full_disk(small_disk: Path, open_writer: Any, make_cycle: Any) -> None:
    filler = fill(small_disk)
    path = small_disk / "store" / FILE_NAME
    writer = open_writer(path)
    assert append(writer, make_cycle, 1, 3) == [0, 0, 0]
    writer.maintain()
    assert writer.pending_cycles() == 3
    filler.unlink()
    assert append(writer, make_cycle, 4, 4) == [4]
    assert values_read(path) == [1.0, 2.0, 3.0, 4.0]


def test_started_on_a_read_only_disk(
    small_disk: Path, open_writer: Any, make_cycle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = small_disk / "store" / FILE_NAME
    first = open_writer(path)
    append(first, make_cycle, 1, 2)
    first.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    writer = open_writer(path)
    assert append(writer, make_cycle, 3, 4) == [0, 0]
    assert caplog.text.count("Read-only file system") == 1
    assert values_read(path) == [1.0, 2.0]
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert append(writer, make_cycle, 5, 5) == [5]
    assert values_read(path) == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_the_reserve_is_left_free(
    small_disk: Path, open_writer: Any, make_cycle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = small_disk / "store" / FILE_NAME
    writer = open_writer(path, free_reserve_bytes=4 << 20)
    append(writer, make_cycle, 1, 3)
    taken = small_disk / "taken"
    taken.write_bytes(b"x" * (5 << 20))
    assert append(writer, make_cycle, 4, 6) == [0, 0, 0]
    assert "less than the 4 MiB that the store leaves: free some space" in caplog.text
    taken.unlink()
    assert append(writer, make_cycle, 7, 7) == [7]
    assert values_read(path) == [float(n) for n in range(1, 8)]


def test_closing_on_a_full_disk_counts_what_it_gives_up(
    small_disk: Path, open_writer: Any, make_cycle: Any, caplog: Any
) -> None:
    path = small_disk / "store" / FILE_NAME
    writer = open_writer(path)
    append(writer, make_cycle, 1, 3)
    filler = fill(small_disk)
    stored = max(3, *append(writer, make_cycle, 4, 300))
    writer.close()
    assert writer.lost_cycles() == 300 - stored
    filler.unlink()
    again = open_writer(path)
    assert again.append(make_cycle(301, BULK)) == stored + 1
