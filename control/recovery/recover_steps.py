"""The steps of a recovery: states held back early in the boot, containers started, the end told."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from control import stopping
from control.recovery.recover import wanted
from control.recovery.recover_look import NotYet, Refused, fit, look, mark_dead
from control.recovery.recover_start import GOOD, Outcome, Patience, Recovery, Told
from im_probes import recovery as flag
from vmm import attempt, boot, lock
from vmm.errors import DriverError
from vmm.lean.value import replace
from vmm.policy import AfterBoot, NodePolicy
from vmm.site import Site

ROOT = Path("/")
LEFT = 'driver.after_boot is "leave": onevm resume {}'

Tell = Callable[[Told], None]


def announce(policy: NodePolicy, root: Path = ROOT) -> None:
    """Hold back states from now on, if this boot's recovery is yet to come."""
    if policy.after_boot is not AfterBoot.LEAVE and _is_new(policy.state):
        flag.hold_back(root)


def recover(
    site: Site,
    tell: Tell,
    *,
    at_boot: bool = False,
    patience: Patience | None = None,
    root: Path = ROOT,
) -> list[Told]:
    """Bring back what ran when the host went down; `at_boot` once in each boot."""
    base = site.policy.state
    try:
        if not os.path.isdir(base):
            return []
        with lock.exclusive(f"{base}/.recover.lock", 1.0, "nebulxc recover"):
            return _recover(site, tell, patience or Patience(), again=at_boot and not _is_new(base))
    finally:
        if at_boot:
            flag.tell_again(root)


def planned(site: Site) -> list[Told]:
    """What `recover` would do now; it changes nothing."""
    if not os.path.isdir(site.policy.state):
        return []
    found = look(site.policy, site.host)
    names = wanted(found.records, boot.current(site.policy.state))
    if site.policy.after_boot is AfterBoot.LEAVE:
        return [_left(name) for name in names]
    return [*_damaged(found.damaged), *(_would(name, site) for name in names)]


def is_well(told: Iterable[Told]) -> bool:
    """Whether all that should run does."""
    return all(one.outcome in GOOD for one in told)


def end(site: Site, root: Path = ROOT) -> None:
    """States are told again. And if the whole host goes down, no end of a container is meant."""
    flag.tell_again(root)
    base = site.policy.state
    if os.path.isdir(base) and _goes_down(site):
        mark_dead(site, boot.begin(base))
        boot.go_down(base)


def _is_new(base: str) -> bool:
    """Whether nothing was kept of this boot yet."""
    last = boot.load(base) if os.path.isdir(base) else None
    return last is None or last.id != attempt.boot_id()


def _recover(site: Site, tell: Tell, patience: Patience, *, again: bool) -> list[Told]:
    base, after_boot = site.policy.state, site.policy.after_boot
    now, found = boot.begin(base), look(site.policy, site.host)
    names = wanted(found.records, now)
    if again:  # an upgrade starts the unit anew: only what an interrupted one left is its business
        names = tuple(name for name in names if name in now.pending)
    if after_boot is AfterBoot.LEAVE:
        boot.save(base, replace(now, pending=()))
        return _all_told([_left(name) for name in names], tell)
    boot.save(base, replace(now, pending=names))
    told = _all_told([] if again else _damaged(found.damaged), tell)
    return told + _start(Recovery(site, patience, tell), names)


def _start(recovery: Recovery, names: tuple[str, ...]) -> list[Told]:
    """Start them; a signal ends it in order, and what it did not come to stays pending."""
    told: list[Told] = []
    with stopping.on_signals() as stop, stop.deferred(recovery.halt):
        told += recovery.run(names)
    return told


def _all_told(told: list[Told], tell: Tell) -> list[Told]:
    for one in told:
        tell(one)
    return told


def _left(name: str) -> Told:
    return Told(name, Outcome.LEFT, LEFT.format(name.removeprefix("one-")))


def _damaged(found: dict[str, str]) -> list[Told]:
    return [Told(name, Outcome.FAILED, why) for name, why in found.items()]


def _would(name: str, site: Site) -> Told:
    try:
        fit(site.container(name).state, site)
    except Refused as error:
        return Told(name, Outcome.REFUSED, str(error))
    except NotYet as error:
        return Told(name, Outcome.WOULD_WAIT, str(error))
    except DriverError as error:
        return Told(name, Outcome.FAILED, str(error))
    return Told(name, Outcome.WOULD_START)


def _goes_down(site: Site) -> bool:
    """Whether systemd shuts this host down; False where there is none to ask."""
    try:
        state = site.host.run("systemctl", "show", "--property=SystemState", "--value")
    except DriverError:
        return False
    return state.strip() == "stopping"
