"""The embedded store from outside: what goes in comes out, of cycles, series and names."""

import math
import os
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from collector.model import MISSING, Column, Cycle, Entity, Row
from collector.store import FILE_NAME, Span, StoreError, StoreReader, StoreWriter
from collector.store.schema import migrate
from collector.store.sqlite import SqliteReader, SqliteWriter, StoreSettings

EVERYTHING = Span(0, 2**52)


def test_the_classes_satisfy_the_protocols(bed: Any) -> None:
    writer: StoreWriter = bed.writer
    reader: StoreReader = bed.reader
    assert writer.pending_cycles() == 0
    assert reader.latest() is None


def test_a_cycle_comes_back_as_it_was(bed: Any, fresh: Callable[..., Row]) -> None:
    cycle = Cycle(bed.clock.now(), (fresh([1.5, MISSING]), fresh([2.0, 7.0], "one-2", 2**53 - 1)))
    assert bed.writer.append(cycle) == 1
    (back,) = bed.reader.recent(5)
    assert (back.seq, back.stamp) == (1, cycle.stamp)
    assert [(r.entity, r.generation, r.columns) for r in back.rows] == [
        (r.entity, r.generation, r.columns) for r in cycle.rows
    ]
    assert math.isnan(back.rows[0].values[1])
    assert list(back.rows[1].values) == [2.0, 7.0]


def test_readers_give_the_same_columns_object_each_time(bed: Any) -> None:
    bed.run(2)
    first, second = bed.reader.recent(2)
    assert first.rows[0].columns is second.rows[0].columns
    assert bed.reader.latest().rows[0].columns is first.rows[0].columns


def test_latest_of_skips_cycles_without_the_entity(bed: Any) -> None:
    bed.run(1, names=["one-1", "one-2"])
    bed.run(1, names=["one-1"])
    bed.run(1, names=["one-2"])
    cycles = bed.reader.latest_of("container", "one-2")
    assert [c.seq for c in cycles] == [1, 3]
    assert [[r.entity.name for r in c.rows] for c in cycles] == [["one-2"], ["one-2"]]
    assert list(bed.reader.latest_of("container", "nobody")) == []


@pytest.mark.parametrize(
    "name",
    ["a b", "q\"u'o`te", "new\nline", "snow☃", "\udcff\udc80", "\\u0041", "x" * 255, "'; --"],
)
def test_any_name_survives(bed: Any, name: str) -> None:
    columns = (Column("lxc_disk_bytes_total", (("device", name),)),)
    who = Entity("container", name, (("container", name),))
    bed.writer.append(Cycle(bed.clock.now(), (Row(who, 1, columns, [3.0]),)))
    (found,) = bed.reader.series("container", name, "lxc_disk_bytes_total", EVERYTHING)
    assert found.labels == (("container", name), ("device", name))
    assert bed.reader.catalogue()[0].entity == who


def test_changed_labels_reach_a_reader_that_knew_the_old(bed: Any) -> None:
    for labels in ((("vmid", "1"),), (("vmid", "2"),)):
        who = Entity("container", "one-1", labels)
        bed.writer.append(Cycle(bed.clock.now(), (Row(who, 1, (Column("lxc_x"),), [1.0]),)))
        assert bed.reader.latest().rows[0].entity == who


def test_catalogue_tells_first_and_last_reading_and_every_column(
    bed: Any, fresh: Callable[..., Row]
) -> None:
    start = bed.clock.now().wall_ms
    bed.add(fresh([1.0, 1.0]))
    bed.clock.pass_ms(5_000)
    bed.add(fresh([1.0], columns=(Column("lxc_new"),)))
    bed.clock.pass_ms(5_000)
    bed.run(1, names=["one-2"])
    one, two = bed.reader.catalogue()
    assert [c.metric for c in one.columns] == ["lxc_work_total", "lxc_level", "lxc_new"]
    assert (one.first_ms, one.last_ms) == (start, start + 5_000)
    assert (two.first_ms, two.last_ms) == (start + 10_000, start + 10_000)


def test_last_reading_is_kept_across_a_restart(bed: Any) -> None:
    bed.run(2, names=["one-1", "one-2"])
    last = bed.reader.latest().stamp.wall_ms
    bed.reopen()
    bed.clock.pass_ms(3_600_000)
    bed.run(1, names=["one-2"])
    assert bed.reader.catalogue()[0].last_ms == last


