import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from control.settings import policy_cache
from vmm.policy import NodePolicy, OomPolicy

POLICY = NodePolicy(oom=OomPolicy.PAUSE, raw_allow=("lxc.cap.*",), pids=None, hook="/hook")
LONG_AGO = 1_000_000_000_000_000_000


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A configuration that has not changed for years, and a cache of the test's own."""
    monkeypatch.setattr(policy_cache, "CACHE", str(tmp_path / "run/driver.json"))
    monkeypatch.setattr(policy_cache, "_is_roots", lambda status: status.st_uid == os.getuid())
    monkeypatch.setattr(policy_cache, "SETTLED_NS", -60_000_000_000)
    path = tmp_path / "nebulxc.toml"
    path.write_text("[driver]\n")
    return str(path)


def test_what_was_kept_comes_back_as_it_was(config: str) -> None:
    made_from = policy_cache.stamp(config, "/hook")
    assert policy_cache.kept(made_from) is None
    policy_cache.keep(made_from, POLICY)
    found = policy_cache.kept(policy_cache.stamp(config, "/hook"))
    assert found == POLICY
    assert found is not None
    assert found.oom is OomPolicy.PAUSE


def test_another_file_or_another_hook_finds_nothing(config: str) -> None:
    policy_cache.keep(policy_cache.stamp(config, "/hook"), POLICY)
    assert policy_cache.kept(policy_cache.stamp(config, "/other")) is None
    os.utime(config, ns=(LONG_AGO, LONG_AGO))
    assert policy_cache.kept(policy_cache.stamp(config, "/hook")) is None


def test_a_file_that_changed_just_now_may_change_again(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_cache, "SETTLED_NS", 3_600_000_000_000)
    made_from = policy_cache.stamp(config, "/hook")
    policy_cache.keep(made_from, POLICY)
    assert policy_cache.kept(made_from) is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"stamp": 1}', '{"stamp": %s, "policy": {}}', '{"stamp": %s, "policy": []}'],
)
def test_a_damaged_cache_is_none(config: str, text: str) -> None:
    made_from = policy_cache.stamp(config, "/hook")
    policy_cache.keep(made_from, POLICY)
    with open(policy_cache.CACHE, "w") as file:
        file.write(text.replace("%s", json.dumps(made_from)))
    assert policy_cache.kept(made_from) is None


def test_a_cache_of_anothers_is_none(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made_from = policy_cache.stamp(config, "/hook")
    policy_cache.keep(made_from, POLICY)
    os.chmod(policy_cache.CACHE, 0o622)
    monkeypatch.undo()
    monkeypatch.setattr(policy_cache, "CACHE", str(Path(config).parent / "run/driver.json"))
    assert policy_cache.kept(made_from) is None


def test_a_cache_that_cannot_be_written_changes_nothing(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_cache, "CACHE", "/proc/nowhere/driver.json")
    made_from = policy_cache.stamp(config, "/hook")
    policy_cache.keep(made_from, replace(POLICY, tun=True))
    assert policy_cache.kept(made_from) is None
