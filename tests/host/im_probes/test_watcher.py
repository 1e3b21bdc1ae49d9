"""Who runs, as a process without privileges sees it, and with too few descriptors for all."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
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
        until(lambda: watcher.wait(60, deaths_only=True), "its end")
        assert container.name in watcher.died_within(60)
        watcher.refresh()
        assert container.name in watcher.running()
        os.kill(container.pid, signal.SIGKILL)
        until(lambda: watcher.wait(60, deaths_only=True), "the container's end")
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
    monkeypatch.setattr(watcher_module, "descriptors", lambda: watcher_module.SPARE + 2)
    first, second = lxc_container("few-1"), lxc_container("few-2")
    before = len(os.listdir("/proc/self/fd"))
    with watching() as watcher:
        assert {first.name, second.name} <= watcher.running().keys()
        assert len(os.listdir("/proc/self/fd")) <= before + 2 + 1, "one is followed, and inotify"
        first.stop()
        second.stop()
        until(lambda: _gone(watcher, first, second), "their ends, without being woken")


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
