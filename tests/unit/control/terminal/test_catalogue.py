import pytest

from collector.model import Column, Entity
from collector.store import CatalogueEntry
from control.problem import Problem
from control.terminal.catalogue import entities_with


def entry(kind: str, name: str, *metrics: str) -> CatalogueEntry:
    return CatalogueEntry(Entity(kind, name, ()), tuple(map(Column, metrics)), 0, 0)


CATALOGUE = [
    entry("host", "h", "lxc_host_load1"),
    entry("container", "one-7", "lxc_pids", "lxc_memory_usage_bytes"),
    entry("container", "one-8", "lxc_pids"),
]


def names(metric: str, container: str | None = None) -> list[str]:
    found = entities_with(metric, container, CATALOGUE, ["lxc_pids_limit"])
    return [entry.entity.name for entry in found]


def test_every_entity_that_has_it_or_the_one_asked_for() -> None:
    assert names("lxc_pids") == ["one-7", "one-8"]
    assert names("lxc_host_load1") == ["h"]
    assert names("lxc_pids", "one-8") == ["one-8"]


@pytest.mark.parametrize(
    ("metric", "container", "said"),
    [
        ("lxc_pid", None, "no metric 'lxc_pid' in the store, did you mean lxc_pids"),
        ("zzz", None, "no metric 'zzz' in the store (3 others are known)"),
        ("lxc_pids", "one-77", "no container 'one-77', did you mean one-7"),
        ("lxc_pids_limit", "one-7", "lxc_pids_limit was never read of container 'one-7'"),
        (
            "lxc_memory_usage_bytes",
            "one-8",
            "lxc_memory_usage_bytes' of container 'one-8' (1 others are known)",
        ),
    ],
)
def test_unknown_words(metric: str, container: str | None, said: str) -> None:
    with pytest.raises(Problem) as caught:
        names(metric, container)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_store_says_so() -> None:
    with pytest.raises(Problem, match="it is empty"):
        entities_with("lxc_pids", "web", [], ["lxc_pids"])
    with pytest.raises(Problem, match="the store holds no reading yet"):
        entities_with("lxc_pids", None, [], ["lxc_pids"])
