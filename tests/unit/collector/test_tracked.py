"""A subject's groups: one that fails costs its own values only."""

import math
from functools import partial

import pytest

from collector.formats import Values
from collector.group import Gone, Group, Part, Source
from collector.model import Column, Columns, Entity
from collector.stats import Stats
from collector.tracked import Layouts, Tracked

ENTITY = Entity("host", "h", (("host", "h"),))


class Scripted:
    """A source that gives or raises what the test says."""

    def __init__(self, name: str) -> None:
        self.columns: Columns = (Column(f"lxc_{name}_a"), Column(f"lxc_{name}_b"))
        self.values: Values = (1.0, 2.0)
        self.raises: Exception | None = None
        self.closed = 0

    def read(self) -> Part:
        if self.raises:
            raise self.raises
        return self.columns, self.values

    def close(self) -> None:
        self.closed += 1
        if self.closed > 1:
            raise AssertionError("closed twice")


def _give(source: Scripted, _: None) -> Source:
    return source


def tracked(*sources: Scripted, stats: Stats | None = None) -> Tracked[None]:
    groups = {str(n): Group(str(n), (), partial(_give, source)) for n, source in enumerate(sources)}
    return Tracked(None, ENTITY, 5, groups, stats or Stats(), Layouts())


def test_a_failing_group_leaves_holes_and_the_others() -> None:
    bad, good, stats = Scripted("bad"), Scripted("good"), Stats()
    one = tracked(bad, good, stats=stats)
    before = one.read()
    bad.raises = OSError(5, "Input/output error", "/sys/x")
    after = one.read()
    assert after.columns is before.columns
    assert [math.isnan(value) for value in after.values] == [True, True, False, False]
    assert stats.errors == {"0": 1}
    assert "/sys/x" in stats.last_error["0"]
    bad.raises = None
    assert list(one.read().values) == [1.0, 2.0, 1.0, 2.0]


def test_a_row_keeps_its_values_when_the_next_one_has_others() -> None:
    one, other = Scripted("a"), Scripted("b")
    both = tracked(one, other)
    before = both.read()
    other.values = (3.0, 4.0)
    assert list(both.read().values) == [1.0, 2.0, 3.0, 4.0]
    assert list(before.values) == [1.0, 2.0, 1.0, 2.0]


def test_gone_is_passed_on() -> None:
    ended = Scripted("ended")
    one = tracked(ended)
    ended.raises = Gone()
    with pytest.raises(Gone):
        one.read()


def test_new_columns_are_another_layout_and_equal_ones_one_object() -> None:
    changing, layouts = Scripted("a"), Layouts()
    one = tracked(changing)
    before = one.read().columns
    changing.columns = (*changing.columns[:1], Column("lxc_new"))
    assert one.read().columns == changing.columns != before
    part = (Column("lxc_x"),)
    assert layouts.join([part, part]) is layouts.join([(Column("lxc_x"),), part])


def test_layouts_do_not_grow_without_bound() -> None:
    layouts = Layouts()
    for number in range(3000):
        layouts.join([(Column("lxc_x", (("device", str(number)),)),)])
    assert len(layouts._joined) <= 1024


def test_a_group_that_cannot_be_opened_is_tried_again() -> None:
    attempts: list[int] = []
    good = Scripted("late")

    def opening(_: None) -> Source | None:
        attempts.append(1)
        if len(attempts) == 1:
            raise OSError(24, "Too many open files")
        return good

    stats = Stats()
    one = Tracked(None, ENTITY, 1, {"late": Group("late", (), opening)}, stats, Layouts())
    assert one.read().columns == ()
    assert stats.errors == {"late": 1}
    one.retry()
    one.retry()
    assert one.read().columns == good.columns
    assert len(attempts) == 2


def test_a_group_that_is_not_provided_is_not_asked_again() -> None:
    attempts: list[int] = []

    def opening(_: None) -> Source | None:
        attempts.append(1)
        return None

    one = Tracked(None, ENTITY, 1, {"none": Group("none", (), opening)}, Stats(), Layouts())
    one.retry()
    assert len(attempts) == 1


def test_closing_closes_each_once() -> None:
    sources = Scripted("a"), Scripted("b")
    one = tracked(*sources)
    one.close()
    one.close()
    assert [source.closed for source in sources] == [1, 1]
