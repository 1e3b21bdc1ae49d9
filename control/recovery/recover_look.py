"""Reading what `control.recovery.recover` decides on: the records of containers, disks, mounts."""

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collector import mounts
from collector.mounts import Mount
from control.recovery.recover import Record, refusal
from vmm import attempt, boot, kept, located, preflight
from vmm.boot import Boot
from vmm.container import Container
from vmm.errors import DriverError
from vmm.host import Host
from vmm.policy import NodePolicy
from vmm.site import Site
from vmm.spec import VmSpec
from vmm.state import MONITOR, State

_NAME = re.compile(r"one-\d+")
MOUNTINFO = Path("/proc/self/mountinfo")


class Refused(DriverError):
    """It must not be started here without OpenNebula."""


class NotYet(DriverError):
    """Something that the start needs is not there, and may come."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is defined here. `damaged` tells what is wrong with records that cannot be read."""

    records: tuple[Record, ...]
    damaged: dict[str, str]


def look(policy: NodePolicy, host: Host) -> Look:
    """Every container that is defined here."""
    records, damaged = [], {}
    for name in _names(policy.state):
        try:
            records.append(_record(Container(name, policy, host)))
        except (DriverError, OSError, KeyError, TypeError) as error:
            damaged[name] = str(error)
    return Look(tuple(records), damaged)


def fit(state: State, site: Site) -> VmSpec:
    """The VM as it was applied, when it may start here and nothing is missing.

    Refused, NotYet, or DriverError for what cannot be read.
    """
    applied = kept.spec(state)
    try:
        vm = located.located(applied, site.policy, located.HostPaths())
    except DriverError as error:
        raise NotYet(error.problem, error.remedy) from error
    if vm.disks != applied.disks:
        raise Refused(f"its disks are not where they were: see {site.policy.datastores}")
    why = refusal(vm, mounted(), site.policy.after_boot)
    if why:
        raise Refused(why)
    try:
        preflight.check(vm, site.host, site.policy)
    except (DriverError, OSError) as error:
        raise NotYet(getattr(error, "problem", str(error)), getattr(error, "remedy", "")) from error
    return vm


def mounted() -> tuple[Mount, ...]:
    """The host's mounts, in their order."""
    return tuple(mounts.parse(MOUNTINFO.read_bytes()))


def mark_dead(site: Site, now: Boot) -> None:
    """Record the end of what was started in this boot and ended without a hook's word."""
    for record in look(site.policy, site.host).records:
        if record.started_in == now.id and not (record.running or record.ended):
            boot.end(site.container(record.name).state)


def _names(directory: str) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError):
        yield from sorted(filter(_NAME.fullmatch, os.listdir(directory)))


def _record(container: Container) -> Record:
    state = container.state
    monitor, last = state.read(MONITOR), attempt.current(state)
    return Record(
        name=container.name,
        started_in=monitor["boot_id"] if monitor else "",
        phase=last.phase if last else "",
        ended=boot.ended(state),
        running=container.init() is not None,
    )
