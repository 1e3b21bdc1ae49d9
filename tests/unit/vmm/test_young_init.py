"""An init that was just started, or is about to be gone: what is asked of it waits, or is not."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.children import child

from vmm import container as containers
from vmm import process
from vmm.cgroup import cgroup_tree
from vmm.cgroup.cgroup_tree import CgroupTree, Hierarchy
from vmm.container import Container
from vmm.host import Host
from vmm.policy import NodePolicy

DEAF_AT_FIRST = """
import signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
print("deaf", flush=True)
input()
signal.signal(signal.SIGPWR, print)
print("heeds", flush=True)
input()
"""
PIPE = subprocess.PIPE


@pytest.fixture
def init() -> Iterator[Any]:
    """A process that catches nothing until it is told to go on."""
    argv = [sys.executable, "-c", DEAF_AT_FIRST]
    with child(argv, stdin=PIPE, stdout=PIPE, text=True) as started:
        assert started.stdout.readline() == "deaf\n"
        yield started


@pytest.fixture
def container(tmp_path: Path, init: Any, monkeypatch: pytest.MonkeyPatch) -> Container:
    made = Container("one-7", NodePolicy(state=str(tmp_path), lxc=str(tmp_path)), Host())
    monkeypatch.setattr(made, "init", lambda: init.pid)
    return made


def test_what_was_just_executed_is_waited_for(
    container: Container, init: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        if not waits:
            assert not process.heeds_signals(init.pid)
            init.stdin.write("\n")
            init.stdin.flush()
            assert init.stdout.readline() == "heeds\n"
        waits.append(seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    container._await_ears(60)
    assert len(waits) == 1
    assert process.heeds_signals(init.pid)


def test_one_that_never_heeds_is_asked_all_the_same(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "DEAF_SECONDS", 0.1)
    container._await_ears(60)


def test_an_old_one_is_not_waited_for(
    container: Container, init: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(_: float) -> None:
        raise AssertionError("it waited")

    monkeypatch.setattr(containers, "YOUNG_SECONDS", 0.0)
    monkeypatch.setattr(time, "sleep", sleep)
    assert process.age(init.pid) >= 0
    container._await_ears(60)


def test_what_exits_is_no_init(tmp_path: Path, init: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its namespaces are gone before it leaves its group: an attach would find nothing there."""
    group = tmp_path / "lxc.payload.one-7"
    group.mkdir()
    (group / "cgroup.procs").write_text(f"{init.pid}\n")
    monkeypatch.setattr(cgroup_tree, "_is_init", lambda pid: pid == init.pid)
    tree = CgroupTree("one-7", (Hierarchy(str(tmp_path), 1, ()),))
    assert tree.init() == init.pid
    init.kill()
    os.waitid(os.P_PID, init.pid, os.WEXITED | os.WNOWAIT)  # it stays until it is reaped
    assert Path(f"/proc/{init.pid}").exists()
    assert tree.init() is None
    init.wait()
    assert process.exits(init.pid)
    assert process.age(init.pid) == float("inf")
    assert not process.heeds_signals(init.pid)


def test_an_init_that_a_reboot_starts_meanwhile_is_asked_too(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    inits: list[int | None] = [None, 71]  # none between two lives, then the next one
    asked: list[int | None] = []
    monkeypatch.setattr(container, "init", lambda: inits[0])
    monkeypatch.setattr(container, "_await_ears", lambda _seconds: None)

    def ask(*_: object) -> None:
        if len(inits) > 1:
            inits.pop(0)
        asked.append(inits[0])

    monkeypatch.setattr(containers.liblxc, "shut_down", ask)
    container._ask_to_power_off(time.monotonic() + 60)
    assert asked == [71, 71]
