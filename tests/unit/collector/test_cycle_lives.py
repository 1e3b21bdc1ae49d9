"""Whole cycles in which containers end, begin anew under their name, or are stopped."""

import shutil
from pathlib import Path

from support import captures
from support.cycles import Make, SteppedClock, told

from collector.model import Row


def test_an_init_that_vanishes_ends_the_container_at_once(collector: Make, tmp_path: Path) -> None:
    root = captures.copied(captures.HYBRID, tmp_path)
    (root / "lxc/nxhd1").mkdir(parents=True)
    (root / "lxc/nxhd1/config").touch()
    one = collector(root)
    one.read()
    for hierarchy in (root / "sys/fs/cgroup").iterdir():
        (hierarchy / "lxc.payload.nxhd1/cgroup.procs").write_text("")
    (root / f"proc/{captures.init_pid(captures.HYBRID, 'nxhd1')}/net/dev").unlink()
    found = told(one.read(), "nxhd1")
    assert found == {"lxc_state{running}": 0, "lxc_state{frozen}": 0, "lxc_state{stopped}": 1}
    assert one.stats.errors == {}


def test_what_ends_while_the_cycle_is_read_has_one_row(collector: Make, tmp_path: Path) -> None:
    """nxhd2 is found dead after nxhd1 was read; by then nxhd1 has ended as well."""
    root = captures.copied(captures.HYBRID, tmp_path)
    names = ("nxhd1", "nxhd2")
    for name in names:
        (root / "lxc" / name).mkdir(parents=True)
        (root / "lxc" / name / "config").touch()
    one = collector(root)
    one.read()
    first, second = one._watched.values()
    read = first.tracked.read

    def ending() -> Row:
        row = read()
        for watched in (first, second):
            Path(watched.found.directory, "cgroup.procs").write_text("")
            (root / f"proc/{watched.found.init_pid}/net/dev").unlink()
            shutil.rmtree(watched.found.directory)
        return row

    first.tracked.read = ending  # type: ignore[method-assign]  # the moment to end both
    told_names = [row.entity.name for row in one.read().rows if row.entity.kind == "container"]
    assert sorted(told_names) == sorted(names)
    after = one.read()
    assert all("lxc_pids" not in told(after, name) for name in names)
    assert one.stats.errors == {}


def test_a_container_that_never_reads_is_looked_at_once_per_cycle(
    collector: Make, tmp_path: Path
) -> None:
    root = captures.copied(captures.HYBRID, tmp_path)
    for net in root.glob("proc/[0-9]*/net/dev"):
        net.unlink()
    cycle = collector(root).read()
    assert [row.entity.kind for row in cycle.rows] == ["host", "self"]


def test_a_container_that_ends_once_it_was_read_has_one_row(
    collector: Make, tmp_path: Path
) -> None:
    root = captures.copied(captures.HYBRID, tmp_path)
    for name in ("nxhd1", "nxhd2"):
        (root / f"lxc/{name}").mkdir(parents=True)
        (root / f"lxc/{name}/config").touch()
    one = collector(root)
    one.read()
    first, second = (watched.found for watched in one._watched.values())
    # The second's end is noticed while it is read; the first was read by then and is gone, too.
    shutil.rmtree(first.directory)
    (Path(second.directory) / "cgroup.procs").write_text("")
    (root / f"proc/{second.init_pid}/net/dev").unlink()
    cycle = one.read()
    names = [row.entity.name for row in cycle.rows if row.entity.kind == "container"]
    assert sorted(names) == ["nxhd1", "nxhd2"]
    assert {told(cycle, name)["lxc_state{stopped}"] for name in names} == {1}


def test_a_reused_name_is_another_generation_and_gives_no_rate(
    collector: Make, tmp_path: Path, clock: SteppedClock
) -> None:
    root = captures.copied(captures.HYBRID, tmp_path)
    one = collector(root)
    (before,) = [row for row in one.read().rows if row.entity.name == "nxhd1"]
    proc = root / f"proc/{captures.init_pid(captures.HYBRID, 'nxhd1')}"
    fields = (proc / "stat").read_text().rpartition(")")[2].split()
    restarted = root / "proc/30000"
    proc.rename(restarted)
    (restarted / "stat").write_text(
        f"30000 (init) {' '.join([*fields[:19], '999999', *fields[20:]])}\n"
    )
    for hierarchy in (root / "sys/fs/cgroup").iterdir():
        (hierarchy / "lxc.payload.nxhd1/cgroup.procs").write_text("30000\n")
    clock.step(5)
    # The old init's directory is another name's now, which nothing open may follow.
    one._inventory.lost(one._watched[f"{root}/sys/fs/cgroup/freezer/lxc.payload.nxhd1"].found)
    rows = [row for row in one.read().rows if row.entity.name == "nxhd1"]
    assert len(rows) == 1
    assert rows[0].generation != before.generation
    assert rows[0].entity == before.entity


def test_stopped_containers_have_their_state_and_nothing_else(
    collector: Make, tmp_path: Path
) -> None:
    root = captures.copied(captures.HYBRID, tmp_path)
    odd = ('odd "name"\nof 2 lines', "ü" * 127 + "x")  # 255 bytes
    for name in ("idle", "one-7", *odd):
        (root / "lxc" / name).mkdir(parents=True)
        (root / "lxc" / name / "config").touch()
    cycle = collector(root).read()
    for name in ("idle", "one-7", *odd):
        assert told(cycle, name) == {
            "lxc_state{running}": 0,
            "lxc_state{frozen}": 0,
            "lxc_state{stopped}": 1,
        }
    (row,) = [row for row in cycle.rows if row.entity.name == "one-7"]
    assert row.entity.labels == (("host", "h"), ("container", "one-7"), ("vmid", "7"))
