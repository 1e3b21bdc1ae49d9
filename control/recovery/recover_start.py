"""Bringing containers back: several at once, each by itself, with patience for what comes late.

Disks and bridges may come some time after the boot: what is missing before a start is waited for.
A start that fails is tried again, but not often.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from control.recovery.recover_look import NotYet, Refused, fit
from vmm import attempt, boot, journal, lock, logs, starting
from vmm.actions.cancel import end, host_ends
from vmm.container import Container
from vmm.lean.value import replace
from vmm.site import Site
from vmm.spec import VmSpec
from vmm.state import ATTEMPT, MONITOR, State
from vmm.undo import Undo

LOCK_SECONDS = 300.0
"""How long OpenNebula's action on the same container is waited for."""


class Outcome(StrEnum):
    """What became of one container."""

    STARTED = "started"
    RUNNING = "runs already"
    ENDED = "was ended meanwhile"
    LEFT = "left"
    REFUSED = "refused"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    WOULD_START = "would be started"
    WOULD_WAIT = "would be waited for"


GOOD = frozenset(Outcome) - {Outcome.REFUSED, Outcome.FAILED, Outcome.INTERRUPTED}


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a container, why, and after how many seconds."""

    name: str
    outcome: Outcome
    why: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How much is tried."""

    wait_s: float = 180.0
    """For what a start needs."""
    pause_s: float = 2.0
    starts: int = 3
    at_once: int = 4


class Warnings:
    """A report that keeps what an administrator should read."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def info(self, text: str) -> None:
        """The outcome says as much."""

    def warning(self, text: str) -> None:
        """Something that is otherwise than it should be."""
        self.kept.append(text)


class Recovery:
    """Starts containers in threads; `tell` is called from these, one at a time."""

    def __init__(self, site: Site, patience: Patience, tell: Callable[[Told], None]) -> None:
        self._site, self._patience, self._tell = site, patience, tell
        self._halt = threading.Event()
        self._slots = threading.BoundedSemaphore(patience.at_once)
        self._telling = threading.Lock()

    def halt(self) -> None:
        """Begin no further start and give up those under way; from a signal's handler too."""
        self._halt.set()

    def run(self, names: Sequence[str]) -> list[Told]:
        """Bring all of them back, or tell of each why not."""
        # msgspec 0.22 crashes where two threads prepare the same dataclass for the first time
        # (SIGSEGV in 12 of 15 trials): afterwards it has it at hand.
        msgspec.json.Decoder(VmSpec)
        with ThreadPoolExecutor(max(1, len(names))) as pool:
            return list(pool.map(self._bring_back, names))

    def _bring_back(self, name: str) -> Told:
        begun = time.monotonic()
        outcome, why = self._patiently(name)
        told = Told(name, outcome, why, round(time.monotonic() - begun, 3))
        with self._telling:
            _keep(self._site, told)
            if outcome is not Outcome.INTERRUPTED:
                _settle(self._site.policy.state, name)
            self._tell(told)
        return told

    def _patiently(self, name: str) -> tuple[Outcome, str]:
        begun, failures = 0.0, 0
        while not self._halt.is_set():
            try:
                with self._slots:
                    begun = begun or time.monotonic()  # its turn may come late among many
                    return self._try(name)
            except Refused as error:
                return Outcome.REFUSED, str(error)
            except NotYet as error:
                why = str(error)
            except Exception as error:  # this one's trouble, whatever it is, stops no other
                failures += 1
                why = str(error) or type(error).__name__
            waited = time.monotonic() - begun
            spent = failures >= self._patience.starts or waited > self._patience.wait_s
            if spent and not self._halt.is_set():
                return Outcome.FAILED, why
            self._halt.wait(self._patience.pause_s)
        return Outcome.INTERRUPTED, "the host goes down, or somebody ended this"

    def _try(self, name: str) -> tuple[Outcome, str]:
        container = self._site.container(name)
        with lock.exclusive(container.state.lock, LOCK_SECONDS, name):
            if container.init() is not None:
                attempt.move(container.state, attempt.RUNNING)
                return Outcome.RUNNING, ""
            if not container.state.exists or boot.ended(container.state):
                return Outcome.ENDED, ""
            container.require_ours()
            return Outcome.STARTED, "; ".join(self._start(container))

    def _start(self, container: Container) -> list[str]:
        """What is to be said of the start, mostly nothing."""
        report = Warnings()
        site = replace(self._site, report=report)
        vm = fit(container.state, site)
        with _records_kept(container.state), Undo() as undo:
            end(container, host_ends(vm), 0)
            logs.prepare(container.name, site.policy)
            starting.start(site, container, vm, undo, lambda: not self._halt.is_set())
            undo.commit()
        return report.kept


@contextmanager
def _records_kept(state: State) -> Iterator[None]:
    """A start that fails leaves the records as they were: it still ran until its host went down,
    and may be started by hand."""
    before = {name: state.read(name) for name in (MONITOR, ATTEMPT)}
    try:
        yield
    except BaseException:
        for name, value in before.items():
            if value is not None:
                state.write(name, value)
        boot.live(state)
        raise


def _settle(base: str, name: str) -> None:
    """Nothing more is pending of this container."""
    now = boot.begin(base)
    boot.save(base, replace(now, pending=tuple(other for other in now.pending if other != name)))


def _keep(site: Site, told: Told) -> None:
    """The journal that actions write: what the page and the doctor show."""
    entry = journal.Entry(
        wall_ms=site.clock.now().wall_ms,
        action="recover",
        vm=told.name,
        reason="the host was restarted",
        outcome="done" if told.outcome in GOOD else "failed",
        said=told.why or told.outcome.value,
        seconds=told.seconds,
    )
    try:
        journal.append(site.policy.journal, entry)
    except OSError as error:
        site.report.warning(f"the journal {site.policy.journal} cannot be written: {error}")
