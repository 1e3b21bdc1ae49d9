"""The resident client: renders and sends every message when it is due, in one thread, no fork.

It takes the place of OpenNebula's monitord-client. A death is told at once, not at the next turn.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from collector.clock import Clock
from im_probes.document import FIRST_ROUND, document
from im_probes.epoch import Epochs
from im_probes.monitoring import Monitoring
from im_probes.probes.vm_execution import render as render_executions
from im_probes.probes.vm_status import State, States, changes, render, render_all
from im_probes.resident import Messages
from im_probes.schedule import Schedule
from im_probes.transport import Transport
from im_probes.watcher import Watcher
from im_probes.wire import MessageType, message

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

log = logging.getLogger(__name__)

NS = 1_000_000_000
SETTLE_S = 0.4
"""A container that reboots from inside is gone this long at most; its death is told after it."""


class Task(StrEnum):
    """What the client does in turns."""

    STATES = "STATE_VM"
    SYNC = "STATE_VM, all"
    BEACON = "BEACON_HOST"
    VMS = "MONITOR_VM"
    HOST = "MONITOR_HOST"
    SYSTEM = "SYSTEM_HOST"
    EXECUTIONS = "EXEC_VM"


_RENDERED = {
    Task.VMS: MessageType.MONITOR_VM,
    Task.HOST: MessageType.MONITOR_HOST,
    Task.SYSTEM: MessageType.SYSTEM_HOST,
}
_KIND = {
    Task.STATES: MessageType.STATE_VM,
    Task.SYNC: MessageType.STATE_VM,
    Task.BEACON: MessageType.BEACON_HOST,
    Task.EXECUTIONS: MessageType.EXEC_VM,
    **_RENDERED,
}


_UNSETTLED = frozenset({State.POWEROFF, State.FAILURE})
_TOLD_ONCE = frozenset({MessageType.STATE_VM, MessageType.EXEC_VM})
"""What nobody tells again when it is lost."""


class Undelivered(Exception):
    """A message was made and did not get to monitord: it is tried again."""


class FirstRoundError(Exception):
    """A message of the first round could not be made: the text names it and why."""


def periods(monitoring: Monitoring) -> dict[Task, float]:
    """Seconds between two turns of each task, as monitord configured them."""
    found: dict[Task, float] = {task: monitoring.periods[kind] for task, kind in _KIND.items()}
    found[Task.SYNC] = monitoring.sync_s
    return found


@dataclass(frozen=True, slots=True)
class Front:
    """The front-end to report to, and what it calls this host."""

    transport: Transport
    host_id: int
    missing_state: str
    key: "RSAPublicKey | None" = None


class Client:
    """One host's reports. `told` is what monitord was told of each VM last."""

    def __init__(
        self,
        front: Front,
        messages: Messages,
        watcher: Watcher,
        clock: Clock,
        periods_s: Mapping[Task, float],
    ) -> None:
        self._front, self._messages, self._watcher, self._clock = front, messages, watcher, clock
        self._epochs = Epochs()
        self._schedule = Schedule(periods_s, self._now_s())
        self._told: States = {}
        self._undelivered = False
        self._settling = self._dying = False
        self._system_asked = False
        self._do: dict[Task, Callable[[], None]] = {
            Task.STATES: self._states,
            Task.SYNC: self._sync,
            Task.BEACON: self._beacon,
            Task.EXECUTIONS: self._executions,
            **{task: partial(self._render, kind) for task, kind in _RENDERED.items()},
        }
        self._text: dict[MessageType, Callable[[], str]] = {
            MessageType.MONITOR_VM: messages.monitor_vm,
            MessageType.MONITOR_HOST: messages.monitor_host,
            MessageType.SYSTEM_HOST: messages.system_host,
        }

    def first_round(self) -> str:
        """The document for monitord's driver; FirstRoundError names the message that failed."""
        made = []
        for kind in FIRST_ROUND:
            try:
                made.append((kind, self._first(kind)))
            except Exception as error:
                log.exception("%s could not be made", kind)
                raise FirstRoundError(f"nebulxc {_reason(kind, error)}") from error
        return document(made, self._epochs.of(self._clock.now()))

    def _first(self, kind: MessageType) -> str:
        if kind is MessageType.STATE_VM:
            return self._all_states()
        return self._text[kind]()

    def ask_system(self) -> None:
        """SIGUSR1: tell SYSTEM_HOST at the next turn. Safe in a signal handler."""
        self._system_asked = True

    def turn(self) -> None:
        """Wait for what comes first, a change or something due, and deal with it."""
        if self._system_asked:
            self._system_asked = False
            self._schedule.sooner(Task.SYSTEM, self._now_s())
        wait_s = self._schedule.wait_s(self._now_s())
        if self._watcher.wait(wait_s, deaths_only=self._settling):
            self._look_later()
        due = self._schedule.due(self._now_s())
        if due:
            self._settling = self._dying = False
            self._watcher.refresh()
        for task in due:
            self._try(task)
        if self._dying:
            self._look_later()

    def _look_later(self) -> None:
        """Look at states once what has begun to change has settled, not at every step of it."""
        self._settling = True
        self._schedule.sooner(Task.STATES, self._now_s() + SETTLE_S)

    def _try(self, task: Task) -> None:
        try:
            self._do[task]()
        except Undelivered as error:
            failures = self._schedule.failed(task, self._now_s())
            if failures == 1:
                log.warning("%s was not delivered: %s; trying again", task, error)
            # How much of it arrived is not known: tell everything once the way is free.
            self._undelivered |= _KIND[task] is MessageType.STATE_VM
        except Exception as error:
            self._schedule.done(task, self._now_s())
            log.exception("%s could not be made", task)
            self._explain(task, error)
        else:
            self._schedule.done(task, self._now_s())

    def _explain(self, task: Task, error: Exception) -> None:
        """Tell monitord which probe failed and why; it shows the reason on the host."""
        try:
            self._send(_KIND[task], f"nebulxc {_reason(task, error)}", success=False)
        except Undelivered as undelivered:
            log.warning("the failure of %s was not delivered: %s", task, undelivered)

    def _states(self) -> None:
        if self._undelivered:
            self._sync()
            return
        now = self._settled()
        if now is None:
            self._undelivered = True
            return
        told = changes(self._told, now)
        if told:
            self._send(MessageType.STATE_VM, render(told))
        self._told = now

    def _sync(self) -> None:
        before = self._told
        text = self._all_states()
        try:
            self._send(MessageType.STATE_VM, text)
        except Undelivered:
            self._told = before
            raise
        self._undelivered = not text

    def _all_states(self) -> str:
        """The full list; "" while containers are being brought back: it is told after that."""
        now = self._settled()
        if now is None:
            self._undelivered = True
            return ""
        self._told = now
        return render_all(now, self._front.missing_state)

    def _settled(self) -> States | None:
        """All states; of one that lost its init or its monitor a moment ago, and may be rebooting
        or about to die as a whole, what was told before.
        """
        now = self._messages.states()
        if now is None:
            return None
        dying = self._watcher.died_within(SETTLE_S)
        for vmid, before in self._told.items():
            state = now.get(vmid, State.POWEROFF)
            if f"one-{vmid}" in dying and state in _UNSETTLED:
                self._dying |= before != state
                now[vmid] = before
        return now

    def _render(self, kind: MessageType) -> None:
        self._send(kind, self._text[kind]())

    def _beacon(self) -> None:
        self._send(MessageType.BEACON_HOST, str(self._epochs.of(self._clock.now())))

    def _executions(self) -> None:
        executions = self._messages.executions
        outcomes = executions.due(self._clock.now().wall_ms)
        self._send(MessageType.EXEC_VM, render_executions(outcomes))
        executions.told(outcomes)

    def _send(self, kind: MessageType, text: str, *, success: bool = True) -> None:
        if not text:
            return
        front = self._front
        epoch = self._epochs.of(self._clock.now())
        raw = message(kind, front.host_id, epoch, text, success=success, key=front.key)
        try:
            front.transport.send(raw, reliable=kind in _TOLD_ONCE)
        except OSError as error:
            raise Undelivered(str(error)) from error

    def _now_s(self) -> float:
        return self._clock.now().mono_ns / NS


def _reason(what: str, error: Exception) -> str:
    return f"{what}: {type(error).__name__}: {error}"
