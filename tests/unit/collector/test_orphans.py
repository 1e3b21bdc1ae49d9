"""Containers without a monitor, in trees like the kernel's (made by hand from /proc/net/unix)."""

from pathlib import Path

from collector.orphans import orphaned

SOCKETS = """\
Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 41 @/var/lib/lxc/one-7/command
0000000000000000: 00000003 00000000 00000000 0001 03 42 @/var/lib/lxc/one-7/command
0000000000000000: 00000002 00000000 00010000 0001 01 43 /run/one-8/commander
0000000000000000: 00000003 00000000 00000000 0002 01 44
"""


def tree(root: Path, **inits: str) -> Path:
    (root / "proc/net").mkdir(parents=True)
    (root / "proc/net/unix").write_text(SOCKETS)
    for pid, stat in inits.items():
        directory = root / "proc" / pid.removeprefix("p")
        directory.mkdir()
        (directory / "stat").write_text(stat)
    return root


def found(root: Path, **inits: int) -> set[str]:
    named = {name.replace("_", "-"): pid for name, pid in inits.items()}
    return orphaned(root, named, named.get)


def test_a_process_of_process_1_is_an_orphan(tmp_path: Path) -> None:
    root = tree(tmp_path, p70="70 (init) S 1 70", p80="80 (a) b) S) R 1 80", p90="90 (x) S 9 1")
    assert found(root, one_7=70, one_8=80, one_9=90) == {"one-8"}, (
        "7's monitor listens, 9 has a parent"
    )


def test_what_is_gone_or_dead_is_none(tmp_path: Path) -> None:
    root = tree(tmp_path, p80="80 (init) Z 1 80", p1="1 (init) S 0 1")
    assert found(root, one_8=80, one_9=99, one_10=-1, one_11=1) == set()
    assert orphaned(root, ["one-8"], lambda _: None) == set()


def test_without_the_list_of_sockets_the_parents_tell(tmp_path: Path) -> None:
    root = tree(tmp_path, p70="70 (init) S 60 70", p80="80 (init) S 1 80")
    (root / "proc/net/unix").unlink()
    assert found(root, one_7=70, one_8=80) == {"one-8"}