def test_seq_goes_on_after_a_restart(bed: Any) -> None:
    bed.run(3)
    bed.reopen()
    bed.run(1)
    assert bed.reader.latest().seq == 4


def test_a_row_that_does_not_fit_its_columns_is_refused(
    bed: Any, fresh: Callable[..., Row]
) -> None:
    with pytest.raises(ValueError, match="'one-1': 1 values for 2 columns"):
        bed.add(fresh([1.0]))
    bed.run(1)
    assert bed.reader.latest().seq == 1


def test_two_rows_of_one_name_keep_the_first(
    bed: Any, fresh: Callable[..., Row], caplog: pytest.LogCaptureFixture
) -> None:
    bed.add(fresh([1.0, 1.0]), fresh([2.0, 2.0]))
    assert [list(r.values) for r in bed.reader.latest().rows] == [[1.0, 1.0]]
    assert "cycle 1 has two rows of one-1: the first was kept" in caplog.text


def test_a_second_writer_is_refused(bed: Any) -> None:
    with pytest.raises(StoreError, match="another agent is writing to"):
        bed.open()


def test_a_closed_writer_leaves_one_plain_file(bed: Any) -> None:
    bed.run(1)
    bed.writer.close()
    assert sorted(p.name for p in bed.path.parent.iterdir()) == [FILE_NAME, "writer.lock"]
    db = sqlite3.connect(bed.path)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    db.close()


def refusal(path: Path, clock: Any) -> str:
    with pytest.raises(StoreError) as caught:
        SqliteWriter(path, StoreSettings(), clock)
    return str(caught.value)


