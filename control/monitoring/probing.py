"""Configuration → what the probes and the monitord client are made of."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector import plain
from collector.cgroupfs import Hierarchies
from collector.clock import SystemClock
from collector.inventory import Inventory
from collector.statfs import Worker
from collector.store.reader import SqliteReader
from control import opening
from control.monitoring import probe_brief
from control.monitoring.probe_look import ProbeLook
from control.monitoring.rested import RestedReader
from control.problem import Problem
from control.settings.config import Config
from im_probes import forecast_conf
from im_probes.executions import Executions
from im_probes.history import Horizon, far, near
from im_probes.messages import REMOTES
from im_probes.monitoring import Monitoring
from im_probes.outlook import Outlook
from im_probes.resident import Messages, Storage
from im_probes.vm_outlook import VmOutlook
from im_probes.watcher import Watcher

ROOT = Path("/")


@contextmanager
def looking(config: Config) -> Iterator[ProbeLook]:
    """What looks at the agent's last cycle or the host, for this block."""
    look = ProbeLook(config, _reader(config), SystemClock())
    try:
        yield look
    finally:
        look.close()


@contextmanager
def probing(config: Config, monitoring: Monitoring) -> Iterator[tuple[Messages, Watcher]]:
    """What renders the messages and what tells who runs, for this block."""
    tree = Hierarchies.mounted(ROOT).primary
    if tree is None:
        raise Problem("no cgroup hierarchy is mounted on this host: LXC cannot run here")
    settings = opening.collector_settings(config)
    watcher = Watcher(Inventory(ROOT, tree, settings.lxc_paths), SystemClock())
    storage = Storage(monitoring.datastores, Worker())
    try:
        reader = _reader(config)
        with contextlib.closing(ProbeLook(config, reader, SystemClock())) as look:
            host, vms = _outlooks(config, reader)
            version = probe_brief.version
            executions = Executions(Path(config.driver.state), watcher.running)
            yield (
                Messages(look, watcher.running, storage, version, host.forecasts, vms, executions),
                watcher,
            )
    finally:
        storage.close()
        watcher.close()


def _reader(config: Config) -> RestedReader:
    return RestedReader(SqliteReader(opening.store_path(config)), SystemClock())


def _outlooks(config: Config, reader: RestedReader) -> tuple[Outlook, VmOutlook]:
    """The forecasts that the front-end's forecast.conf wants."""
    text = plain.text(str(ROOT / REMOTES / "etc/im/nebulxc-probes.d/forecast.conf")) or ""
    clock = SystemClock()
    wanted = _horizons(forecast_conf.parse(text, "host"))
    host = opening.host_name(config)
    vms = _horizons(forecast_conf.parse(text, "virtualmachine"))
    return Outlook(reader, clock, host, [each for each in wanted if each]), VmOutlook(
        reader, clock, *vms
    )


def _horizons(periods: forecast_conf.Periods) -> tuple[Horizon | None, Horizon | None]:
    """Near and far."""
    return (
        None if periods.near is None else near(periods.near),
        None if periods.far is None else far(periods.far),
    )
