"""A probe's answer from the agent's last cycle, without importing what a dictionary can do.

None where there is no fresh cycle or anything is unusual: `control.monitoring.probe_direct` then
answers.
"""

from __future__ import annotations

import sys
import time

from collector import plain
from collector.brief import newest
from control.deadline import PATIENCE_S, within
from control.freshness import is_young
from control.settings import brief_config
from im_probes import messages
from im_probes.configuration import datastores_in
from im_probes.probes.vm_status import failed, render_all, states
from im_probes.recovery import is_recovering
from im_probes.sight import Agent, Sight

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collector.lookup import Lookup
    from control.settings.brief_config import BriefConfig
    from im_probes.configuration import Texts

    Probe = Callable[[Sight, Texts, BriefConfig], str]

ROOT = ""
STORE = "nebulxc.sqlite"
"""As in `collector.store`; a test holds them together."""


def said(directory: str, found: Texts, config: str) -> str | None:
    """What the probe of this directory prints, or None."""
    chosen = brief_config.load(config)
    if chosen is None:
        return None
    kinds = ("host",) if directory == "host/monitor" else ("container", "host")
    cycle = newest(f"{chosen.store}/{STORE}", kinds, rates=directory.endswith("monitor"))
    if cycle is None or cycle.boot_id != plain.text("/proc/sys/kernel/random/boot_id"):
        return None
    if not is_young(time.monotonic_ns() - cycle.mono_ns, chosen.interval):
        return None
    return PROBES[directory](Sight(cycle.entities, Agent.OK), found, chosen)


def _status(sight: Sight, _found: Texts, chosen: BriefConfig) -> str:
    """The full list, for a probe by itself remembers nothing."""
    if is_recovering(ROOT):
        return ""
    known = states(sight.containers())
    up = [f"one-{vmid}" for vmid, state in known.items() if state in messages.UP]
    return render_all(failed(known, _orphaned(up)), chosen.missing_state)


def _orphaned(names: list[str]) -> set[str]:
    from collector.inits import init_of, tree
    from collector.orphans import orphaned

    hierarchy = tree(ROOT)
    if hierarchy is None:
        return set()
    return orphaned(ROOT, names, lambda name: init_of(ROOT, hierarchy, name))


def _system(sight: Sight, found: Texts, _chosen: BriefConfig) -> str:
    host, location = sight.host(), datastores_in(found)
    storage = within(PATIENCE_S, lambda: _storage(location, host)) or (None, [])
    return messages.system_host(sight, ROOT, storage, version())


def _storage(location: str, host: Lookup | None) -> messages.Storage:
    from collector.datastores import capacity, datastores, monitored, volume_groups

    groups = volume_groups(host)
    told = ((number, monitored(directory, groups)) for number, directory in datastores(location))
    return capacity(location), [(number, each) for number, each in told if each is not None]


PROBES: Mapping[str, Probe] = {
    "host/monitor": lambda sight, _found, _chosen: messages.monitor_host(sight, ROOT),
    "host/system": _system,
    "vm/monitor": lambda sight, _found, _chosen: messages.monitor_vm(sight),
    "vm/status": _status,
}
"""Directory → what it prints."""


def version() -> str:
    """Ours, from the name of the directory of our metadata: importlib's reader takes 30 ms."""
    for directory in sys.path:
        for name in plain.names(directory):
            if name.startswith("nebulxc-") and name.endswith(".dist-info"):
                return name.removeprefix("nebulxc-").removesuffix(".dist-info")
    from importlib.metadata import version as slowly

    return slowly("nebulxc")
