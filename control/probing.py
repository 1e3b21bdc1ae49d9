"""Configuration → what the probes and the monitord client are made of."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.cgroupfs import Hierarchies
from collector.clock import SystemClock
from collector.inventory import Inventory
from collector.store.sqlite import SqliteReader
from control import opening
from control.config import Config
from control.probe_look import ProbeLook
from control.problem import Problem
from im_probes.messages import Messages
from im_probes.monitoring import Monitoring
from im_probes.watcher import Watcher

ROOT = Path("/")


def _version() -> str:
    from importlib.metadata import version

    return version("nebulxc")


@contextmanager
def probing(config: Config, monitoring: Monitoring) -> Iterator[tuple[Messages, Watcher]]:
    """What renders the messages and what tells who runs, for this block."""
    tree = Hierarchies.mounted(ROOT).primary
    if tree is None:
        raise Problem("no cgroup hierarchy is mounted on this host: LXC cannot run here")
    clock = SystemClock()
    look = ProbeLook(config, SqliteReader(opening.store_path(config)), clock)
    settings = opening.collector_settings(config)
    watcher = Watcher(Inventory(ROOT, tree, settings.lxc_paths), clock)
    try:
        yield (
            Messages(look, watcher.running, monitoring.datastores, _version),
            watcher,
        )
    finally:
        watcher.close()
        look.close()