def read_refusal(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        SqliteReader(path).latest()
    return str(caught.value)


def test_a_file_that_is_not_sqlite_is_named(bed: Any, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("not a database, long enough to have a header\n" * 100)
    for said in (refusal(path, bed.clock), read_refusal(path)):
        assert said.startswith(f"{path} is not a SQLite database: move it away")


def test_another_programs_database_is_left_alone(bed: Any, tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE t(x)")
    db.close()
    before = path.read_bytes()
    for said in (refusal(path, bed.clock), read_refusal(path)):
        assert "database of another program" in said
    assert path.read_bytes() == before


def test_a_newer_version_is_refused(bed: Any) -> None:
    bed.writer.close()
    db = sqlite3.connect(bed.path)
    db.execute("PRAGMA user_version=99")
    db.close()
    for said in (refusal(bed.path, bed.clock), read_refusal(bed.path)):
        assert "has schema version 99, newer than this release's 1: upgrade nebulxc" in said


def test_a_directory_is_not_a_store(bed: Any, tmp_path: Path) -> None:
    path = tmp_path / "dir.sqlite"
    path.mkdir()
    for said in (refusal(path, bed.clock), read_refusal(path)):
        assert "is a directory, not a store" in said


def test_a_damaged_file_is_said_to_be_damaged(bed: Any) -> None:
    bed.run(50, names=[f"one-{n}" for n in range(20)])
    bed.writer.close()
    body = bytearray(bed.path.read_bytes())
    body[4096 * 2 :] = b"\xa5" * len(body[4096 * 2 :])
    bed.path.write_bytes(bytes(body))
    assert f"{bed.path} is damaged: restore a backup" in read_refusal(bed.path)


def test_no_store_yet(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / FILE_NAME
    assert read_refusal(path) == f"there is no store at {path} yet: start the agent (nebulxc agent)"


def test_a_store_moved_away_is_begun_anew(bed: Any, caplog: pytest.LogCaptureFixture) -> None:
    bed.run(3)
    bed.path.rename(bed.path.with_suffix(".old"))
    bed.run(2)
    assert bed.reader.latest().seq == 2
    assert "was moved or deleted: a new store is started" in caplog.text


def test_a_torn_chunk_is_said_to_be_damage_and_others_still_read(bed: Any) -> None:
    bed.run(900, names=["one-1", "one-2"])
    bed.writer.maintain()
    db = sqlite3.connect(bed.path)
    db.execute("UPDATE chunk SET b=substr(b, 1, 40) WHERE eid=1 AND tier<60")
    db.commit()
    db.close()
    with pytest.raises(StoreError, match=r"is damaged \(a chunk: .*restore a backup"):
        bed.reader.series("container", "one-1", "lxc_level", EVERYTHING)
    (found,) = bed.reader.series("container", "one-2", "lxc_level", EVERYTHING)
    assert len(found.points) == 900


def test_a_torn_chunk_does_not_stop_upkeep(bed: Any, caplog: pytest.LogCaptureFixture) -> None:
    bed.run(240, every_ms=60_000, names=["one-1", "one-2"])
    bed.writer.maintain()
    db = sqlite3.connect(bed.path)
    db.execute("UPDATE chunk SET b=substr(b, 1, 40) WHERE eid=1")
    db.commit()
    bed.run(24 * 60, every_ms=60_000, names=["one-2"])
    bed.writer.maintain()
    assert db.execute("SELECT count(*) FROM shown WHERE tier=3600").fetchone() == (1,)
    db.close()
    assert "of entity 1 is left out" in caplog.text


def test_a_directory_with_other_files_keeps_its_mode(bed: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    (home / "letter").touch()
    writer = SqliteWriter(home / FILE_NAME, StoreSettings(free_reserve_bytes=0), bed.clock)
    writer.close()
    assert home.stat().st_mode & 0o7777 == 0o755


def test_a_reader_never_grows_the_log(bed: Any) -> None:
    readers = [SqliteReader(bed.path) for _ in range(3)]
    log = Path(f"{bed.path}-wal")
    sizes = []
    for _ in range(6):
        bed.run(100, names=[f"one-{n}" for n in range(20)])
        for reader in readers:
            assert reader.latest() is not None
        bed.writer.maintain()
        sizes.append(log.stat().st_size)
    assert max(sizes[1:]) <= 1.2 * sizes[0]


def test_opening_and_closing_leaves_no_descriptor(bed: Any, tmp_path: Path) -> None:
    text = tmp_path / "other" / "text"
    text.parent.mkdir()
    text.write_text("not a database, long enough to have a header\n" * 100)
    bed.reopen()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        bed.run(2)
        bed.writer.maintain()
        bed.reopen()
        refusal(text, bed.clock)
        with pytest.raises(StoreError):
            bed.open()
    assert len(os.listdir("/proc/self/fd")) == before


def test_threads_read_with_one_reader_while_the_writer_writes(bed: Any) -> None:
    bed.run(1)

    def watch(_: int) -> bool:
        seen = [bed.reader.latest().seq for _ in range(40)]
        return seen == sorted(seen)

    with ThreadPoolExecutor(4) as pool:
        orders = pool.map(watch, range(4))
        bed.run(200, names=["one-1", "one-2"])
        bed.writer.maintain()
        assert all(orders)


def test_a_cycle_without_rows_is_a_cycle(bed: Any) -> None:
    assert bed.add() == 1
    assert bed.reader.latest().rows == ()
    assert bed.reader.catalogue() == []


def test_a_file_with_nothing_in_it_yet(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.touch()
    said = read_refusal(path)
    assert said == f"there is nothing in {path} yet: start the agent (nebulxc agent)"


def test_an_older_store_waits_for_its_migration(bed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bed.run(1)
    monkeypatch.setattr("collector.store.schema.VERSION", 2)
    assert "has schema version 1, older than this release's 2" in read_refusal(bed.path)
    steps = partial(migrate, steps={1: add_note}, target=2)
    monkeypatch.setattr("collector.store.schema.migrate", steps)
    bed.writer.close()
    bed.writer = bed.open()
    assert bed.reader.latest().seq == 1


def add_note(db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE note(x)")


def test_a_directory_deleted_under_the_writer_is_made_again(bed: Any) -> None:
    bed.run(2)
    shutil.rmtree(bed.path.parent)
    bed.run(1)
    assert bed.reader.latest().seq == 1
    assert (bed.path.parent.stat().st_mode & 0o7777) == 0o2750


def test_infinite_values_survive_every_tier(bed: Any, fresh: Callable[..., Row]) -> None:
    for number in range(420):
        bed.add(fresh([math.inf, math.inf if number % 2 else -math.inf]))
        bed.clock.pass_ms(20_000)
    bed.writer.maintain()
    for step_ms in (0, 60_000, 3_600_000):
        (found,) = bed.reader.series("container", "one-1", "lxc_level", Span(0, 2**52, step_ms))
        assert {found.points[0].low, found.points[-1].high} <= {-math.inf, math.inf}
