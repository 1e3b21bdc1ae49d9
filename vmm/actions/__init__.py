"""What OpenNebula can ask for: one file per action, in one table.

An action is `run(site, message)`; what it returns goes to OpenNebula. An action that is not in
the table is not supported, and its shim says so.
"""

import time
from collections.abc import Callable
from importlib import import_module

from vmm import journal, lock, stock
from vmm.errors import DriverError
from vmm.site import Site
from vmm.spec import Message

Action = Callable[[Site, Message], str]

ACTIONS = (
    "attach_nic",
    "cancel",
    "deploy",
    "detach_nic",
    "exec",
    "exec_cancel",
    "poll",
    "prereconfigure",
    "reboot",
    "reconfigure",
    "reset",
    "restore",
    "save",
    "shutdown",
)
"""Each is the module of that name beside this one, imported when it is asked for: they would
take as long to import as an action takes to run."""

UNLOCKED = frozenset({"poll"})
"""Actions that only look: they never wait for another one."""
LOCK_SECONDS = 300.0
"""How long an action waits for the one before it on the same VM."""


def perform(site: Site, message: Message) -> str:
    """Carry out one action and keep it in the journal; its answer to OpenNebula."""
    begun, answer = time.monotonic(), ""
    try:
        answer = _explained(site, message)
    except BaseException as error:
        _keep(site, message, "failed", str(error) or type(error).__name__, begun)
        raise
    _keep(site, message, "done", answer, begun)
    return answer


def _explained(site: Site, message: Message) -> str:
    """The action, whose OSErrors that no one foresaw become one sentence."""
    try:
        return _locked(site, message)
    except OSError as error:
        what = f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
        raise DriverError(f"{message.action} of {message.vm.name}: {what}") from error


def _locked(site: Site, message: Message) -> str:
    action = _action(message.action)
    if message.action in UNLOCKED:
        return action(site, message)
    container = site.container(message.vm.name)
    with lock.exclusive(container.state.lock, LOCK_SECONDS, message.vm.name):
        if message.action == "deploy" and stock.clear(
            message.vm, container, site.policy, site.host
        ):
            site.report.info(f"{container.name}: took the stock driver's place")
        container.require_ours()
        return action(site, message)


def _action(name: str) -> Action:
    if name not in ACTIONS:
        raise DriverError(f"{name} is not supported by this driver", "nothing was changed")
    run: Action = import_module(f"vmm.actions.{name}").run
    return run


def _keep(site: Site, message: Message, outcome: str, said: str, begun: float) -> None:
    """A journal that cannot be written is reported, and changes nothing about the action."""
    entry = journal.Entry(
        wall_ms=site.clock.now().wall_ms,
        action=message.action,
        vm=message.vm.name,
        reason="" if message.vm.lcm_state is None else f"LCM_STATE {message.vm.lcm_state}",
        outcome=outcome,
        said=said,
        seconds=round(time.monotonic() - begun, 3),
    )
    try:
        journal.append(site.policy.journal, entry)
    except OSError as error:
        site.report.warning(f"the journal {site.policy.journal} cannot be written: {error}")
