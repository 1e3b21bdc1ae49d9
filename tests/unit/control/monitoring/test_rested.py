"""A locked store is waited for once in a while, not at every question."""

from typing import Any

import pytest

from collector.model import Stamp
from collector.store import StoreError
from control.monitoring.rested import REST_S, RestedReader


class Store:
    """A store and the clock: an answer takes `takes` seconds, and is none while it is `broken`."""

    def __init__(self) -> None:
        self.seconds, self.takes, self.broken, self.asked = 0.0, 0.0, False, 0

    def now(self) -> Stamp:
        return Stamp(0, round(self.seconds * 1e9), "b")

    def recent(self, cycles: int) -> list[int]:
        self.asked += 1
        self.seconds += self.takes
        if self.broken:
            raise StoreError("it stayed locked")
        return [cycles]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def reader(store: Store) -> RestedReader:
    unreal: Any = store
    return RestedReader(unreal, store)


def test_what_waited_in_vain_is_not_asked_for_a_while(store: Store, reader: RestedReader) -> None:
    store.broken, store.takes = True, 5.0
    for _ in range(3):
        with pytest.raises(StoreError, match="locked"):
            reader.recent(2)
    assert store.asked == 1
    store.seconds += REST_S
    store.broken = False
    assert reader.recent(2) == [2]
    assert reader.recent(3) == [3]


def test_trouble_that_is_told_at_once_is_asked_again(store: Store, reader: RestedReader) -> None:
    store.broken = True
    for _ in range(3):
        with pytest.raises(StoreError):
            reader.recent(2)
    assert store.asked == 3


def test_an_answer_that_takes_long_is_an_answer(store: Store, reader: RestedReader) -> None:
    store.takes = 5.0
    assert [reader.recent(2), reader.recent(2)] == [[2], [2]]
