"""Limits of running containers: what the VM and the node's configuration ask for, what is set,
and what LXC would set at the next start."""

from collections.abc import Iterator
from functools import partial

from control.doctor.finding import Finding
from control.doctor.sight import Life, Sight
from vmm import kept
from vmm.cgroup import cgroups, limits
from vmm.cgroup.cgroups import Setting
from vmm.errors import DriverError
from vmm.node import layout
from vmm.state import CONFIG


def check(sight: Sight) -> Iterator[Finding]:
    """Containers whose spec cannot be read are another check's."""
    here = layout()
    for life in sight.running:
        try:
            spec = kept.spec(life.container.state)
            wanted = cgroups.settings(spec.limits, sight.policy, here)
            found = limits.mismatches(life.container.cgroups, wanted)
        except (DriverError, ValueError):
            continue
        for problem in found:
            yield Finding(
                life.name,
                problem,
                life.container.cgroups.directories()[0],
                "set the limits again",
                partial(limits.apply, life.container.cgroups, wanted),
            )
        yield from _configured(life, wanted)


def _configured(life: Life, wanted: tuple[Setting, ...]) -> Iterator[Finding]:
    path = life.container.state.path(CONFIG)
    with open(path, encoding="utf-8") as file:
        pairs = [line.split(" = ", 1) for line in file.read().splitlines() if " = " in line]
    last = dict(pairs)
    for setting in wanted:
        now = last.get(setting.lxc_key)
        if now != setting.value:
            yield Finding(
                life.name,
                f"its LXC configuration has {setting.lxc_key} = {now}, not {setting.value}"
                if now
                else f"its LXC configuration lacks {setting.lxc_key} = {setting.value}",
                path,
                "power the VM off and resume it: a deploy writes the configuration anew",
            )
