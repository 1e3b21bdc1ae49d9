"""Every check, in the order in which what it finds is repaired: what holds something goes first."""

from collections.abc import Callable, Iterator

from control.doctor import (
    cgroups,
    configurations,
    confinement,
    definitions,
    idranges,
    kernel,
    limits,
    locks,
    loops,
    mounts,
    nics,
    opennebula,
    programs,
    recovery,
    vms,
)
from control.doctor.finding import Finding
from control.doctor.sight import Sight

CHECKS: dict[str, Callable[[Sight], Iterator[Finding]]] = {
    "kernel": kernel.check,
    "programs": programs.check,
    "confinement": confinement.check,
    "opennebula": opennebula.check,
    "cgroups": cgroups.check,
    "mounts": mounts.check,
    "loops": loops.check,
    "nics": nics.check,
    "limits": limits.check,
    "configurations": configurations.check,
    "idranges": idranges.check,
    "definitions": definitions.check,
    "vms": vms.check,
    "recovery": recovery.check,
    "locks": locks.check,
}
