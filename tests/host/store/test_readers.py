"""Who may do what with the store, asked of the kernel: real users of the group and outside it."""

import os
import pickle
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.store import Span, StoreError
from collector.store.place import LOCK_NAME
from collector.store.sqlite import SqliteReader

pytestmark = pytest.mark.host

GROUP = 64_311
MEMBER = 64_312
"""Numbers of no account: the kernel asks for no name."""


def as_user(act: Callable[[], Any], groups: list[int]) -> Any:
    """What `act` gives, or the exception it raises, in a child that is an unprivileged user."""
    receive, send = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setgroups(groups)
            os.setgid(MEMBER)
            os.setuid(MEMBER)
            answer = act()
        except BaseException as error:
            answer = error
        os.write(send, pickle.dumps(answer))
        os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as stream:
        answer = pickle.loads(stream.read())
    os.waitpid(child, 0)
    return answer


def values_read(path: Path) -> list[float]:
    (found,) = SqliteReader(path).series("container", "one-1", "lxc_work_total", Span(0, 2**52))
    return [point.value for point in found.points]


def killed_writer(path: Path, make_cycle: Callable[..., Any], open_writer: Any) -> None:
    """A writer of three cycles that is killed with its log partly in the database."""
    if (child := os.fork()) == 0:
        writer = open_writer(path, group=GROUP)
        for number in range(1, 4):
            writer.append(make_cycle(number))
            writer.maintain()
        writer.append(make_cycle(4))
        os.kill(os.getpid(), signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.fixture(params=["open", "killed", "closed", "index lost", "index damaged"])
def state(request: Any, store_path: Path, open_writer: Any, make_cycle: Any) -> str:
    """A store with cycles 1 to 4, and what became of its writer."""
    if request.param in {"open", "closed"}:
        writer = open_writer(store_path, group=GROUP)
        for number in range(1, 5):
            writer.append(make_cycle(number))
        if request.param == "closed":
            writer.close()
        return str(request.param)
    killed_writer(store_path, make_cycle, open_writer)
    index = Path(f"{store_path}-shm")
    assert index.exists()
    if request.param == "index lost":
        index.unlink()
    if request.param == "index damaged":
        index.write_bytes(b"\xa5" * index.stat().st_size)
    return str(request.param)


@pytest.mark.usefixtures("state")
def test_a_member_of_the_group_reads_everything(store_path: Path) -> None:
    assert as_user(lambda: values_read(store_path), [GROUP]) == [1.0, 2.0, 3.0, 4.0]
    assert as_user(lambda: SqliteReader(store_path).latest().seq, [GROUP]) == 4


@pytest.mark.usefixtures("state")
def test_root_reads_everything_and_leaves_the_log_alone(store_path: Path) -> None:
    log = Path(f"{store_path}-wal")
    before = log.read_bytes() if log.exists() else None
    assert values_read(store_path) == [1.0, 2.0, 3.0, 4.0]
    assert (log.read_bytes() if log.exists() else None) == before


def test_a_writer_takes_over_from_any_state(
    state: str, store_path: Path, open_writer: Any, make_cycle: Any
) -> None:
    if state == "open":
        with pytest.raises(StoreError, match="another agent is writing"):
            open_writer(store_path)
        return
    writer = open_writer(store_path, group=GROUP)
    assert writer.append(make_cycle(5)) == 5
    assert as_user(lambda: values_read(store_path), [GROUP]) == [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.usefixtures("state")
def test_an_outsider_reads_nothing(store_path: Path) -> None:
    assert isinstance(as_user(lambda: values_read(store_path), []), StoreError)


@pytest.mark.usefixtures("state")
def test_a_member_changes_nothing(store_path: Path) -> None:
    def deny(act: Callable[[], Any]) -> None:
        assert isinstance(as_user(act, [GROUP]), (PermissionError, sqlite3.OperationalError))

    files = sorted(store_path.parent.iterdir())
    assert store_path.parent / LOCK_NAME in files
    for file in files:
        deny(file.unlink)
        deny(lambda file=file: file.rename(file.with_suffix(".gone")))
        deny(lambda file=file: file.open("r+b"))
    deny((store_path.parent / "new").touch)
    deny(lambda: store_path.parent.rename(store_path.parent.with_suffix(".gone")))
    deny(lambda: (store_path.parent / LOCK_NAME).open("rb"))
    deny(lambda: sqlite3.connect(store_path).execute("DELETE FROM cycle"))
    assert sorted(store_path.parent.iterdir()) == files
    assert as_user(lambda: values_read(store_path), [GROUP]) == [1.0, 2.0, 3.0, 4.0]


def test_files_have_their_modes_from_the_first_moment(
    store_path: Path, open_writer: Any, make_cycle: Any
) -> None:
    old = os.umask(0)
    try:
        open_writer(store_path, group=GROUP).append(make_cycle(1))
    finally:
        os.umask(old)
    modes = {
        p.name: (p.stat().st_mode & 0o7777, p.stat().st_gid) for p in store_path.parent.iterdir()
    }
    assert modes.pop(LOCK_NAME)[0] == 0o600
    assert set(modes.values()) == {(0o640, GROUP)}
    parent = store_path.parent.stat()
    assert (parent.st_mode & 0o7777, parent.st_gid) == (0o2750, GROUP)


def test_an_unknown_group_is_named(store_path: Path, open_writer: Any) -> None:
    with pytest.raises(StoreError, match="group 'nxst-none' does not exist: create it"):
        open_writer(store_path, group="nxst-none")


def test_a_member_reading_through_a_writers_start_and_end_never_fails(
    store_path: Path, open_writer: Any, make_cycle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A start and an end are several fsync each: how long the disk takes is not the question.
    monkeypatch.setattr("collector.store.connect.BUSY_S", 60.0)
    monkeypatch.setattr("collector.store.reader.ATTEMPTS", 1200)
    open_writer(store_path, group=GROUP).close()

    def watch() -> int:
        reader, seen = SqliteReader(store_path), 0
        while seen < 30:
            latest = reader.latest()
            assert latest is None or latest.seq >= seen
            seen = latest.seq if latest else 0
        return seen

    if (child := os.fork()) == 0:
        for number in range(1, 31):
            writer = open_writer(store_path, group=GROUP)
            writer.append(make_cycle(number))
            writer.close()
        os._exit(0)
    assert as_user(watch, [GROUP]) == 30
    os.waitpid(child, 0)


def test_reading_beside_the_writer_opens_no_more_and_more_files(
    store_path: Path, open_writer: Any
) -> None:
    """SQLite keeps one closed reader's descriptor for as long as its process holds a lock."""
    open_writer(store_path)
    reader = SqliteReader(store_path)
    reader.latest()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        reader.latest()
    # What else was open may be closed meanwhile.
    assert len(os.listdir("/proc/self/fd")) <= before
