"""Who runs, as a process without privileges sees it, and with too few descriptors for all."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.busybox import Container, until

import im_probes
from collector.cgroupfs import Hierarchies
from collector.clock import SystemClock
from collector.inventory import Inventory
from im_probes import watcher as watcher_module
from im_probes.watcher import Watcher

pytestmark = pytest.mark.host

ROOT = Path("/")
LOOK = """\
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:]
from collector.cgroupfs import Hierarchies
from collector.clock import SystemClock
from collector.inventory import Inventory
from im_probes.watcher import Watcher
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)  # after the imports: the checkout may be closed to others
watcher = Watcher(Inventory(Path("/"), Hierarchies.mounted(Path("/")).primary), SystemClock())
print(*watcher.running())
"""


@contextlib.contextmanager
def watching() -> Iterator[Watcher]:
    tree = Hierarchies.mounted(ROOT).primary
    assert tree is not None
    watcher = Watcher(Inventory(ROOT, tree), SystemClock())
    try:
        yield watcher
    finally:
        watcher.close()


def test_a_monitors_end_wakes_and_leaves_the_container(
    lxc_container: Callable[..., Container],
) -> None:
    container = lxc_container("watched", "lxc.monitor.signal.pdeath = 0")
    with watching() as watcher:
        os.kill(container.monitor(), signal.SIGKILL)
        until(lambda: _woken(watcher, container), "its end")
        watcher.refresh()
        assert container.name in watcher.running()
        assert watcher.died_within(0) == set()  # that death is forgotten: the next is the init's
        os.kill(container.pid, signal.SIGKILL)
        until(lambda: _woken(watcher, container), "the container's end")
        watcher.refresh()
        assert container.name not in watcher.running()


def test_every_descriptor_is_given_back(lxc_container: Callable[..., Container]) -> None:
    lxc_container("watched")
    before = os.listdir("/proc/self/fd")
    with watching():
        assert len(os.listdir("/proc/self/fd")) >= len(before) + 2
    assert os.listdir("/proc/self/fd") == before


def test_with_few_descriptors_those_for_messages_are_left(
    lxc_container: Callable[..., Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = lxc_container("few-1"), lxc_container("few-2")
    with contextlib.ExitStack() as others:
        free = _next_descriptor() + 100
        while _next_descriptor() < free:
            others.callback(os.close, os.dup(0))
        # One number for inotify, two for the first container.
        monkeypatch.setattr(watcher_module, "descriptors", lambda: free + 3 + watcher_module.SPARE)
        watcher = others.enter_context(watching())
        assert {first.name, second.name} <= watcher.running().keys()
        assert _next_descriptor() <= free + 3, "those of others count, too"
        first.stop()
        second.stop()
        until(lambda: _gone(watcher, first, second), "their ends, without being woken")


def test_without_inotify_time_passes_and_deaths_wake(
    lxc_container: Callable[..., Container],
) -> None:
    """A user has so many watches; they may be used up while this process runs."""
    container = lxc_container("unwatched")
    with watching() as watcher:
        watcher._inventory._watch._give_up(errno.ENOSPC)
        watcher.refresh()
        until(lambda: not watcher.wait(0.2), "a while in which only time passes")
        until(lambda: not watcher.wait(0.2, deaths_only=True), "another")
        os.kill(container.pid, signal.SIGKILL)
        until(lambda: watcher.wait(60), "the container's end")
        until(lambda: _gone(watcher, container), "that it is seen")


def _next_descriptor() -> int:
    found = os.dup(0)
    os.close(found)
    return found


def _woken(watcher: Watcher, container: Container) -> bool:
    """Woken by a death, of this container and not of somebody else's."""
    return watcher.wait(60, deaths_only=True) and container.name in watcher.died_within(600)


def _gone(watcher: Watcher, *containers: Container) -> bool:
    watcher.refresh()
    return watcher.running().keys().isdisjoint(each.name for each in containers)


def test_hidden_processes_are_no_dead_containers() -> None:
    """As oneadmin sees them on a host that hides other users' processes."""
    paths = [str(Path(im_probes.__file__).parent.parent), *sys.path]
    look = [sys.executable, "-c", LOOK, *paths]
    hide = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"'
    seen = subprocess.run(look, capture_output=True, text=True, check=False)
    assert seen.returncode == 0, seen.stderr
    argv = ["unshare", "--mount", "sh", "-c", hide, "sh", *look]
    hidden = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert hidden.returncode == 1
    assert "HiddenError: other users' processes are hidden" in hidden.stderr.splitlines()[-1]
