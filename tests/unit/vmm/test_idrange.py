from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm import idrange
from vmm.errors import DriverError
from vmm.idrange import SIZE, IdRange, SubidLine
from vmm.policy import NodePolicy

POLICY = NodePolicy(id_pool_start=1_000_000, id_pool_slots=8)
START = POLICY.id_pool_start


def test_the_slot_is_the_vmid() -> None:
    assert idrange.choose(3, (), POLICY) == IdRange(START + 3 * SIZE)
    assert idrange.choose(11, (), POLICY) == IdRange(START + 3 * SIZE)


def test_a_collision_takes_the_next_free_slot_around_the_end() -> None:
    taken = [IdRange(START + 7 * SIZE), IdRange(START + SIZE // 2, 10)]
    assert idrange.choose(7, taken, POLICY) == IdRange(START + SIZE)


def test_a_full_pool_says_so() -> None:
    with pytest.raises(DriverError, match="all 8 id ranges"):
        idrange.choose(0, [IdRange(START, 8 * SIZE)], POLICY)


@given(st.lists(st.integers(0, 40), max_size=8))
def test_no_two_containers_ever_share_an_id(vmids: list[int]) -> None:
    taken: list[IdRange] = []
    for vmid in vmids:
        chosen = idrange.choose(vmid, taken, POLICY)
        assert idrange.pool(POLICY).covers(chosen)
        assert not any(chosen.overlaps(other) for other in taken)
        taken.append(chosen)


def test_the_default_pool_avoids_what_others_use() -> None:
    ours = idrange.pool(NodePolicy())
    assert not ours.overlaps(IdRange(1_000_000, 1_000_000_000))
    assert not ours.overlaps(IdRange(600_100_001))
    assert ours.end < 1 << 31


def test_subid_files_are_read_as_newuidmap_does() -> None:
    text = "root:100:5\n\n# x\nbad:1\nme:x:1\nyou:200000:65536\n"
    assert idrange.parse_subids(text) == (
        SubidLine("root", IdRange(100, 5)),
        SubidLine("you", IdRange(200_000)),
    )


def test_both_files_count_and_may_be_missing(tmp_path: Path) -> None:
    assert idrange.read_subids(tmp_path) == ()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/subgid").write_text("a:1:2\n")
    assert idrange.read_subids(tmp_path) == (SubidLine("a", IdRange(1, 2)),)


def test_what_others_were_promised_is_skipped() -> None:
    lines = (
        SubidLine("root", IdRange(START, 8 * SIZE)),  # the pool's own line
        SubidLine("user", IdRange(START + 5, 1)),
        SubidLine("root", IdRange(START + 2 * SIZE, 1)),  # another use of root's
        SubidLine("user", IdRange(1, 5)),
    )
    foreign = idrange.foreign(lines, POLICY)
    assert foreign == (IdRange(START + 5, 1), IdRange(START + 2 * SIZE, 1))
    assert idrange.choose(0, foreign, POLICY) == IdRange(START + SIZE)


def test_a_range_that_root_was_not_granted_names_the_line_to_add() -> None:
    chosen = IdRange(START)
    idrange.require_granted(chosen, f"root:{START}:{SIZE}\n", "/etc/subuid", POLICY)
    for text in ("", f"user:{START}:{SIZE}\n", f"root:{START}:{SIZE - 1}\n"):
        with pytest.raises(DriverError, match=f"add the line root:{START}:{8 * SIZE}"):
            idrange.require_granted(chosen, text, "/etc/subuid", POLICY)
